"""The nightly question to the register: what is dissolved is locked, and whole."""

from dataclasses import replace

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from idp import clock
from idp.accounts.standing import read_standing
from idp.cli import main
from idp.cli.context import CliContext
from idp.enrolment.organisation_source import NoOrganisations
from idp.locks import placing
from idp.provider import Provider
from tests.driver import Portal
from tests.integration.acting import (
    AUTHORISED,
    ORGANISATION,
    act_for,
    finish,
    machine,
    organisation,
    portal_for,
    sign_in,
    userinfo,
)
from tests.integration.test_acting_for_organisations import DissolvedNow, Silent
from tests.services import BACKENDS


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return portal_for(provider, "taxes")


def sweep(provider: Provider, register: object = None) -> Result:
    """Run the command as if this were the register."""
    asked = replace(provider, organisations=register) if register else provider
    context = CliContext(None)
    context.__dict__.update(provider=asked, config=provider.config)
    group = main.get_command(None, "organisations")
    return CliRunner().invoke(group, ["sweep"], obj=context)


def locks(provider: Provider) -> tuple[str, ...]:
    with provider.database.read() as connection:
        return read_standing(connection, organisation(provider)).locks


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_dissolved_is_locked_though_nobody_signs_in(
    app: Flask, provider: Provider, portal: Portal, backend: str
) -> None:
    """Tokens die for good, and the lock ends when the register finds it alive."""
    url = portal.url(scope=f"{ORGANISATION} offline_access")
    browser = sign_in(app, provider, AUTHORISED, url)
    act_for(browser, organisation(provider))
    tokens = finish(browser, portal)
    assert sweep(provider).stdout.startswith("1 asked about, 0 locked, 0 unlocked")
    assert userinfo(browser.client, tokens).status_code == 200

    done = sweep(provider, DissolvedNow())

    assert done.stdout == (
        "1 asked about, 1 locked, 0 unlocked, 0 without an answer.\n"
    )
    assert locks(provider) == ("dissolved",)
    assert userinfo(browser.client, tokens).status_code == 401
    with provider.database.read() as connection:
        events = provider.audit.recent(connection, organisation(provider), 20)
    assert {"LockPlaced", "RefreshTokensEnded"} <= {event.type for event in events}
    again = sweep(provider, DissolvedNow())
    assert again.stdout.startswith("1 asked about, 0 locked")
    assert sweep(provider).stdout.startswith("1 asked about, 0 locked, 1 unlocked")
    assert locks(provider) == ()
    assert userinfo(browser.client, tokens).status_code == 401
    refused = machine(
        browser.client, portal, "/token",
        grant_type="refresh_token", refresh_token=tokens["refresh_token"],
    )  # fmt: skip
    assert refused.get_json()["error"] == "invalid_grant"


def test_a_register_that_is_silent_changes_nothing(provider: Provider) -> None:
    """Nor one that is off; whoever runs the command reads it in the exit code."""
    done = sweep(provider, Silent())
    assert (done.exit_code, locks(provider)) == (1, ())
    assert "1 without an answer" in done.stdout
    sweep(provider, DissolvedNow())
    off = sweep(provider, NoOrganisations())
    assert (off.exit_code, locks(provider)) == (0, ("dissolved",))


def test_what_an_agency_locked_is_the_agencys(provider: Provider) -> None:
    """The register may be late: its word ends only what was locked by its word."""
    with provider.database.transaction() as session:
        placing.lock(
            provider,
            session,
            organisation(provider),
            ground="dissolved",
            asker="agency",
            now=clock.now(),
        )

    assert sweep(provider).stdout.startswith("1 asked about, 0 locked, 0 unlocked")
    assert locks(provider) == ("dissolved",)
