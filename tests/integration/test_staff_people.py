"""Officers invite, rescue and end each other; what gives power takes two."""

import html
import re
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from idp import clock
from idp.audit.models import AuditEvent
from idp.cli.context import CliContext
from idp.cli.staff import group
from idp.provider import Provider
from idp.staff.changes import takes_two
from idp.staff.models import StaffAccount
from idp.staff.officer import ROLES
from tests.authenticator import Authenticator
from tests.driver import Browser, error_code
from tests.services import BACKENDS
from tests.staff import (
    any_number,
    invite_officer,
    join,
    prove,
    sign_in_officer,
    unit_named,
)


class Officer:
    """An officer at a browser of their own."""

    def __init__(self, app: Flask, provider: Provider, *roles: str, name: str) -> None:
        self.app, self.browser = app, Browser(app.test_client())
        self.id, self.device = sign_in_officer(
            self.browser, provider, roles=roles, name=name
        )

    def press(self, path: str, action: str, **typed):
        """Open a page and send its form with this action."""
        page = self.browser.visit(path)
        form = page.text.partition(f'action="{action}"')[2]
        assert form, page.text
        token = form.partition('name="csrf_token" value="')[2].partition('"')[0]
        return self.browser.visit(action, data={"csrf_token": token, **typed})

    def invite(self, unit: UUID, *roles: str, name: str = "Newcomer", number: str = ""):
        return self.press(
            "/staff/people/new",
            "/staff/people",
            name=name,
            personal_number=number or any_number(),
            unit=str(unit),
            role=list(roles),
        )

    def change(self, staff_id: UUID, **typed):
        path = f"/staff/people/{staff_id}"
        return self.press(path, path, **typed)

    def waiting(self) -> list[str]:
        """Return where this officer decides what waits, the oldest first."""
        page = self.browser.visit("/staff/people").text
        return re.findall(r'action="(/staff/people/requests/[^"]*)"', page)

    def decide(self, decision: str):
        return self.press("/staff/people", self.waiting()[0], decision=decision)


@pytest.fixture
def first(app: Flask, provider: Provider) -> Officer:
    return Officer(app, provider, "administrator", name="First")


@pytest.fixture
def second(app: Flask, provider: Provider) -> Officer:
    return Officer(app, provider, "administrator", name="Second")


@pytest.fixture
def newcomer(app: Flask) -> Browser:
    return Browser(app.test_client())


def secret(page) -> str:
    """Return the link's path or the code that a page shows this once."""
    shown = html.unescape(
        re.findall(r'class="key code" id="\w+">([^<]*)<', page.text)[0]
    )
    return shown.removeprefix("http://localhost:8000")


def newest(provider: Provider) -> UUID:
    query = sa.select(StaffAccount.id).order_by(StaffAccount.created_at.desc())
    with provider.database.read() as connection:
        return connection.execute(query).scalars().first()


def events(provider: Provider, kind: str) -> list[str]:
    with provider.database.read() as connection:
        query = sa.select(AuditEvent.data).where(AuditEvent.type == kind)
        return list(connection.execute(query).scalars())


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_invitation_takes_two(
    provider: Provider, first: Officer, second: Officer, newcomer: Browser
) -> None:
    """One has the code, the other the link; the newcomer needs both."""
    asked = first.invite(unit_named(provider), "reviewer", "hotline")
    assert "/staff/join/" not in asked.text
    code = secret(asked)
    approved = second.decide("approve")
    assert code not in approved.text
    link = secret(approved)
    device = Authenticator()

    page = join(newcomer, link, device, code="WRNG-CODE")
    assert error_code(page) == "DD-STAFF-002"
    join(newcomer, link, device, code=code.lower().replace("-", " "))

    assert "Newcomer" in prove(newcomer, device).text


def test_who_approves_reads_what_happens(
    provider: Provider, first: Officer, second: Officer
) -> None:
    """Before a button that ends something, and the button looks like it."""
    first.change(second.id, decision="disable")
    first.change(second.id, decision="rescue")
    third = Officer(first.app, provider, "administrator", name="Third")

    page = third.browser.visit("/staff/people?lang=en").text

    assert "every session, passkey and link ends" in page
    assert "The approver gets the link for a new passkey" in page
    assert page.count('class="danger" name="decision" value="approve"') == 2


def test_a_units_name_that_is_taken_loses_nothing(
    provider: Provider, first: Officer
) -> None:
    """The form is there again with what was typed."""
    unit_named(provider, "Ward Nine")
    path = "/staff/people"
    page = first.press(path, "/staff/units", name="Ward Nine", province="79")

    assert error_code(page) == "DD-STAFF-004"
    assert 'name="province" value="79"' in page.text
    assert 'name="name" value="Ward Nine"' in page.text


@pytest.mark.parametrize("role", ROLES)
def test_which_roles_take_two(role: str) -> None:
    """Each role more does; of what is taken away the administrator's alone."""
    assert takes_two([role], former=[])
    assert not takes_two([role], former=[role])
    assert takes_two([], former=[role]) == (role == "administrator")


def test_one_administrator_gets_no_link(provider: Provider, first: Officer) -> None:
    """Neither by asking twice, nor by approving oneself, nor by a later rescue."""
    unit = unit_named(provider)
    issued = len(events(provider, "StaffLinkIssued"))
    for role in ("enrolment_officer", "reviewer"):
        first.invite(unit, role, name=role)
    first.change(newest(provider), decision="rescue")

    assert len(events(provider, "StaffLinkIssued")) == issued
    assert "/staff/people/requests/" not in first.browser.visit("/staff/people").text


def test_wrong_codes_end_the_link(
    provider: Provider, first: Officer, second: Officer, newcomer: Browser
) -> None:
    """Whoever has the stolen link alone gets five guesses."""
    first.invite(unit_named(provider), "security")
    link = secret(second.decide("approve"))
    for _ in range(5):
        assert (
            error_code(join(newcomer, link, Authenticator(), code="2222-2222"))
            == "DD-STAFF-002"
        )

    assert error_code(newcomer.visit(link)) == "DD-STAFF-002"


def test_nobody_approves_their_own_request(
    provider: Provider, first: Officer, second: Officer
) -> None:
    """The asker's page has no button, and a forged post is refused."""
    first.invite(unit_named(provider), "administrator")
    page = second.browser.visit("/staff/people").text
    path = re.findall(r'action="(/staff/people/requests/[^"]*)"', page)[0]

    own = first.browser.visit("/staff/people").text
    assert path not in own
    page = first.browser.visit(path, data={"csrf_token": "x", "decision": "approve"})

    assert error_code(page) == "DD-WEB-010"
    assert events(provider, "StaffRequestDecided") == []


def test_a_refused_invitation_ends_the_account(
    provider: Provider, first: Officer, second: Officer
) -> None:
    """What the second administrator refuses never signs in."""
    first.invite(unit_named(provider), "administrator")
    second.decide("refuse")

    with provider.database.read() as connection:
        query = sa.select(StaffAccount.state).where(StaffAccount.id == newest(provider))
        assert connection.execute(query).scalar_one() == "disabled"


def test_a_request_of_a_former_administrator_is_void(
    app: Flask, provider: Provider, first: Officer, second: Officer
) -> None:
    """Its asker lost the role meanwhile: nothing is approved."""
    third = Officer(app, provider, "administrator", name="Third")
    first.invite(unit_named(provider), "reviewer")
    second.change(first.id, decision="roles", role=["leader"])
    paths = third.waiting()
    third.press("/staff/people", paths[1], decision="approve")

    page = third.press("/staff/people", paths[0], decision="approve")

    assert error_code(page) == "DD-STAFF-004"
    assert len(events(provider, "StaffLinkIssued")) == 3


@pytest.mark.parametrize(
    "typed", [{"decision": "disable"}, {"decision": "roles", "role": ["leader"]}]
)
def test_one_administrator_ends_no_other(
    app: Flask, provider: Provider, first: Officer, second: Officer, typed
) -> None:
    """Neither the account nor the role: a third one has to approve."""
    third = Officer(app, provider, "administrator", name="Third")

    first.change(third.id, **typed)
    first.change(second.id, **typed)

    assert third.browser.visit("/staff/people").request.path == "/staff/people"
    path = third.waiting()[0]  # about the third one, who decides nothing of it
    assert path not in first.browser.visit("/staff/people").text
    second.press("/staff/people", second.waiting()[0], decision="approve")
    page = third.browser.visit("/staff/people")
    assert page.request.path == "/staff/sign-in" or error_code(page) == "DD-STAFF-003"


def test_two_administrators_stay(
    app: Flask, provider: Provider, first: Officer, second: Officer
) -> None:
    """Not even the server and one of two end the other."""
    assert run(provider, "disable", str(first.id)).exit_code == 0
    assert run(provider, "disable", str(second.id)).exit_code == 0

    for one in (first, second):
        assert error_code(one.decide("approve")) == "DD-STAFF-004"
        assert one.browser.visit("/staff/people").status_code == 200


def test_roles_hold_at_once_in_a_live_session(
    app: Flask, provider: Provider, first: Officer
) -> None:
    """A role that is taken away closes its pages in mid session."""
    other = Officer(app, provider, "reviewer", "hotline", name="Other")
    assert other.browser.visit("/staff/review").status_code == 200

    first.change(other.id, decision="roles", role=["hotline"])

    page = other.browser.visit("/staff/review")
    assert error_code(page) == "DD-STAFF-003"
    assert other.browser.visit("/staff").status_code == 200


def test_a_powerful_role_is_added_by_two(
    app: Flask, provider: Provider, first: Officer, second: Officer
) -> None:
    """Nothing changes until the second administrator approves."""
    other = Officer(app, provider, "reviewer", name="Other")

    first.change(other.id, decision="roles", role=["reviewer", "administrator"])
    assert error_code(other.browser.visit("/staff/people")) == "DD-STAFF-003"
    second.decide("approve")

    assert other.browser.visit("/staff/people").status_code == 200


def test_nobody_changes_themselves(provider: Provider, first: Officer) -> None:
    """One's own page has no forms, and its token gives nothing."""
    page = first.browser.visit(f"/staff/people/{first.id}")

    assert 'name="decision"' not in page.text


def test_a_rescue_takes_two_and_ends_the_old_passkey(
    app: Flask, provider: Provider, first: Officer, second: Officer, newcomer: Browser
) -> None:
    """Sessions and passkeys end with the approval; code and link make a new one."""
    lost = Officer(app, provider, "reviewer", name="Lost")
    code = secret(first.change(lost.id, decision="rescue"))
    assert lost.browser.visit("/staff").request.path == "/staff"

    link = secret(second.decide("approve"))

    assert lost.browser.visit("/staff").request.path == "/staff/sign-in"
    assert error_code(prove(lost.browser, lost.device)) == "DD-STAFF-001"
    device = Authenticator()
    join(newcomer, link, device, code=code)
    assert "Lost" in prove(newcomer, device).text


def test_an_ended_officer_is_out_at_once(
    app: Flask, provider: Provider, first: Officer
) -> None:
    """Session and passkey are dead, and the account stays ended."""
    other = Officer(app, provider, "reviewer", name="Other")

    first.change(other.id, decision="disable")

    assert other.browser.visit("/staff").request.path == "/staff/sign-in"
    assert error_code(prove(other.browser, other.device)) == "DD-STAFF-001"
    assert (
        'value="disable"' not in first.browser.visit(f"/staff/people/{other.id}").text
    )


def test_moving_to_another_unit(app: Flask, provider: Provider, first: Officer) -> None:
    """The new unit stands in the live session."""
    other = Officer(app, provider, "reviewer", name="Other")
    first.press("/staff/people", "/staff/units", name="Far Office", province="22")

    first.change(other.id, decision="move", unit="Far Office")

    assert "Far Office" in other.browser.visit("/staff").text


def test_a_unit_has_a_name_of_its_own(provider: Provider, first: Officer) -> None:
    """A second unit of one name is refused."""
    page = first.press("/staff/people", "/staff/units", name="Commune One")

    assert error_code(page) == "DD-STAFF-004"


def test_an_invitation_without_a_role_says_so(
    provider: Provider, first: Officer
) -> None:
    """The form comes back with what was typed."""
    page = first.invite(unit_named(provider))

    assert error_code(page) == "DD-AUTH-006"
    assert 'value="Newcomer"' in page.text


def test_nobody_has_two_accounts(
    app: Flask, provider: Provider, first: Officer, second: Officer
) -> None:
    """One personal number, one officer: again only after the first account's end."""
    unit, number = unit_named(provider), any_number()
    for _ in range(2):
        page = first.invite(unit, "enrolment_officer", number=number)
    assert 'id="personal_number-wrong"' in page.text
    assert f'value="{number}"' in page.text

    second.decide("refuse")

    assert secret(first.invite(unit, "reviewer", number=number))
    page = first.invite(unit, "reviewer", number="12")
    assert 'id="personal_number-wrong"' in page.text


def test_only_administrators_see_officers(app: Flask, provider: Provider) -> None:
    """Every other role is refused on each of their pages."""
    other = Officer(app, provider, "reviewer", "security", "auditor", name="Other")

    for path in ("/staff/people", "/staff/people/new", f"/staff/people/{other.id}"):
        assert error_code(other.browser.visit(path)) == "DD-STAFF-003"


# By command


def run(provider: Provider, *arguments: str):
    context = CliContext(None)
    context.__dict__.update(provider=provider, config=provider.config)
    return CliRunner().invoke(group, list(arguments), obj=context)


def test_the_first_officers_come_by_command(
    provider: Provider, newcomer: Browser
) -> None:
    """`idp staff` adds a unit, invites, and prints the link on its own line."""
    assert run(provider, "units", "add", "Centre").exit_code == 0
    done = run(
        provider, "invite", "--name", "Bootstrap", "--personal-number", any_number(),
        "--unit", "Centre",
        "--role", "administrator",
    )  # fmt: skip
    link = done.stdout.splitlines()[0].removeprefix(provider.config.issuer)
    device = Authenticator()
    join(newcomer, link, device)

    assert "Bootstrap" in prove(newcomer, device).text
    assert "command" in events(provider, "StaffInvited")[0]
    assert "Bootstrap" in run(provider, "list").stdout
    assert "Centre" in run(provider, "units", "list").stdout


def test_later_invitations_by_command_are_proposals(
    provider: Provider, first: Officer, second: Officer, newcomer: Browser
) -> None:
    """With two administrators the command has the code, one of them the link."""
    done = run(
        provider, "invite", "--name", "Late", "--personal-number", any_number(),
        "--unit", "Commune One",
        "--role", "reviewer",
    )  # fmt: skip

    assert "/staff/join/" not in done.output
    assert "lệnh trên máy chủ" in first.browser.visit("/staff/people").text
    device = Authenticator()
    join(
        newcomer, secret(first.decide("approve")), device,
        code=done.stdout.splitlines()[0],
    )  # fmt: skip
    assert "Late" in prove(newcomer, device).text


def test_rescue_by_command(app: Flask, provider: Provider, newcomer: Browser) -> None:
    """The old passkey and session end, and only the newest link works."""
    lost = Officer(app, provider, "reviewer", name="Lost")

    stolen, link = (
        run(provider, "rescue", str(lost.id)).stdout.splitlines()[0] for _ in range(2)
    )

    assert lost.browser.visit("/staff").request.path == "/staff/sign-in"
    issuer = provider.config.issuer
    assert error_code(newcomer.visit(stolen.removeprefix(issuer))) == "DD-STAFF-002"
    device = Authenticator()
    join(newcomer, link.removeprefix(issuer), device)
    assert prove(newcomer, device).request.path == "/staff"


def test_a_rescue_after_a_theft_shuts_the_thief_out(
    app: Flask, provider: Provider, newcomer: Browser
) -> None:
    """Whoever used a stolen rescue link is out with the next rescue."""
    lost = Officer(app, provider, "reviewer", name="Lost")
    issuer = provider.config.issuer
    link = run(provider, "rescue", str(lost.id)).stdout.splitlines()[0]
    thief = Authenticator()
    join(newcomer, link.removeprefix(issuer), thief)
    prove(newcomer, thief)

    run(provider, "rescue", str(lost.id))

    assert newcomer.visit("/staff").request.path == "/staff/sign-in"
    assert error_code(prove(newcomer, thief)) == "DD-STAFF-001"


def test_a_rescue_link_lives_an_hour(
    app: Flask,
    provider: Provider,
    newcomer: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After that it opens nothing."""
    lost = Officer(app, provider, "reviewer", name="Lost")
    link = run(provider, "rescue", str(lost.id)).stdout.splitlines()[0]
    moment = clock.now() + timedelta(minutes=61)
    monkeypatch.setattr(clock, "now", lambda: moment)

    page = newcomer.visit(link.removeprefix(provider.config.issuer))

    assert error_code(page) == "DD-STAFF-002"


def test_disable_by_command_is_a_proposal(
    app: Flask, provider: Provider, first: Officer
) -> None:
    """An administrator approves; an ended account is neither ended nor rescued."""
    other = Officer(app, provider, "reviewer", name="Other")

    assert run(provider, "disable", str(other.id)).exit_code == 0
    assert other.browser.visit("/staff").request.path == "/staff"
    first.decide("approve")

    assert other.browser.visit("/staff").request.path == "/staff/sign-in"
    assert run(provider, "disable", str(other.id)).exit_code != 0
    assert run(provider, "rescue", str(other.id)).exit_code != 0


def test_an_invited_officer_who_is_ended_cannot_join(
    provider: Provider, first: Officer, newcomer: Browser
) -> None:
    """The link dies with the account."""
    staff_id, link = invite_officer(provider, "administrator")
    first.change(staff_id, decision="disable")

    assert error_code(newcomer.visit(link)) == "DD-STAFF-002"
