"""What an attacker, or a tired officer, might gain from enrolment, locks and rights."""

from dataclasses import replace
from datetime import timedelta

import pytest

from idp import clock
from idp.accounts import lifecycle, representation
from idp.accounts.contacts import read_contacts
from idp.accounts.representation import wards_of
from idp.accounts.standing import read_standing
from idp.enrolment import dossiers, outcome, queue
from idp.enrolment.dossier_states import DossierError
from idp.enrolment.receipts import receipt_text
from idp.factors import notices
from idp.locks import placing
from idp.registry.embedded import EmbeddedRegistry
from idp.rights import closing, erasure
from tests.cards.people import AN
from tests.driver import Browser, error_code
from tests.integration.acting import (
    GUARDIAN,
    account,
    as_child,
    machine,
    portal_for,
    press,
)
from tests.integration.chip.people import create_citizen
from tests.integration.desk.counter import dossier_of, events
from tests.integration.desk.test_desk_others import (
    CHILD as SMALL,
)
from tests.integration.desk.test_desk_others import (
    child,
    code_sent,
    to_representative,
)
from tests.integration.enrolling import Applying, details, newcomer
from tests.integration.test_authority_requests import enter, kept, send
from tests.integration.test_rights import ask_to_close, later
from tests.integration.test_staff_review import file, read, reviewer, take, tokens
from tests.integration.way_back import prepare
from tests.listening_portal import listening
from tests.services import BACKENDS
from tests.staff import sign_in_officer
from tests.unit.enrolment.conftest import a_dossier

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


def locked_and_open_again(provider, account_id) -> None:
    """Let the holder lock, and be back later."""
    with provider.database.transaction() as session:
        placing.lock_for_holder(provider, session, account_id, now=clock.now())
    with provider.database.transaction() as session:
        placing.unlock(
            provider, session, account_id,
            ground="holder_request", asker="holder", now=clock.now(),
        )  # fmt: skip


@on_each_backend
def test_a_thiefs_wish_to_close_is_over_with_the_lock(app, provider) -> None:
    """After unlocking nothing is erased, and the holder may ask anew."""
    person = prepare(provider)
    ask_to_close(app, person)
    locked_and_open_again(provider, person.id)

    assert closing.sweep(provider, now=later(provider, days=1)) == 0
    with provider.database.read() as connection:
        assert read_standing(connection, person.id).state == "active"
        assert closing.closes_at(connection, person.id) is None
    ask_to_close(app, person)
    assert closing.sweep(provider, now=later(provider, days=1)) == 1


@on_each_backend
def test_what_a_thief_got_for_a_ward_dies_with_the_guardians_lock(
    app, provider
) -> None:
    """Unlocking brings no token back by which somebody else acted for the child."""
    portal = portal_for(provider)
    browser, got = as_child(app, provider, portal)

    locked_and_open_again(provider, account(provider, GUARDIAN))

    refused = machine(
        browser.client, portal, "/token",
        grant_type="refresh_token", refresh_token=got["refresh_token"],
    )  # fmt: skip
    assert refused.get_json()["error"] == "invalid_grant"
    for kind in ("access_token", "refresh_token"):
        seen = machine(browser.client, portal, "/introspect", token=got[kind])
        assert seen.get_json() == {"active": False}


def test_signing_out_ends_what_was_done_for_a_ward(app, provider) -> None:
    """A token with the `sid` alone fits the session that the portal has for the ward.

    Its `sub` is the child's, whose own sessions at the portal must stay.
    """
    with listening() as ear:
        portal = portal_for(provider, backchannel_logout_uri=ear.uri)
        browser, got = as_child(app, provider, portal)
        browser.visit("/account")
        press(browser, "sign-out")
        told = ear.heard(provider)

    assert {claims["sid"] for claims in told} == {got["claims"]["sid"]}
    assert any("sub" not in claims for claims in told)
    assert got["claims"]["sub"] not in {claims.get("sub") for claims in told}


def test_nobody_acts_for_a_child_before_the_decision(app, provider) -> None:
    """An account that is to be raised has its new guardian with the grant alone."""
    mother = create_citizen(
        provider,
        replace(AN, number="999190000111", given_name="Hoa", sex="F"),
        phone="+84912340001",
    )
    known = create_citizen(provider, SMALL, level=1)
    child(provider, mother)
    desk = to_representative(app, provider)
    desk.press("/representative", representative="0")
    desk.press("/representative/send")
    desk.press("/representative/code", otp=code_sent(provider, "+84912340001"))
    desk.prove(fingers="no_match")
    desk.finish(phone="")
    dossier = dossier_of(provider, SMALL.number)
    assert (dossier.account_id, dossier.state) == (known.id, "submitted")

    def wards():
        with provider.database.read() as connection:
            found = wards_of(connection, mother.id, now=clock.now())
        return [ward.account_id for ward in found]

    assert wards() == []
    with provider.database.transaction() as session:
        dossiers.grant(provider, session, dossier.id, by="another", now=clock.now())
    assert wards() == [known.id]
    assert "RepresentationBegan" in events(provider, known.id)


@on_each_backend
def test_a_person_with_a_new_number_has_one_account(app, provider) -> None:
    """The number was established anew, and its event is still on the way."""
    person = newcomer(provider)
    record = provider.registry.find(person["personal_number"], now=clock.now())
    former = "999190000777"
    held = create_citizen(provider, replace(AN, number=former), phone="+84912349999")
    changed = replace(record, person=replace(record.person, former_numbers=(former,)))
    registry = EmbeddedRegistry(provider.database, provider.sealer)
    with provider.database.transaction() as session:
        registry.store(session, changed)
    applying = Applying(app, provider)
    typed = details(person)
    applying.begin(typed)

    page = applying.prove(typed["phone"])

    assert error_code(page) == "DD-ENR-002", "the one refusal"
    assert account(provider, former) == held.id


def test_officers_decide_no_request_about_themselves(app, provider) -> None:
    """The holder, and who stands for them, neither enter, read, nor decide it."""
    person = prepare(provider)
    one, guardian = person.person, "999170000321"
    guardian_id = create_citizen(provider, replace(one, number=guardian)).id
    browsers = [Browser(app.test_client()) for _ in range(3)]
    for browser, number in zip(browsers, (None, one.number, guardian), strict=True):
        sign_in_officer(browser, provider, roles=("lock_officer",), number=number)
    first, own, near = browsers
    address = enter(first, one.number).request.path
    send(first, decision="forward")
    near.visit(address)
    with provider.database.transaction() as session:
        representation.appoint(
            session, provider.audit, representative_id=guardian_id,
            ward_id=person.id, relation="guardian", now=clock.now(),
        )  # fmt: skip

    assert error_code(send(near, decision="agree", reasons="x")) == "DD-STAFF-006"
    for browser in (own, near):
        assert error_code(browser.visit(address)) == "DD-STAFF-006"
        assert error_code(enter(browser, one.number)) == "DD-STAFF-006"
    assert kept(provider).state == "forwarded"


def test_a_stranger_uses_no_warning_up(provider) -> None:
    """However often somebody tries to activate an active account, a lock is told."""
    person = prepare(provider)
    with provider.database.read() as connection:
        known = read_contacts(connection, provider.sealer, person.id)
    for _ in range(provider.config.throttle.sms_per_phone_a_day + 1):
        notices.warn(provider, known, "activation_again", clock.now())
    provider.courier.wait()
    before = len(provider.messages.list(known.phone))

    notices.warn(provider, known, "account_locked", clock.now())

    provider.courier.wait()
    assert before == provider.config.throttle.sms_per_phone_a_day
    assert len(provider.messages.list(known.phone)) == before + 1


def test_officers_do_not_decide_about_themselves(app, provider) -> None:
    """The applicant's number decides it, whatever the name; who has the name may."""
    filed = file(provider)
    mine = a_dossier()
    browser = reviewer(app, provider, number=mine.number)

    page = take(browser, filed.dossier_id)

    assert error_code(page) == "DD-STAFF-006"
    assert read(provider, filed.dossier_id).state == "submitted"
    other = reviewer(app, provider, name=mine.identity.full_name.upper())
    assert tokens(take(other, filed.dossier_id))
    assert read(provider, filed.dossier_id).state == "in_review"


def test_a_locked_account_is_not_raised_by_an_older_dossier(provider) -> None:
    """The lock came after the filing; the level stays, and the dossier open."""
    known = create_citizen(provider, level=1)
    filed = file(provider, kind="level2_upgrade", account_id=known.id)
    with provider.database.transaction() as session:
        lifecycle.place_lock(
            session, provider.audit, known.id,
            ground="death", asker="system", now=clock.now(),
        )  # fmt: skip

    with (
        pytest.raises(DossierError),
        provider.database.transaction() as session,
    ):
        dossiers.grant(provider, session, filed.dossier_id, by="x", now=clock.now())

    with provider.database.read() as connection:
        assert read_standing(connection, known.id).level == 1
    assert read(provider, filed.dossier_id).is_open


@on_each_backend
def test_an_erased_account_comes_back_by_no_dossier(app, provider) -> None:
    """Its dossiers are nobody's: not waiting, not told of, no error to learn from."""
    known = create_citizen(provider, level=1)
    first = file(provider, kind="level2_upgrade", account_id=known.id)
    with provider.database.transaction() as session:
        lifecycle.close_account(session, provider.audit, known.id, now=clock.now())
        erasure.erase(
            session, provider.audit, provider.sealer, known.id, now=clock.now()
        )

    with provider.database.read() as connection:
        assert queue.waiting(connection, now=clock.now()) == []
    with (
        pytest.raises(DossierError),
        provider.database.transaction() as session,
    ):
        dossiers.grant(provider, session, first.dossier_id, by="x", now=clock.now())
    soon = clock.now() + timedelta(days=1)
    assert outcome.tell_waiting(provider, now=soon) == 0
    browser = Browser(app.test_client())
    browser.visit("/enrol/status")
    page = browser.submit(receipt=receipt_text(first.receipt))
    provider.courier.wait()
    page = browser.submit(otp="123456")
    assert error_code(page) == "DD-AUTH-003"
