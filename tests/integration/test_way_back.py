"""Back in without the old phone: the card and one more proof, told and held back."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from flask import Flask

from clients.reader.virtual.profiles import Profile
from idp import clock
from idp.factors import holds, totp
from idp.factors.face import FaceError
from idp.provider import Provider
from keys.errors import SealError
from tests.driver import at, error_code
from tests.integration.chip.people import (
    PASSWORD,
    chip_of,
    create_citizen,
    enrol,
    issue,
    trust,
)
from tests.integration.way_back import (
    PHONE,
    Returning,
    code_in,
    prepare,
)
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)
NEW_PHONE = "+84500000955"


@pytest.fixture
def returning(app: Flask, provider: Provider) -> Returning:
    return Returning.open(app, provider)


@pytest.fixture
def card(provider: Provider):
    """Return a card whose holder has lost the phone with the app and the codes."""
    trust(provider)
    return issue(Profile(active="ecdsa"))


@pytest.fixture
def citizen(provider: Provider, card):
    citizen = prepare(provider, factors=("totp", "sms"))
    enrol(provider, citizen, card)
    return citizen


def key_on(page) -> str:
    """Return the key that a page shows."""
    found = re.search(r'class="code key">([A-Z2-7 ]+)<', page.text)
    assert found, page.text
    return found[1].replace(" ", "")


@on_each_backend
def test_card_and_password_add_an_app_held_back(provider, returning, card, citizen):
    """The app counts a day later; old contacts are told; nobody is signed in."""
    page = returning.show_card(card, citizen.person.number)
    assert page.request.path == returning.case, page.text
    for path in ("password", "app", "phone"):
        refused = returning.browser.client.get(f"{returning.case}/{path}")
        assert refused.status_code == 400, "a card alone is one possession"
    returning.prove("pwd", PASSWORD)
    case = returning.case
    assert returning.browser.client.get(f"{case}/password").status_code == 400
    page = returning.browser.visit(f"{case}/app")
    app_key = pyotp.TOTP(key_on(page))
    assert key_on(returning.browser.visit(f"{case}/app")) == app_key.secret
    assert error_code(returning.browser.submit(otp="000000")) == "DD-AUTH-003"
    page = returning.browser.submit(otp=app_key.at(clock.now()))

    assert page.request.path == "/way-back/done/app"
    assert at(returning.browser.visit("/account")) == "login"
    assert "ung dung" in returning.post.messages()[0]
    assert "ứng dụng" in returning.post.letters()[0]
    now, day = clock.now(), timedelta(seconds=86_400)

    def proves(at):
        with provider.database.transaction() as session:
            return totp.verify(
                session,
                provider.audit,
                provider.sealer,
                citizen.id,
                otp=app_key.at(at),
                now=at,
            )

    assert proves(now + timedelta(hours=23)) is None
    assert proves(now + day) is not None
    with provider.database.read() as connection:
        events = provider.audit.recent(connection, citizen.id, 9)
    ended = next(event for event in events if event.type == "RecoveryEnded")
    assert ended.data == {"what": "factors", "proofs": ["chip", "pwd"]}


@on_each_backend
def test_card_and_face_set_a_password_or_a_phone(app, provider, card, citizen):
    """The face of the card's picture stands for what was forgotten."""
    for change in ("password", "phone"):
        returning = Returning.open(app, provider)
        returning.show_card(card, citizen.person.number)
        case = returning.case
        assert error_code(returning.show_face("other")) == "DD-FACE-001"
        returning.browser.visit(case)
        page = returning.show_face("same")
        assert f"{case}/{change}" in page.text
        if change == "password":
            assert returning.choose_password().status_code == 200
            continue
        returning.browser.visit(f"{case}/phone")
        returning.browser.submit(phone="0500 000 955")
        code = code_in(returning.post.messages(NEW_PHONE)[0])
        page = returning.browser.submit(otp=code)
        assert page.request.path == "/way-back/done/phone"
        assert "doi" in returning.post.messages(PHONE)[0]
        with provider.database.read() as connection:
            until = holds.held_until(connection, citizen.id, "sms", now=clock.now())
        assert until > clock.now() + timedelta(hours=23)


def test_nothing_of_the_photo_is_kept(provider, returning, card, citizen, caplog):
    """The picture of the card is sealed while the case lasts."""
    returning.show_card(card, citizen.person.number)
    kept = provider.ephemeral.get(f"recovery:{returning.case.rpartition('/')[2]}")
    assert kept["portrait"][0] in ("jpeg", "jp2")
    image = bytes.fromhex("ffd8ff")
    import base64

    assert not base64.b64decode(kept["portrait"][1]).startswith(image)
    with pytest.raises(SealError):
        provider.sealer.open(
            base64.b64decode(kept["portrait"][1]), context="recovery.portrait:other"
        )


def test_a_photo_must_be_one(returning, card, citizen):
    """Text, nothing at all, and a form from elsewhere are refused."""
    returning.show_card(card, citizen.person.number)
    address = f"{returning.case}/face"
    page = returning.browser.visit(address)
    token = re.search(r'csrf_token" value="([^"]*)"', page.text)[1]
    client = returning.browser.client
    empty = client.post(address, data={"csrf_token": token})
    assert error_code(empty) == "DD-FACE-002"
    foreign = client.post(address, data={"csrf_token": "0" * 64})
    assert error_code(foreign) == "DD-WEB-010"
    huge = client.post(address, data=b"x" * 5_000_000, content_type="text/plain")
    assert huge.status_code == 413


def test_a_service_that_is_silent_matches_nobody(
    provider, returning, card, citizen, monkeypatch
):
    """No answer is no match, and costs no try."""

    def silent(self, portrait, photo):
        raise FaceError(detail="timeout")

    returning.show_card(card, citizen.person.number)
    monkeypatch.setattr(type(provider.faces), "matches", silent)
    for _ in range(6):
        assert error_code(returning.show_face("same")) == "DD-FACE-503"
        returning.browser.visit(returning.case)
    assert error_code(returning.browser.visit(f"{returning.case}/app")) == "DD-BACK-001"


def test_faces_are_guessed_five_times(returning, card, citizen):
    """Then the right one has to wait as well."""
    returning.show_card(card, citizen.person.number)
    case = returning.case
    for _ in range(5):
        assert error_code(returning.show_face("other")) == "DD-FACE-001"
        returning.browser.visit(case)
    page = returning.show_face("same")
    assert error_code(page) == "DD-AUTH-002"
    assert page.status_code == 429


def test_no_face_without_a_card(provider, returning):
    """A letter and a photo are one proof and nothing."""
    citizen = prepare(provider, factors=("totp",))
    returning.forget(citizen.person.number)
    returning.prove("first", returning.post.code())
    page = returning.browser.visit(f"{returning.case}/face")
    assert error_code(page) == "DD-BACK-001"


def test_another_persons_card_is_no_proof(provider, returning, card):
    """A case of one number takes the card of that number only."""
    from tests.cards.people import DAO

    citizen = prepare(provider, factors=("totp",))
    other = create_citizen(provider, DAO)
    dao = issue(person=DAO)
    enrol(provider, other, dao)
    returning.forget(citizen.person.number)
    page = returning.press("/card")
    assert at(page) == "chip"
    from tests.integration.chip.agent import show_card

    page = show_card(returning.browser, chip_of(dao), number=DAO.number)
    assert error_code(page) == "DD-BACK-001"


def test_an_unknown_number_adopts_no_card(provider, returning, card, citizen):
    """A case that began with nobody's number stays nobody's."""
    from tests.integration.chip.agent import show_card, unknown_number

    returning.forget(unknown_number())
    page = returning.press("/card")
    page = show_card(returning.browser, chip_of(card), number=citizen.person.number)
    assert error_code(page) == "DD-BACK-001"


def test_a_letter_and_the_card_set_a_password(returning, card, citizen):
    """The forgotten password's other way round: card first, then the letter."""
    returning.show_card(card, citizen.person.number)
    case = returning.case
    returning.press("/send/email")
    page = returning.browser.submit(proof=returning.post.code())
    assert f"{case}/password" in page.text
    assert f"{case}/app" not in page.text
    assert error_code(returning.browser.visit(f"{case}/phone")) == "DD-BACK-001"


@on_each_backend
def test_of_parallel_changes_one_is_done(app, provider, returning, card, citizen):
    """A case is used up by its first change."""
    returning.show_card(card, citizen.person.number)
    returning.prove("pwd", PASSWORD)
    case = returning.case
    page = returning.browser.visit(f"{case}/app")
    token = re.search(r'csrf_token" value="([^"]*)"', page.text)[1]
    otp = pyotp.TOTP(key_on(page)).at(clock.now())
    cookie = returning.browser.client.get_cookie("dd_browser").value

    def post(_):
        client = app.test_client()
        client.set_cookie("dd_browser", cookie)
        return client.post(f"{case}/app", data={"csrf_token": token, "otp": otp})

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(16)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(303) == 1


def test_a_phone_of_another_account_is_not_set(provider, returning, card, citizen):
    """One number, one account; the case ends with it."""
    from tests.cards.people import DAO

    create_citizen(provider, DAO, phone=NEW_PHONE)
    returning.show_card(card, citizen.person.number)
    returning.prove("pwd", PASSWORD)
    returning.browser.visit(f"{returning.case}/phone")
    assert error_code(returning.browser.submit(phone="12")) == "DD-AUTH-006"
    returning.browser.submit(phone=NEW_PHONE)
    early = returning.browser.visit(f"{returning.case}/phone")
    assert error_code(returning.browser.submit(early, phone=NEW_PHONE)) == "DD-AUTH-004"
    returning.browser.visit(f"{returning.case}/phone?sent=1")
    assert error_code(returning.browser.submit(otp="000000")) == "DD-AUTH-003"
    returning.browser.visit(f"{returning.case}/phone?sent=1")
    code = code_in(returning.post.messages(NEW_PHONE)[0])
    assert error_code(returning.browser.submit(otp=code)) == "DD-BACK-002"


def test_no_other_device_vouches_on_the_way(returning):
    """A relayed QR code leads to no way back, nor to a sign-in beside it."""
    returning.browser.visit("/way-back")
    page = returning.browser.submit()
    transaction = page.request.path.rsplit("/", 1)[1]

    assert at(returning.browser.visit(f"/device/{transaction}")) != "device"


def test_wrong_passwords_are_counted_with_the_sign_in(returning, card, citizen):
    """Guessing here is guessing there."""
    returning.show_card(card, citizen.person.number)
    codes = [
        error_code(returning.prove("pwd", f"sai mật khẩu {number}"))
        for number in range(11)
    ]
    assert codes == ["DD-AUTH-005"] * 10 + ["DD-AUTH-002"]


def test_pages_say_where_they_lead(returning, client):
    """The start, from the sign-in page and from help."""
    page = returning.browser.visit("/account")
    assert 'href="/forgotten"' in page.text
    assert 'href="/way-back"' in page.text
    assert 'href="/way-back"' in returning.browser.visit("/help").text
    assert (
        error_code(returning.browser.visit("/way-back/done/nothing")) == "DD-BACK-001"
    )
    assert client.get("/sandbox/face/third.png").status_code == 404
