"""The sealing keys where it takes two: a version comes and goes by two officers."""

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts.models import Account
from idp.app import connect
from idp.approvals import break_glass
from idp.provider import Provider
from idp.storage.versions import read_versions
from keys.kek import create_kek, fingerprint, read_kek
from keys.sealing import seal_header
from keys.versions import of_purpose
from tests.driver import Browser, error_code
from tests.integration.test_approvals import post
from tests.integration.test_reseal import wait
from tests.integration.test_two_persons import run
from tests.staff import sign_in_officer

WHY = ("--reason", "A year is over")


@pytest.fixture
def strict(app: Flask, provider: Provider) -> Provider:
    """Return the provider, configured so that it takes two."""
    staff = replace(provider.config.staff, two_persons=True)
    built = replace(provider, config=replace(provider.config, staff=staff))
    connect(app, built)
    return built


@pytest.fixture
def officers(app: Flask, strict: Provider) -> tuple[Browser, Browser]:
    """Return two security officers' browsers, signed in."""
    browsers = (Browser(app.test_client()), Browser(app.test_client()))
    for number, browser in enumerate(browsers):
        name = f"Officer {number}"
        sign_in_officer(browser, strict, roles=("security",), name=name)
    return browsers


def proposed(provider: Provider, *options: str) -> str:
    """Run `idp keys reseal`; return where it says that two officers decide."""
    done = run(provider, "keys reseal", *options, *WHY)
    return re.search(r"/staff/approvals/[0-9a-f-]+", done.stderr)[0]


def kept(provider: Provider) -> list[bool]:
    """Say of each version of the sealing key, the oldest first, if it is there."""
    with provider.database.read() as connection:
        found = of_purpose(read_versions(connection), "seal")
    return [bool(one.sealed) for one in found]


def put(provider: Provider, value: bytes | None) -> None:
    """Give every account this sealed e-mail address."""
    with provider.database.transaction() as session:
        session.execute(sa.update(Account).values(email_sealed=value))


def test_two_officers_make_a_sealing_key_and_destroy_the_former(
    strict: Provider, officers: tuple[Browser, Browser]
) -> None:
    """The command proposes; the approval looks again for rows under the old key."""
    first, second = officers
    path = proposed(strict, "--renew", "seal")
    assert kept(strict) == [True]
    post(first, path, "take_up")
    assert error_code(post(first, path, "approve")) == "DD-STAFF-004"
    post(second, path, "approve")
    assert kept(strict) == [True, True]

    wait(strict, 61)
    put(strict, None)
    run(strict, "keys reseal")
    wait(strict, 86_400)
    path = proposed(strict, "--destroy", "1")
    post(first, path, "take_up")
    put(strict, seal_header(1) + b"written meanwhile")
    assert error_code(post(second, path, "approve")) == "DD-STAFF-008"
    assert kept(strict) == [True, True]
    put(strict, None)
    post(second, path, "approve")
    assert kept(strict) == [False, True]


def test_another_kek_is_seen_by_every_officer(strict: Provider, tmp_path) -> None:
    """Whoever runs the host does it alone, for a reason, and not unseen."""
    new, keys = tmp_path / "new", strict.config.keys
    create_kek(new)
    both = replace(keys, kek_file=new, former_kek_file=keys.kek_file)
    changed = replace(strict, config=replace(strict.config, keys=both))

    assert run(changed, "keys reseal", "--kek").exit_code == 2
    done = run(changed, "keys reseal", "--kek", *WHY)

    assert done.exit_code == 0, done.output
    with strict.database.read() as connection:
        (alarm,) = break_glass.list_open(connection)
    assert (alarm.act, alarm.subject) == ("keys.kek", fingerprint(read_kek(new)))
