"""Dossiers from filing to decision, and races for one person or one phone."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from idp.accounts.contacts import PhoneTakenError
from idp.accounts.identifiers import NumberTakenError, find_account_id, subject_for
from idp.accounts.identity import Identity, read_identity
from idp.accounts.lifecycle import LifecycleError, close_account
from idp.accounts.models import Account, Representation
from idp.accounts.standing import read_standing
from idp.enrolment import dossiers, queue
from idp.enrolment.dossier_states import DossierError
from idp.enrolment.kinds import UnknownKindError
from idp.enrolment.receipts import receipt_text
from idp.enrolment.record import identity_of, open_evidence
from tests.unit.enrolment.conftest import NOW, PHONE, a_dossier
from tests.unit.world import on_each_backend

OFFICER = UUID(int=9)


def file(services, now=NOW, **values):
    with services.database.transaction() as session:
        return dossiers.file(services, session, a_dossier(**values), now=now)


def decide(services, step, filed, **values):
    with services.database.transaction() as session:
        return step(services, session, filed.dossier_id, now=NOW, **values)


def read(services, filed):
    with services.database.read() as connection:
        return queue.find_dossier(connection, filed.dossier_id)


def state(services, account_id):
    with services.database.read() as connection:
        return read_standing(connection, account_id).state


def race(tries):
    """Run every try at once and return how many came through, and the errors."""

    def attempt(one):
        try:
            return one()
        except (NumberTakenError, PhoneTakenError, DossierError) as error:
            return error

    with ThreadPoolExecutor(len(tries)) as pool:
        results = list(pool.map(attempt, tries))
    errors = [result for result in results if isinstance(result, Exception)]
    return len(results) - len(errors), errors


@on_each_backend
def test_a_dossier_from_submitted_to_granted(services):
    """Filed, taken up by an officer, granted: account and dossier move together."""
    filed = file(services, evidence={"face": "match"}, consent_version="2026-11")
    assert state(services, filed.account_id) == "submitted"
    decide(services, dossiers.begin_review, filed, officer_id=OFFICER)
    assert state(services, filed.account_id) == "in_review"

    decided = decide(services, dossiers.grant, filed, by=str(OFFICER))

    assert decided.state == "granted"
    assert state(services, filed.account_id) == "granted"
    seen = read(services, filed)
    assert (seen.state, seen.decided_by, seen.reviewer_id) == (
        "granted", str(OFFICER), OFFICER,
    )  # fmt: skip
    assert services.events(filed.account_id) == [
        "DossierGranted", "StateChanged", "DossierTaken", "StateChanged",
        "DossierFiled", "AccountCreated",
    ]  # fmt: skip
    with services.database.read() as connection:
        sealed = queue.sealed_evidence(connection, filed.dossier_id)
        granted_at = connection.execute(sa.select(Account.granted_at)).scalar_one()
    evidence = open_evidence(services.sealer, sealed, filed.dossier_id)
    assert evidence["face"] == "match"
    assert evidence["person"]["phone"] == PHONE
    assert identity_of(evidence).full_name == "Nguyễn Thử"
    assert granted_at == NOW


def test_a_rule_may_grant_what_nobody_took_up(services):
    """An automatic decision walks the account through the same states."""
    filed = file(services)
    decide(services, dossiers.grant, filed, by=dossiers.BY_RULE)
    assert state(services, filed.account_id) == "granted"
    assert services.events(filed.account_id).count("StateChanged") == 2


@on_each_backend
@pytest.mark.parametrize("step", ["refuse", "withdraw"])
def test_what_is_not_granted_releases_number_and_phone(services, step):
    """The account is closed, and the same person can apply again."""
    filed = file(services)
    values = {"reason": "face_mismatch"} if step == "refuse" else {}
    decide(services, getattr(dossiers, step), filed, by=str(OFFICER), **values)

    assert state(services, filed.account_id) == "closed"
    again = file(services)
    assert again.account_id != filed.account_id
    with services.database.read() as connection:
        found = find_account_id(connection, services.sealer, "001190000001")
    assert found == again.account_id


@on_each_backend
def test_of_parallel_filings_for_one_person_one_wins(services):
    """One number, ten phones: one account, one dossier."""
    tries = [
        lambda turn=turn: file(services, phone=f"+8491234560{turn}")
        for turn in range(10)
    ]
    won, errors = race(tries)

    assert won == 1
    assert {type(error) for error in errors} == {NumberTakenError}
    with services.database.read() as connection:
        assert len(queue.waiting(connection, now=NOW)) == 1
        accounts = connection.execute(sa.select(sa.func.count(Account.id)))
        assert accounts.scalar_one() == 1


@on_each_backend
def test_of_parallel_filings_with_one_phone_one_wins(services):
    """Ten people, one phone: one number ↔ one account."""
    tries = [
        lambda turn=turn: file(services, number=f"00119000000{turn}")
        for turn in range(10)
    ]
    won, errors = race(tries)

    assert won == 1
    assert {type(error) for error in errors} == {PhoneTakenError}


@on_each_backend
def test_of_parallel_decisions_one_holds(services):
    """Granted and refused at once: one of them, and one event."""
    filed = file(services)
    steps = [
        lambda: decide(services, dossiers.grant, filed, by="a"),
        lambda: decide(services, dossiers.refuse, filed, reason="other", by="b"),
    ] * 5
    won, _ = race(steps)

    assert won == 1
    types = services.events(filed.account_id)
    assert types.count("DossierGranted") + types.count("DossierRefused") == 1
    outcome = {"granted": "granted", "refused": "closed"}[read(services, filed).state]
    assert state(services, filed.account_id) == outcome


@on_each_backend
def test_of_two_officers_one_takes_a_dossier_up(services):
    """The second one is told that it is taken."""
    filed = file(services)
    tries = [
        lambda: decide(services, dossiers.begin_review, filed, officer_id=uuid4())
    ] * 6
    assert race(tries)[0] == 1


@on_each_backend
def test_an_upgrade_keeps_the_account_and_its_subjects(services, new_account):
    """Level 1 becomes 2 on the same account; the identity is the one proofed now."""
    account = new_account(level=1, phone=PHONE)
    with services.database.transaction() as session:
        subject = subject_for(session, account.id, "bank.example")
    proofed = Identity(given_name="Thử", birth_date="1985-02-03", gender="male")
    filed = file(
        services,
        kind="level2_upgrade",
        channel="desk",
        account_id=account.id,
        number=account.number,
        identity=proofed,
    )
    assert filed.account_id == account.id
    with services.database.read() as connection:
        assert read_standing(connection, account.id).level == 1

    decide(services, dossiers.grant, filed, by=str(OFFICER))

    with services.database.transaction() as session:
        standing = read_standing(session, account.id)
        assert (standing.level, standing.state) == (2, "active")
        assert subject_for(session, account.id, "bank.example") == subject
        who = read_identity(session, services.sealer, account.id)
    assert who == proofed


@on_each_backend
def test_an_account_has_one_open_dossier(services, new_account):
    """Of parallel upgrades one is taken; a refused one leaves the account as it was."""
    account = new_account(level=1)
    wanted = {"kind": "level2", "channel": "desk", "account_id": account.id}
    won, errors = race([lambda: file(services, **wanted)] * 6)
    assert won == 1
    assert {type(error) for error in errors} == {DossierError}

    with services.database.read() as connection:
        [open_one] = queue.find_by_account(connection, account.id)
    with services.database.transaction() as session:
        dossiers.refuse(services, session, open_one.id, reason="other", by="x", now=NOW)
    assert state(services, account.id) == "active"
    assert file(services, **wanted).account_id == account.id


def test_only_a_lower_level_is_raised(services, new_account):
    """Level 2 is the highest, and what is not granted is no account yet."""
    for values in ({"level": 2}, {"level": 1, "state": "submitted"}):
        account = new_account(**values)
        with pytest.raises(LifecycleError):
            file(services, kind="level2_upgrade", account_id=account.id)


@on_each_backend
def test_an_import_takes_a_dossier_once(services):
    """The external id, which is kept as a blind index, files once."""
    first = file(services, channel="import", external_id="X-1", phone=None)
    with pytest.raises(DossierError):
        file(
            services, channel="import", external_id="X-1", phone=None,
            number="001190000002",
        )  # fmt: skip
    with services.database.read() as connection:
        [only] = queue.waiting(connection, now=NOW)
    assert only.id == first.dossier_id


def test_the_queue_shows_the_earliest_due_first_and_what_is_overdue(services):
    """Filters by province, unit, state and overdue; decided ones are gone."""
    unit = uuid4()
    late = file(services, now=NOW - timedelta(days=9), province_code="01")
    soon = file(
        services, number="001190000002", phone=None, unit_id=unit, province_code="79"
    )
    gone = file(services, number="001190000003", phone=None)
    decide(services, dossiers.grant, gone, by=dossiers.BY_RULE)
    decide(services, dossiers.begin_review, soon, officer_id=OFFICER)

    def listed(**filters):
        with services.database.read() as connection:
            found = queue.waiting(connection, now=NOW, **filters)
        return [view.id for view in found]

    assert listed() == [late.dossier_id, soon.dossier_id]
    assert listed(overdue_only=True) == [late.dossier_id]
    assert listed(province_code="79") == listed(unit_id=unit) == [soon.dossier_id]
    assert listed(state="in_review") == [soon.dossier_id]
    with services.database.read() as connection:
        assert queue.count_overdue(connection, now=NOW) == 1
    assert read(services, late).is_overdue(NOW)
    assert not read(services, gone).is_overdue(NOW + timedelta(days=99))


def test_a_dossier_is_found_by_its_receipt(services):
    """In any grouping; nonsense finds nothing."""
    filed = file(services)
    with services.database.read() as connection:
        found = queue.find_by_receipt(connection, receipt_text(filed.receipt).lower())
        assert found.id == filed.dossier_id
        assert queue.find_by_receipt(connection, "0" * 12) is None
        assert queue.find_by_receipt(connection, "nonsense!") is None


def test_an_organisation_s_dossier_has_no_level_and_makes_no_account(services):
    """Decree 69/2024 art. 7: one account without levels, kept elsewhere."""
    organisation = uuid4()
    filed = file(services, kind="organisation", organisation_id=organisation)
    assert filed.account_id is None
    with pytest.raises(DossierError):
        file(services, kind="organisation", organisation_id=organisation)
    decide(services, dossiers.begin_review, filed, officer_id=OFFICER)
    decided = decide(services, dossiers.grant, filed, by=str(OFFICER))
    assert (decided.account_id, read(services, filed).state) == (None, "granted")


def test_what_is_not_known_is_refused(services):
    """No other channel, no other reason, no other dossier; a closed account stays."""
    with pytest.raises(UnknownKindError):
        file(services, channel="pigeon")
    filed = file(services)
    with pytest.raises(DossierError):
        decide(services, dossiers.refuse, filed, reason="my mood", by="x")
    with services.database.transaction() as session, pytest.raises(DossierError):
        dossiers.grant(services, session, uuid4(), by="x", now=NOW)
    with services.database.transaction() as session:
        close_account(session, services.audit, filed.account_id, now=NOW)
    with pytest.raises(LifecycleError), services.database.transaction() as session:
        close_account(session, services.audit, filed.account_id, now=NOW)


@on_each_backend
def test_pictures_go_with_the_decision(services):
    """What an officer looked at is no longer kept; the other evidence is."""
    filed = file(services, evidence={"photo": "anBn", "face": "doubtful"})

    def evidence():
        with services.database.read() as connection:
            sealed = queue.sealed_evidence(connection, filed.dossier_id)
        return open_evidence(services.sealer, sealed, filed.dossier_id)

    assert evidence()["photo"] == "anBn"
    decide(services, dossiers.refuse, filed, reason="face_mismatch", by="x")
    assert "photo" not in evidence()
    assert evidence()["face"] == "doubtful"


@on_each_backend
def test_who_filed_for_a_child_acts_for_it_once_granted(services, new_account):
    """Not before; and until the law says that the child is grown up."""
    mother = new_account(level=2)
    filed = file(
        services,
        kind="level1_child",
        channel="representative",
        phone=None,
        filed_by=mother.id,
        evidence={"relation": "mother"},
        identity=Identity(given_name="Bé", birth_date="2018-05-01", gender="female"),
    )

    def wards():
        with services.database.read() as connection:
            return connection.execute(
                sa.select(Representation.ward_id, Representation.relation)
            ).all()

    assert wards() == []
    decide(services, dossiers.grant, filed, by=dossiers.BY_RULE)
    assert wards() == [(filed.account_id, "mother")]
