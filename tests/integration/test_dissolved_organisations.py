"""What the register tells, by night and when somebody acts: an end, another head."""

from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from idp import clock
from idp.accounts.identifiers import replace_number
from idp.accounts.standing import read_standing
from idp.app import create_app
from idp.cli import main
from idp.cli.context import CliContext
from idp.enrolment.organisation_source import (
    NoOrganisations,
    RegisteredOrganisation,
    SandboxOrganisations,
)
from idp.locks import placing
from idp.provider import Provider
from tests.driver import Portal, at, citizen, error_code
from tests.integration.acting import (
    AUTHORISED,
    LEGAL,
    NOBODY,
    ORGANISATION,
    account,
    act_for,
    finish,
    machine,
    organisation,
    portal_for,
    press,
    sign_in,
    userinfo,
)
from tests.integration.test_acting_for_organisations import DissolvedNow, Silent
from tests.services import BACKENDS


@dataclass
class Succeeded:
    """The sandbox's register on the day after somebody else came to represent it."""

    number: str = NOBODY

    def find(self, tax_code: str) -> RegisteredOrganisation | None:
        known = SandboxOrganisations().find(tax_code)
        return replace(known, legal_representative=self.number) if known else None


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
        "1 asked about, 1 locked, 0 unlocked, 0 with another representative, "
        "0 without an answer.\n"
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


def events_of(provider: Provider, account_id: UUID) -> list[tuple[str, object]]:
    with provider.database.read() as connection:
        found = provider.audit.recent(connection, account_id, 20)
    return [(one.type, one.data.get("ended_by")) for one in found]


@pytest.mark.parametrize("asked_by", ["sweep", "acting"])
def test_a_replaced_representative_loses_the_right_at_once(
    app: Flask, provider: Provider, portal: Portal, asked_by: str
) -> None:
    """Tokens die, it is told and audited, and who is named now accepts and acts."""
    url = portal.url(scope=f"{ORGANISATION} offline_access")
    former = sign_in(app, provider, LEGAL, url)
    act_for(former, organisation(provider))
    tokens = finish(former, portal)
    other = sign_in(app, provider, AUTHORISED, url)
    act_for(other, organisation(provider))
    others = finish(other, portal)
    assert userinfo(former.client, tokens).status_code == 200

    later = create_app(provider=replace(provider, organisations=Succeeded()))
    if asked_by == "sweep":
        assert "1 with another representative" in sweep(provider, Succeeded()).stdout
        assert "0 with another representative" in sweep(provider, Succeeded()).stdout
    else:
        again = sign_in(later, provider, LEGAL, portal.url(scope=ORGANISATION))
        page = act_for(again, organisation(provider))
        assert (page.status_code, error_code(page)) == (403, "DD-ORG-001")

    assert userinfo(former.client, tokens).status_code == 401
    refused = machine(
        former.client, portal, "/token",
        grant_type="refresh_token", refresh_token=tokens["refresh_token"],
    )  # fmt: skip
    assert refused.get_json()["error"] == "invalid_grant"
    assert userinfo(other.client, others).status_code == 200, "a mandate is its own"
    for one in (account(provider, LEGAL), organisation(provider)):
        assert ("MembershipEnded", None) in events_of(provider, one)
    assert ("RefreshTokensEnded", None) in events_of(provider, organisation(provider))
    provider.courier.wait()
    phone = citizen(provider, personal_number=LEGAL)["phone"]
    assert "khong con duoc hanh dong thay" in provider.messages.list(phone)[0].text
    heir = sign_in(later, provider, NOBODY, "/account/organisations")
    press(heir, "accept")
    heir.visit(portal.url(scope=ORGANISATION))
    assert at(act_for(heir, organisation(provider))) == "consent"


def test_a_representative_with_another_number_stays(provider: Provider) -> None:
    """The register names the person by either number; nothing is taken away."""
    with provider.database.transaction() as session:
        replace_number(
            session, provider.audit, provider.sealer, account(provider, LEGAL),
            "999085000999", now=clock.now(),
        )  # fmt: skip

    for number in ("999085000999", LEGAL):
        done = sweep(provider, Succeeded(number))
        assert "0 with another representative" in done.stdout
