"""Level 1 online: every page and refusal, and nothing told before the code."""

from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from idp import clock
from idp.accounts import contacts, identity
from idp.accounts.identifiers import find_account_id
from idp.accounts.models import Account
from idp.accounts.standing import read_standing
from idp.enrolment import dossiers, outcome, queue
from idp.enrolment.record import open_evidence
from idp.factors.carrier import CarrierError
from idp.provider import Provider
from idp.registry.port import RegistryDownError
from idp.web.enrol import status
from tests.driver import citizen, error_code
from tests.integration.enrolling import Applying, details, newcomer, receipt_in
from tests.services import BACKENDS
from tests.statements import noted_hashes, noted_statements

on_both = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def applying(app, provider) -> Applying:
    return Applying(app, provider)


@pytest.fixture
def person(provider) -> dict:
    return newcomer(provider)


def account_of(provider: Provider, number: str):
    with provider.database.read() as connection:
        return find_account_id(connection, provider.sealer, number)


def dossier_of(provider: Provider, page: TestResponse):
    with provider.database.read() as connection:
        return queue.find_by_receipt(connection, receipt_in(page))


def evidence_of(provider: Provider, dossier) -> dict:
    with provider.database.read() as connection:
        sealed = queue.sealed_evidence(connection, dossier.id)
    return open_evidence(provider.sealer, sealed, dossier.id)


@on_both
def test_a_newcomer_is_granted_level_1(applying, provider, person):
    """Details, code, consent and face: the account is there, with its notice."""
    page = applying.apply(person)

    account_id = account_of(provider, person["personal_number"])
    dossier = dossier_of(provider, page)
    assert (dossier.state, dossier.kind, dossier.channel) == (
        "granted", "level1", "online",
    )  # fmt: skip
    assert dossier.consent_version == "2026-11"
    assert dossier.consented_at is not None
    with provider.database.read() as connection:
        standing = read_standing(connection, account_id)
        known = contacts.read_contacts(connection, provider.sealer, account_id)
        who = identity.read_identity(connection, provider.sealer, account_id)
    assert (standing.level, standing.state) == (1, "granted")
    assert known.phone == person["phone"]
    assert who.full_name == person["name"]
    assert who.proofed_on
    notice = applying.messages(person["phone"])[0]
    assert notice.isascii()
    assert "localhost:8000" in notice
    assert "http" not in notice
    with provider.database.read() as connection:
        told = connection.execute(
            dossiers.sa.select(queue.Dossier.notified_at)
        ).scalar_one()
    assert told is not None


def test_name_and_phone_may_be_written_otherwise(applying, provider, person):
    """Without accents, in capitals, the phone with +84; the registry's form is kept."""
    typed = details(
        person,
        name=f"  {person['name'].upper()}  ",
        phone="+84 " + person["phone"].removeprefix("+84"),
        email="moi@dinhdanh.test",
    )
    applying.begin(typed)
    applying.prove(person["phone"])
    applying.finish()

    account_id = account_of(provider, person["personal_number"])
    with provider.database.read() as connection:
        who = identity.read_identity(connection, provider.sealer, account_id)
        known = contacts.read_contacts(connection, provider.sealer, account_id)
    assert who.full_name == person["name"]
    assert (known.email, known.email_verified) == ("moi@dinhdanh.test", False)


@pytest.mark.parametrize("story", ["adult_year_only", "single_name", "foreigner"])
def test_everybody_can_apply(applying, provider, story):
    """A year alone, one name, and a foreigner's kind of dossier with its own term."""
    page = applying.apply(newcomer(provider, story))

    kind = "level1_foreigner" if story == "foreigner" else "level1"
    assert dossier_of(provider, page).kind == kind


MISMATCHES = ["name", "birth_date", "unknown", "phone_of_other", "number_taken",
              "phone_taken", "dead"]  # fmt: skip


def mismatch(provider: Provider, kind: str) -> dict[str, str]:
    """Return details that must be refused, for this reason."""
    person = newcomer(provider)
    taken = citizen(provider, state="active", account_level=2)
    if kind == "name":
        return details(person, name="Nguyễn Văn Khác")
    if kind == "birth_date":
        return details(person, year=str(int(person["birth_date"][:4]) - 1))
    if kind == "unknown":
        return details(person, personal_number="001085000001")
    if kind == "phone_taken":
        return details(person, phone=taken["phone"])
    if kind == "number_taken":
        return details(person, personal_number=taken["personal_number"])
    other = newcomer(provider, kind)
    return details(other, phone=other["phone"] or person["phone"])


@pytest.mark.parametrize("kind", MISMATCHES)
def test_one_refusal_after_the_code_for_all(applying, provider, person, kind):
    """Whatever it was, the code is asked first and the same is said after it."""
    typed = mismatch(provider, kind)
    asked = applying.begin(typed)
    assert error_code(asked) is None
    assert asked.status_code == 200
    refused = applying.prove(contacts.parse_phone(typed["phone"]))

    assert error_code(refused) == "DD-ENR-002"
    assert refused.status_code == 403
    assert person["name"] not in refused.text
    again = applying.browser.visit(applying.path)
    assert error_code(again) == "DD-ENR-002"
    with provider.database.read() as connection:
        assert queue.waiting(connection, now=clock.now()) == []


@pytest.mark.parametrize("story", ["card_expired", "card_held"])
def test_only_the_holder_hears_of_the_card(applying, provider, story):
    """All else is right and the card is not: that alone is said, and where to go."""
    person = newcomer(provider, story)
    applying.begin(details(person))
    refused = applying.prove(person["phone"])
    assert error_code(refused) == "DD-ENR-003"


def without_what_differs(page: TestResponse) -> str:
    import re

    text = re.sub(r'value="[^"]{20,}"|[A-Z0-9]{4}-[A-Z0-9]{4}', "", page.text)
    text = re.sub(r"/enrol/application/[^\"/?]+", "", text)
    return re.sub(r"\d\d:\d\d:\d\d|• *•\d{3}|•\d{3}", "", text)


@on_both
def test_known_and_unknown_persons_cannot_be_told_apart(app, provider, person):
    """Until the code: same text, status, statements and messages, and no slow hash.

    And among refusals after it.
    """
    known, unknown, taken = (
        details(person),
        mismatch(provider, "unknown"),
        mismatch(provider, "number_taken"),
    )
    seen = []
    for typed in (known, unknown, taken):
        provider.ephemeral.drop("sms-wait")
        applying = Applying(app, provider)
        applying.browser.visit("/enrol/details")
        with noted_hashes() as hashes, noted_statements() as statements:
            page = applying.browser.submit(**typed)
            provider.courier.wait()
        sent = len(applying.messages(contacts.parse_phone(typed["phone"])))
        seen.append((page.status_code, without_what_differs(page), len(statements)))
        assert sent >= 1
        assert hashes == []
    assert seen[0] == seen[1] == seen[2]


@on_both
def test_refusals_take_the_same_work(app, provider):
    """A stranger, somebody with an account, another's phone: alike to the statement."""
    seen = {}
    for kind in ("unknown", "number_taken", "phone_taken", "phone_of_other"):
        applying = Applying(app, provider)
        typed = mismatch(provider, kind)
        applying.begin(typed)
        code = applying.code(contacts.parse_phone(typed["phone"]))
        with noted_hashes() as hashes, noted_statements() as statements:
            page = applying.browser.submit(otp=code)
        seen[kind] = (page.status_code, without_what_differs(page), len(statements))
        assert hashes == []
    assert len(set(seen.values())) == 1, seen


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"personal_number": "12"}, "personal_number"),
        ({"name": "X"}, "name"),
        ({"name": "Nguyễn 5"}, "name"),
        ({"year": "hai"}, "year"),
        ({"year": "2999"}, "year"),
        ({"year": "1850"}, "year"),
        ({"day": "31", "month": "2"}, "year"),
        ({"day": ""}, "day"),
        ({"phone": "0212345678"}, "phone"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_a_field_that_cannot_be_read_is_asked_again(applying, person, changes, field):
    """What was typed is kept, the field says how to mend it, nothing is sent."""
    page = applying.begin(details(person, **changes))
    assert page.status_code == 422
    assert f'id="{field}-wrong"' in page.text
    assert person["name"].split()[0] in page.text or "name" in changes
    assert applying.messages(person["phone"]) == []


def test_a_child_is_led_to_the_representative(applying, person):
    """By the age that was typed, before anything is asked of anybody."""
    young = str(clock.now().year - 10)
    page = applying.begin(details(person, year=young))
    assert page.status_code == 422
    assert 'id="year-wrong"' in page.text


def test_without_consent_nothing_is_sent(applying, provider, person):
    """Silence is no consent (Law 91/2025)."""
    applying.begin(details(person))
    applying.prove(person["phone"])
    page = applying.finish(consent="")
    assert error_code(page) == "DD-ENR-004"
    assert account_of(provider, person["personal_number"]) is None
    assert receipt_in(applying.finish(page=page))


def test_another_face_is_refused_and_may_try_again(applying, provider, person):
    """Up to the limit; then it waits."""
    applying.begin(details(person))
    page = applying.prove(person["phone"])
    assert error_code(applying.finish("none", page)) == "DD-FACE-002"
    for _ in range(provider.config.enrolment.photos_per_draft):
        assert error_code(applying.finish("other", page)) == "DD-FACE-001"
    waiting = applying.finish("same", page)
    assert waiting.status_code == 429
    assert account_of(provider, person["personal_number"]) is None


def test_a_doubtful_face_is_an_officer_s(applying, provider, person):
    """Filed, not granted; the photo is there for the decision and gone after it."""
    page = applying.apply(person, photo="unclear")
    dossier = dossier_of(provider, page)
    assert dossier.state == "submitted"
    evidence = evidence_of(provider, dossier)
    assert evidence["doubts"] == ["face"]
    assert evidence["photo"]

    now = clock.now()
    with provider.database.transaction() as session:
        decided = dossiers.refuse(
            provider, session, dossier.id, reason="face_mismatch", by="x", now=now
        )
    outcome.tell(provider, decided, now=now)
    shown = applying.browser.visit(applying.path)
    assert status.REASONS["face_mismatch"] not in shown.text  # it is in Vietnamese
    assert "Ảnh không nhận ra" in shown.text
    assert "photo" not in evidence_of(provider, dossier)
    assert "chua duoc chap nhan" in applying.messages(person["phone"])[0]
    again = Applying(applying.app, provider)
    provider.ephemeral.drop(f"sms-wait:{person['phone']}")
    assert receipt_in(again.apply(person))


def test_wrong_codes_are_counted(applying, provider, person):
    """However often the application is begun anew."""
    applying.begin(details(person))
    for _ in range(provider.config.throttle.otps_per_account):
        assert error_code(applying.browser.submit(otp="000000")) == "DD-AUTH-003"
    assert applying.browser.submit(otp="000000").status_code == 429
    assert (
        applying.browser.submit(otp=applying.code(person["phone"])).status_code == 429
    )
    assert error_code(applying.browser.submit(otp=" ")) == "DD-AUTH-006"


def test_a_new_code_ends_the_old_one(applying, provider, person):
    """And comes no sooner than it may."""
    applying.begin(details(person))
    first = applying.code(person["phone"])
    page = applying.browser.page
    resend = applying.browser.client.post
    token = page.text.split("/resend")[1].partition('value="')[2].partition('"')[0]
    answered = resend(f"{applying.path}/resend", data={"csrf_token": token})
    assert answered.status_code == 303
    assert applying.code(person["phone"]) == first
    assert applying.browser.submit(page, otp=first).status_code == 200


def test_beginnings_are_counted(app, provider, person):
    """One number, one phone, one source: there is a limit to each."""
    last = None
    for _ in range(provider.config.enrolment.drafts_per_person + 1):
        last = Applying(app, provider).begin(details(person))
    assert last.status_code == 429
    assert last.headers["Retry-After"]


def test_a_stranger_uses_up_nobody_s_tries(app, provider, person):
    """Beginnings, messages and codes with the same number and phone, from elsewhere."""
    for _ in range(provider.config.enrolment.drafts_per_person + 1):
        stranger = Applying(app, provider, source="203.0.113.9")
        seen = stranger.begin(details(person))
        guessed = stranger.browser.submit(otp="000000") if seen.status_code < 300 else 0
    assert (seen.status_code, guessed) == (429, 0)

    assert receipt_in(Applying(app, provider).apply(person))


def test_a_registry_that_is_down_is_asked_again(
    applying, provider, person, monkeypatch
):
    """The phone stays proven, whatever breaks down; nothing is lost."""
    registry, carrier = provider.registry, provider.carrier
    applying.begin(details(person))

    def down(*_args, **_kwargs):
        raise RegistryDownError

    def silent(*_args, **_kwargs):
        raise CarrierError

    with monkeypatch.context() as broken:
        broken.setattr(type(registry), "look_up", down)
        page = applying.prove(person["phone"])
        assert error_code(page) == "DD-ENR-503"
        assert error_code(applying.browser.submit(page)) == "DD-ENR-503"
        page = applying.browser.visit(applying.path)
    with monkeypatch.context() as broken:
        broken.setattr(type(carrier), "owned_by", silent)
        assert error_code(applying.browser.submit(page)) == "DD-ENR-503"
    page = applying.browser.submit(applying.browser.visit(applying.path))
    with monkeypatch.context() as broken:
        broken.setattr(type(registry), "look_up", down)
        assert error_code(applying.finish(page=page)) == "DD-ENR-503"
    assert receipt_in(applying.finish(page=page))


def test_another_browser_has_no_part_in_it(app, applying, provider, person):
    """An application belongs to the browser that began it."""
    applying.begin(details(person))
    stranger = Applying(app, provider)
    stranger.browser.visit("/enrol/details")
    assert error_code(stranger.browser.visit(applying.path)) == "DD-ENR-001"


def test_an_old_application_is_over(applying, person, monkeypatch):
    """After its time it says so, and that nothing is lost."""
    applying.begin(details(person))
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert error_code(applying.browser.visit(applying.path)) == "DD-ENR-001"


def test_a_receipt_and_a_code_show_where_it_stands(app, applying, provider, person):
    """From any browser; a wrong receipt sees the same page and gets nowhere."""
    receipt = receipt_in(applying.apply(person))
    elsewhere = Applying(app, provider)
    elsewhere.browser.visit("/enrol/status")
    page = elsewhere.browser.submit(receipt=receipt.lower().replace("-", " "))
    provider.courier.wait()
    nowhere = Applying(app, provider)
    nowhere.browser.visit("/enrol/status")
    with noted_statements() as unknown:
        other = nowhere.browser.submit(receipt="0000-0000-0000")
        provider.courier.wait()
    assert without_what_differs(page).replace(
        page.request.path, ""
    ) == without_what_differs(other).replace(other.request.path, "")
    assert error_code(nowhere.browser.submit(otp="123456")) == "DD-AUTH-003"
    looked_up = [text for text in unknown if "INSERT" not in text]
    assert len(looked_up) == 1

    shown = elsewhere.browser.submit(page, otp=elsewhere.code(person["phone"]))
    assert receipt_in(shown) == receipt
    assert person["name"] not in shown.text
    assert error_code(app.test_client().get(page.request.path)) == "DD-ENR-001"


def test_no_receipt_at_all(applying):
    """Nonsense is said to be nonsense."""
    applying.browser.visit("/enrol/status")
    assert error_code(applying.browser.submit(receipt="hello")) == "DD-ENR-011"


def test_nothing_personal_in_addresses_or_log(applying, person, caplog):
    """Neither number nor phone, name or code."""
    applying.apply(person)
    code = applying.messages(person["phone"])[-1]
    for value in (person["personal_number"], person["phone"], person["name"], code):
        assert value not in caplog.text
    assert person["personal_number"] not in applying.path


def test_a_decision_that_was_not_told_is_told_later(applying, provider, person):
    """The message that a kill swallowed goes out with the next sweep, once."""
    applying.apply(person)
    provider.courier.wait()
    now = clock.now()
    with provider.database.transaction() as session:
        session.execute(dossiers.sa.update(queue.Dossier).values(notified_at=None))
    assert outcome.tell_waiting(provider, now=now) == 0
    later = now + timedelta(minutes=11)
    assert outcome.tell_waiting(provider, now=later) == 1
    assert outcome.tell_waiting(provider, now=later) == 0
    granted = [text for text in applying.messages(person["phone"]) if "cap" in text]
    assert len(granted) == 2


def test_the_officer_setting_queues_everything(applying, provider, person):
    """Nothing is granted by rule then."""
    from dataclasses import replace

    enrolment = replace(provider.config.enrolment, decision="officer")
    config = replace(provider.config, enrolment=enrolment)
    app = applying.app
    app.extensions["dinhdanh"] = replace(provider, config=config)
    page = applying.apply(person)
    assert dossier_of(provider, page).state == "submitted"
    assert provider.config.enrolment.decision == "automatic"
    assert account_of(provider, person["personal_number"]) is not None
    assert Account.__tablename__ == "accounts"
