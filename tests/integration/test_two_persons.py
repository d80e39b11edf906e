"""A server where it takes two: what one person can do by page, command or token."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from idp import clock
from idp.accounts.identifiers import replace_number
from idp.app import connect
from idp.approvals.models import BrokenGlass, Proposal
from idp.audit.models import AuditEvent
from idp.cli import main
from idp.cli.context import CliContext
from idp.enrolment import dossiers
from idp.factors.mail import SandboxLetters
from idp.provider import Provider
from idp.relying_parties.models import RelyingPartyRecord
from idp.staff import letters, requests
from idp.staff.errors import KnownOfficerError, StaffChangeError
from idp.staff.officer import ROLES, Officer
from keys.ring import Ring
from tests.driver import Browser, citizen, error_code
from tests.integration import registering
from tests.integration.test_approvals import PORTAL, post
from tests.integration.test_authority_requests import locks, send, token_of
from tests.integration.test_chip_command import state
from tests.integration.test_staff_people import Officer as Administrator
from tests.integration.way_back import prepare
from tests.staff import any_number, invite_officer, sign_in_officer, unit_named
from tests.unit.enrolment.conftest import a_dossier

# Commands that do what takes two; whatever is not here is one person's, by this list.
TWO = {
    "clients add", "clients remove", "clients initial-token",
    "clients registration-token", "chip trust import", "chip trust remove",
    "accounts lock", "accounts unlock", "staff rescue", "staff invite", "staff disable",
    "keys rotate", "keys publish", "keys kill", "keys reseal", "chip lost remove",
}  # fmt: skip
# What officers do on their pages, by papers and proofs: by command with an alarm alone.
GLASS = {
    "accounts add", "accounts add-totp", "accounts replace-number",
    "accounts set-level", "accounts set-password", "accounts set-phone",
    "accounts set-state",
}  # fmt: skip
ONE = {
    "serve", "demo", "stats", "openapi", "attack", "assurance show", "audit verify",
    "db retain", "db status", "db upgrade", "keys init", "keys status",
    "keys import", "keys export-public", "keys ceremony", "doctor",
    "audit export", "audit heads sign", "audit heads keys", "audit heads status",
    "audit heads export", "backup create", "backup verify", "restore",
    "clients end-initial-token", "clients initial-tokens", "clients list",
    "clients show", "clients waiting", "accounts list", "accounts show",
    "enrol import", "enrol notify", "enrol overdue", "staff list",
    "staff units add", "staff units list", "locks apply", "locks sweep",
    "organisations sweep", "wards end", "wards sweep", "rights sweep",
    "chip lost add", "chip lost list", "chip trust list",
    "registry divisions", "registry generate", "sandbox card-data",
    "sandbox change-sim", "sandbox citizens", "sandbox enrol-cards", "sandbox load",
    "sandbox newcomers", "sandbox outbox", "sandbox target",
}  # fmt: skip
ANY = "00000000-0000-4000-8000-000000000000"
ARGUMENT = r"<any\(\W*(\w+)[^>]*>|<[^>]+>"
# What only two persons bring about.
DONE = {
    "ClientRegistered", "ClientReplaced", "ClientRemoved", "InitialTokenIssued",
    "RegistrationTokenIssued", "ChipTrustChanged", "LockPlaced", "LockLifted",
    "KeyPublished", "KeyActivated", "KeyRetired", "KeyDestroyed", "KeyKilled",
    "StaffPasskeyRetired", "StaffSessionEnded", "StaffLinkIssued", "StaffDisabled",
    "SealingKeyPublished", "SealingKeyDestroyed", "LostCardCleared",
}  # fmt: skip


@pytest.fixture
def strict(app: Flask, provider: Provider) -> Provider:
    """Return the provider, configured so that it takes two."""
    staff = replace(provider.config.staff, two_persons=True)
    config = replace(provider.config, staff=staff)
    built = replace(provider, config=config)
    connect(app, built)
    return built


def commands(
    group: click.Group, context: click.Context, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            inner = click.Context(command, parent=context)
            yield from commands(command, inner, (*path, name))
        else:
            yield " ".join((*path, name)), command


def run(provider: Provider, words: str, *arguments: str, told: str | None = None):
    """Run the command of these words on the provider."""
    command = dict(commands(main, click.Context(main)))[words]
    context = CliContext(None)
    vars(context).update(config=provider.config, provider=provider)
    return CliRunner().invoke(command, list(arguments), obj=context, input=told)


def recorded(provider: Provider) -> set[str]:
    with provider.database.read() as connection:
        return set(connection.execute(sa.select(AuditEvent.type)).scalars())


def forget(provider: Provider) -> None:
    """Begin with an empty log: what the sandbox's loading did is no act of ours."""
    with provider.database.transaction() as session:
        session.execute(sa.delete(AuditEvent))


def test_every_command_is_known_to_take_one_or_two() -> None:
    """A new command is sorted before it lands; those of two have the two options."""
    known = dict(commands(main, click.Context(main)))

    assert set(known) == TWO | GLASS | ONE
    told = dict.fromkeys(TWO, "only proposes") | dict.fromkeys(GLASS, "wants --break")
    for name in {*told} - {"staff invite", "staff disable"}:  # these only ever propose
        options = {option.name for option in known[name].params}
        assert {"reason", "break_glass"} <= options, name
        assert told[name] in (known[name].help or ""), name


@pytest.mark.timeout(600)
def test_a_command_alone_only_proposes(app, strict: Provider, tmp_path) -> None:
    """None of them does anything but to propose, and without a reason not even that."""
    person = citizen(strict, state="active", factors=["pwd"])
    for name in ("One", "Two", "Three"):  # two stay when one is rescued
        browser = Browser(app.test_client())
        staff_id, _ = sign_in_officer(
            browser, strict, roles=["administrator"], name=name
        )
    run(replace_free(strict), "clients add", "-", told=json.dumps(PORTAL))
    vn = tmp_path / "vn.cer"
    vn.write_bytes(state().der)
    run(replace_free(strict), "chip trust import", str(vn))
    digest = re.search(r"\b[0-9a-f]{16}\b", run(strict, "chip trust list").stdout)[0]
    ring = Ring("event", "ES256")
    active = strict.rotator.rehearse(ring, now=clock.now()).active
    generated = strict.rotator.opener.generate(ring, now=clock.now())
    with strict.rotator.store.locked() as transaction:
        transaction.add(generated)
    run(strict, "chip lost add", "999099123456")
    lock = ("--ground", "authority_request", "--asker", "authority", "--by", "7")
    calls = {
        "clients add": (("-",), json.dumps(PORTAL | {"client_name": "Other"})),
        "clients remove": (("library",), None),
        "clients initial-token": ((), None),
        "clients registration-token": (("library",), None),
        "chip trust import": ((str(vn),), None),
        "chip trust remove": ((digest,), None),
        "accounts lock": (("-", *lock), f"{person['personal_number']}\n"),
        "accounts unlock": (("-", *lock), f"{person['personal_number']}\n"),
        "keys rotate": ((), None),
        "keys publish": ((generated.kid,), None),
        "keys kill": ((active.kid,), None),
        "keys reseal": (("--renew", "seal"), None),
        "chip lost remove": (("999099123456",), None),
        "staff rescue": ((str(staff_id),), None),
        "staff disable": ((str(staff_id),), None),
        "staff invite": (
            ("--name", "X", "--personal-number", any_number(), "--unit", "Commune One",
             "--role", "security"),
            None,
        ),
    }  # fmt: skip
    forget(strict)
    for name, (arguments, told) in calls.items():
        why = () if name in {"staff invite", "staff disable"} else ("--reason", "Why")
        if why:
            bare = run(strict, name, *arguments, told=told)
            assert "--reason" in bare.output, (name, bare.output)
        done = run(strict, name, *arguments, *why, told=told)
        assert done.exit_code == 0, (name, done.output)
        assert "/staff/join/" not in done.output, name

    assert set(calls) == TWO
    assert not recorded(strict) & DONE
    assert strict.relying_parties.find("library") is not None


def test_nobody_changes_an_account_by_command_unheard(app, strict: Provider) -> None:
    """Each could take an account over; the alarm names it by its id alone."""
    person = citizen(strict, state="active", factors=["pwd"])
    shown = run(strict, "accounts show", "-", told=f"{person['personal_number']}\n")
    account = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", shown.output)[0]
    new = {"personal_number": any_number(), "given_name": "X", "gender": "female"}
    new["birth_date"] = "1990-01-01"
    level = "2" if person["account_level"] == 1 else "1"
    calls = {
        "accounts add": (("-", "--level", "2"), json.dumps(new)),
        "accounts set-state": ((account, "active"), None),
        "accounts set-level": ((account, level), None),
        "accounts replace-number": ((account,), f"{any_number()}\n"),
        "accounts set-phone": ((account,), "0900000077\n"),
        "accounts set-password": ((account,), "another password of mine\n"),
        "accounts add-totp": ((account,), None),
    }
    forget(strict)
    for name, (arguments, told) in calls.items():
        for more in ((), ("--break-glass",), ("--reason", "Fire")):
            done = run(strict, name, *arguments, *more, told=told)
            assert done.exit_code == 2, (name, done.output)
    assert set(calls) == GLASS
    assert not recorded(strict)

    broken = ("--break-glass", "--reason", "Fire")
    for name in ("accounts set-level", "accounts set-password"):
        arguments, told = calls[name]
        done = run(strict, name, *arguments, *broken, told=told)
        assert done.exit_code == 0, (name, done.output)
    assert {"GlassBroken", "LevelChanged"} <= recorded(strict)
    browser = Browser(app.test_client())
    sign_in_officer(browser, strict, roles=["security"])
    page = browser.visit("/staff/alarms").text
    assert f"Đặt mức độ của tài khoản {account}" in page
    assert f"Đổi mật khẩu của tài khoản {account}" in page
    assert person["personal_number"] not in page


def replace_free(strict: Provider) -> Provider:
    """Return the same provider where one is enough, to prepare."""
    staff = replace(strict.config.staff, two_persons=False)
    return replace(strict, config=replace(strict.config, staff=staff))


def test_the_secret_of_a_proposal_works_once_approved(app, strict: Provider) -> None:
    """The proposer has it, the approver never sees it, and before it opens nothing."""
    done = run(
        strict, "clients add", "-", "--reason", "Agreed", told=json.dumps(PORTAL)
    )
    secret = json.loads(done.stdout)["client_secret"]
    path = re.search(r"/staff/approvals/[0-9a-f-]+", done.stderr)[0]
    assert not strict.relying_parties.check_secret("library", secret)
    browsers = [Browser(app.test_client()) for _ in range(2)]
    for number, browser in enumerate(browsers):
        sign_in_officer(browser, strict, roles=ROLES, name=f"Officer {number}")
    assert secret not in browsers[0].visit(path).text

    post(browsers[0], path, "take_up")
    post(browsers[1], path, "approve")

    strict.relying_parties._known.clear()
    strict.relying_parties._unknown.clear()
    assert strict.relying_parties.check_secret("library", secret)


def test_an_officer_of_every_role_approves_nothing_alone(app, strict: Provider) -> None:
    """Their own proposal, a command's that they took up, and their own request."""
    officer = Administrator(app, strict, *ROLES, name="All")
    browser = officer.browser
    run(strict, "clients add", "-", "--reason", "Mine", told=json.dumps(PORTAL))
    with strict.database.read() as connection:
        made = connection.execute(sa.select(Proposal.id)).scalar_one()
    path = f"/staff/approvals/{made}"

    assert error_code(post(browser, path, "approve")) == "DD-STAFF-004"
    post(browser, path, "take_up")
    assert error_code(post(browser, path, "approve")) == "DD-STAFF-004"
    assert strict.relying_parties.find("library") is None
    officer.invite(unit_named(strict), "security")
    assert officer.waiting() == []
    with strict.database.read() as connection:
        (asked,) = requests.list_open(connection, now=clock.now())
    action = f"/staff/people/requests/{asked.id}"
    forged = {"csrf_token": token_of(browser.page), "decision": "approve"}
    assert error_code(browser.visit(action, data=forged)) == "DD-WEB-010"
    now, roles = clock.now(), frozenset(ROLES)
    myself = Officer(officer.id, "All", None, roles, uuid4(), now, None)
    stores = (strict.audit, strict.config.staff)
    with (
        pytest.raises(StaffChangeError, match="of another administrator"),
        strict.database.transaction() as session,
    ):
        requests.approve(session, *stores, myself, asked.id, now=now)


def test_a_former_number_makes_no_second_officer(app, strict: Provider) -> None:
    """One person with two officers' accounts would be both of the two."""
    holder = prepare(strict, level=1)
    old, new = holder.person.number, any_number()
    sign_in_officer(Browser(app.test_client()), strict, roles=ROLES, number=old)
    with strict.database.transaction() as session:
        stores = (session, strict.audit, strict.sealer)
        replace_number(*stores, holder.id, new, now=clock.now())

    for number in (new, old):
        with pytest.raises(KnownOfficerError):
            invite_officer(strict, "security", name="Again", number=number)


def test_nobody_decides_a_commands_lock_of_their_own_or_elsewhere(
    app, strict: Provider
) -> None:
    """Law 36/2018 art. 23, Decree 69/2024 art. 10: as with an authority's letter."""
    citizen = prepare(strict, level=1)
    with strict.database.transaction() as session:
        dossier = a_dossier(
            kind="level2_upgrade", account_id=citizen.id, province_code="01"
        )
        dossiers.file(strict, session, dossier, now=clock.now())
    number = citizen.person.number
    own, far, near, other = (Browser(app.test_client()) for _ in range(4))
    for browser, more in (
        (own, {"number": number}),
        (far, {"province": "22", "unit": "Far"}),
        (near, {"province": "01", "unit": "Near"}),
        (other, {}),
    ):
        sign_in_officer(browser, strict, roles=["lock_officer"], **more)
    done = run(
        strict, "accounts lock", "-", "--ground", "authority_request", "--asker",
        "authority", "--by", "7", "--reason", "A letter", told=f"{number}\n",
    )  # fmt: skip
    path = re.search(r"/staff/approvals/[0-9a-f-]+", done.stderr)[0]

    def refused(decision: str) -> list[str | None]:
        return [
            error_code(post(browser, path, decision, reason="No"))
            for browser in (own, far)
        ]

    assert refused("take_up") == ["DD-STAFF-006", "DD-STAFF-003"]
    post(near, path, "take_up")
    assert refused("approve") == ["DD-STAFF-006", "DD-STAFF-003"]
    assert refused("refuse") == ["DD-STAFF-006", "DD-STAFF-003"]
    assert locks(strict, citizen) == ()
    post(other, path, "approve")
    assert locks(strict, citizen) == ("authority_request",)


def test_a_rescue_by_command_ends_nothing_alone(app, strict: Provider) -> None:
    """Two administrators approve it, two who can sign in stay, or all hear of it."""
    one, two, lost = (
        Administrator(app, strict, "administrator", name=name)
        for name in ("One", "Two", "Lost")
    )
    asked = run(strict, "staff rescue", str(lost.id), "--reason", "Lost")
    assert asked.exit_code == 0, asked.output
    assert lost.browser.visit("/staff").request.path == "/staff"
    one.decide("take_up")
    two.decide("approve")
    assert lost.browser.visit("/staff").request.path == "/staff/sign-in"

    refused = run(strict, "staff rescue", str(two.id), "--reason", "Two")
    assert "--break-glass" in refused.output
    assert refused.exit_code == 1
    assert two.browser.visit("/staff").request.path == "/staff"
    assert "GlassBroken" not in recorded(strict)
    done = run(strict, "staff rescue", str(two.id), "--reason", "Two", "--break-glass")
    assert "/staff/join/" in done.output
    assert "GlassBroken" in recorded(strict)

    invited = run(
        strict, "staff invite", "--name", "X", "--personal-number", any_number(),
        "--unit", "Commune One", "--role", "administrator",
    )  # fmt: skip
    assert "/staff/join/" not in invited.output, "the command's way stays shut"


def test_a_token_registers_what_two_approved_and_no_more(app, strict: Provider) -> None:
    """RFC 7591, RFC 7592: before their approval nothing, then so many, so far."""
    client, door = app.test_client(), "/register"
    asked = run(
        strict, "clients initial-token", "-", "--reason", "Agreed",
        told=json.dumps({"scope": "openid profile", "sector": "library.example"}),
    )  # fmt: skip
    token = json.loads(asked.stdout)["initial_access_token"]
    wished = {"scope": "openid profile household", "sector": "bank.example"}
    wished |= {"redirect_uris": PORTAL["redirect_uris"], "client_id": "bank"}
    before = registered_clients(strict)
    tried = 0
    for rule in app.url_map.iter_rules():
        path = re.sub(ARGUMENT, lambda found: found[1] or ANY, rule.rule)
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH"}:
            registering.send(client, method, path, token, wished)
            tried += 1
    assert tried > 60
    assert registering.send(client, "POST", door, token, wished).status_code == 401
    assert registered_clients(strict) == before

    path = re.search(r"/staff/approvals/[0-9a-f-]+", asked.stderr)[0]
    for number, decision in enumerate(("take_up", "approve")):
        browser = Browser(app.test_client())
        sign_in_officer(browser, strict, roles=["security"], name=f"Officer {number}")
        post(browser, path, decision)
    answer = registering.registered(client, token, **wished)
    own = answer["registration_access_token"]

    for again in (token, own):
        late = registering.send(client, "POST", door, again, wished)
        assert late.status_code == 401
    changed = registering.manage(client, "PUT", answer, **wished | {
        "client_id": answer["client_id"],
    })  # fmt: skip
    assert changed.status_code == 200
    for said in (answer, changed.get_json()):
        assert said["client_id"] != "bank"
        assert (said["scope"], said["sector"]) == ("openid profile", "library.example")
        assert said["claims_policy"] == []
    assert registered_clients(strict) - before == {answer["client_id"]}


def test_the_attack_suite_registers_nothing_where_it_takes_two(
    strict: Provider,
) -> None:
    """A sandbox's command, too, is one person's."""
    before = registered_clients(strict)

    assert run(strict, "sandbox target").exit_code == 2
    assert registered_clients(strict) == before
    run(replace_free(strict), "sandbox target")
    assert registered_clients(strict) > before


def registered_clients(strict: Provider) -> set[str]:
    with strict.database.read() as connection:
        return set(
            connection.execute(sa.select(RelyingPartyRecord.client_id)).scalars()
        )


def test_a_broken_glass_is_heard_until_two_have_acknowledged_it(
    app, strict: Provider
) -> None:
    """Done at once: a letter, a mark on every page, an event; two end the alarm."""
    browsers = [Browser(app.test_client()) for _ in range(2)]
    for number, browser in enumerate(browsers):
        staff_id, _ = sign_in_officer(
            browser, strict, roles=["security"], name=f"Officer {number}"
        )
    with strict.database.transaction() as session:
        stores = (session, strict.audit, strict.sealer)
        address = "officer@office.example"
        letters.set_address(*stores, staff_id, address, now=clock.now())

    done = run(
        strict, "clients add", "-", "--reason", "Fire", "--break-glass",
        told=json.dumps(PORTAL),
    )  # fmt: skip

    assert strict.relying_parties.find("library") is not None, done.output
    (letter,) = SandboxLetters(strict.database).list(address)
    assert "Fire" in letter.text
    assert "library" in letter.text
    assert "GlassBroken" in recorded(strict)
    for browser in browsers:
        assert "/staff/alarms" in browser.visit("/staff").text
    with strict.database.read() as connection:
        glass = connection.execute(sa.select(BrokenGlass.id)).scalar_one()
    token = token_of(browsers[0].visit("/staff/alarms"))
    assert "Đăng ký cổng dịch vụ library" in browsers[0].page.text
    send(browsers[0])
    assert "/staff/alarms" in browsers[0].visit("/staff").text
    again = {"csrf_token": token}
    alone = browsers[0].client.post(f"/staff/alarms/{glass}", data=again)
    assert error_code(alone) == "DD-STAFF-004"
    browsers[1].visit("/staff/alarms")
    send(browsers[1])
    assert "/staff/alarms" not in browsers[0].visit("/staff").text


def test_nothing_under_staff_opens_to_citizens_and_portals(
    app: Flask, strict: Provider
) -> None:
    """Every address of officers, by every method: a page of proof, and nothing else."""
    browser = Browser(app.test_client())
    browser.visit("/account")
    browser.sign_in(citizen(strict, state="active", factors=["pwd"]))
    token = json.loads(
        run(replace_free(strict), "clients initial-token", told="").stdout
    )["initial_access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    adapter = app.url_map.bind("localhost")
    before, tried = recorded(strict), 0

    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/staff"):
            continue
        values = dict.fromkeys(rule.arguments, ANY)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            path = adapter.build(rule.endpoint, values, method=method)
            page = browser.client.open(path, method=method, headers=headers)
            leads = page.headers.get("Location", "").startswith("/staff/sign-in")
            is_door = rule.endpoint.startswith(("staff_sign_in", "staff_invitation"))
            is_shut = is_door or page.status_code == 400
            assert leads or (is_shut and "officer-bar" not in page.text), path
            tried += 1

    assert tried > 60
    assert recorded(strict) == before
