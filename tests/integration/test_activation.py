"""Activation: seven days, the registered phone, once, and alike for everyone."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp import clock
from idp.accounts.calendar import HANOI
from idp.accounts.lifecycle import place_lock
from idp.enrolment import activation
from idp.enrolment.activation import Candidate
from idp.factors.enrolled import list_enrolled
from idp.provider import build_provider
from tests.authenticator import Authenticator
from tests.driver import Browser, Portal, answer, at, error_code
from tests.integration.activating import DIGITS, Activating, grant, state_of
from tests.integration.chip.agent import unknown_number
from tests.integration.way_back import NEW_PASSWORD, PHONE
from tests.passkey_browser import PasskeyForm, sign_in
from tests.services import BACKENDS
from tests.statements import noted_hashes, noted_statements

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)
OTHER_PHONE = "+84500000932"


@pytest.fixture
def activating(app, provider) -> Activating:
    return Activating.open(app, provider)


def later(monkeypatch, **passed) -> None:
    now = clock.now() + timedelta(**passed)
    monkeypatch.setattr(clock, "now", lambda: now)


def bare(page) -> str:
    """Return a page without what is new each time: ids, times, tokens."""
    text = re.sub(r'value="[0-9a-f]{64}"', "", page.text)
    text = re.sub(r"/activate/[\w-]{30,}", "", text)
    text = re.sub(r'<span class="code">[0-9A-Z]{4}-[0-9A-Z]{4}</span>', "", text)
    return re.sub(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d \+07", "", text)


@on_each_backend
def test_number_phone_code_password_passcode(app, provider, activating) -> None:
    """The account is active; nobody is signed in before they sign in."""
    citizen = grant(provider)

    page = activating.prepare(citizen.person.number)
    assert "Độ mạnh mật khẩu của bạn: mạnh" in page.text
    assert state_of(provider, citizen.id) == ("granted", None, False)
    page = activating.choose_passcode()

    assert page.request.path == "/activate/done"
    assert activating.browser.client.get_cookie("dd_session") is None
    assert "kich hoat" in activating.post.messages()[0]
    state, activated_at, has_password = state_of(provider, citizen.id)
    assert (state, has_password) == ("active", True)
    assert activated_at
    browser = Browser(app.test_client())
    browser.visit("/account")
    number = citizen.person.number
    page = browser.submit(personal_number=number, password=NEW_PASSWORD)
    assert at(page) == "otp", "the proven phone is a second factor now"
    with provider.database.read() as connection:
        events = provider.audit.recent(connection, citizen.id, 9)
    assert {"AccountActivated", "StateChanged", "PasswordChanged"} <= {
        event.type for event in events
    }


@on_each_backend
def test_a_passkey_is_chosen_instead_and_signs_in(app, provider, activating) -> None:
    """It becomes the account's own passkey, with level 2 by one press at a portal."""
    citizen = grant(provider, level=2)
    device = Authenticator(origin=provider.config.issuer)
    activating.begin(citizen.person.number)
    activating.prove()
    with noted_hashes() as hashes:
        page = activating.choose_password()
    assert hashes == ["hash"]
    form = PasskeyForm(activating.browser.client, page)

    page = form.post(activating.browser, device.create(form.options()))

    assert page.request.path == "/activate/done", page.text
    assert state_of(provider, citizen.id)[0] == "active"
    with provider.database.read() as connection:
        held = {item.kind for item in list_enrolled(connection, citizen.id)}
    assert held == {"passkey", "sms"}, "no passcode beside it"
    portal = Portal.register(
        provider, "bank", default_acr_values=["urn:dinhdanh:acr:2.2"]
    )
    browser = Browser(app.test_client())
    browser.visit(portal.url())
    page = sign_in(browser, device)
    if at(page) == "consent":
        page = browser.submit(decision="allow")
    claims = portal.redeem(browser.client, answer(page)["code"])["claims"]
    assert claims["acr"] == "urn:dinhdanh:acr:2.2"
    assert claims["amr"] == ["hwk", "user", "mfa"]


@on_each_backend
def test_everyone_gets_the_same_answer(app, provider, monkeypatch) -> None:
    """Unknown, another phone, not granted, active, locked, late or all in order."""
    numbers = [unknown_number()]
    people = {
        "granted": {},
        "other phone": {"phone": OTHER_PHONE},
        "submitted": {"state": "submitted"},
        "active": {"state": "active"},
        "locked": {},
        "late": {"ago": timedelta(days=9)},
    }
    from tests.integration.activating import another

    for place, (name, changes) in enumerate(people.items()):
        number = f"99909900{place:04}"
        phone = changes.pop("phone", f"+8450000094{place}")
        made = grant(provider, person=another(number), phone=phone, **changes)
        if name == "locked":
            with provider.database.transaction() as session:
                place_lock(
                    session,
                    provider.audit,
                    made.id,
                    ground="card_held",
                    asker="agency",
                    now=clock.now(),
                )
        numbers.append(number)
    # Sending is the courier's, behind the answer: it is not part of the cost.
    provider.courier.wait()
    sent = []
    monkeypatch.setattr(provider.courier, "later", lambda errand: sent.append(1))
    seen = []
    for place, number in enumerate(numbers):
        activating = Activating.open(app, provider)
        activating.browser.visit("/activate")
        parts = []
        with noted_hashes() as hashes, noted_statements() as statements:
            page = activating.browser.submit(
                personal_number=number, phone=f"+8450000094{place - 1 if place else 0}"
            )
        parts += [bare(page), page.status_code, len(statements), hashes]
        case = activating.case
        with noted_hashes() as hashes, noted_statements() as statements:
            page = activating.browser.submit(otp="000000")
        parts += [bare(page), page.status_code, len(statements), hashes]
        parts.append(error_code(page))
        for path in ("password", "second"):
            page = activating.browser.visit(f"{case}/{path}")
            parts += [bare(page), page.status_code]
        seen.append(parts)

    assert all(parts == seen[0] for parts in seen)
    assert seen[0][8] == "DD-ACT-002"
    assert (seen[0][3], seen[0][7]) == ([], [])
    assert len(sent) == len(numbers)


@on_each_backend
def test_the_seventh_day_is_the_last(app, provider, activating, monkeypatch) -> None:
    """Until midnight in Viet Nam; the phone is told that it is late, nothing more."""
    citizen = grant(provider)
    granted = clock.now().astimezone(HANOI)
    last = datetime.combine(
        granted.date() + timedelta(days=8), datetime.min.time(), HANOI
    )
    monkeypatch.setattr(clock, "now", lambda: last)
    activating.begin(citizen.person.number)
    assert "qua han" in activating.post.messages()[0]
    assert not re.search(r"\b\d{6}\b", activating.post.messages()[0])

    monkeypatch.setattr(clock, "now", lambda: last - timedelta(seconds=1))
    activating.begin(citizen.person.number)
    page = activating.prove()
    assert page.request.path.endswith("/password")


def test_an_active_account_is_told_to_its_phone_alone(provider, activating) -> None:
    """Whoever tries it with number and phone reads the same page as ever."""
    citizen = grant(provider, state="active")

    page = activating.begin(citizen.person.number)

    assert page.request.path.endswith("/code")
    assert "da hoat dong" in activating.post.messages()[0]


def test_the_rules_of_both_secrets(provider, activating) -> None:
    """Weak, personal and differing ones are refused, with the strength in words."""
    citizen = grant(provider)
    activating.begin(citizen.person.number)
    activating.prove()
    found = [
        error_code(activating.browser.submit(password=text, again=again))
        for text, again in (
            ("", ""),
            ("ngan-qua", "ngan-qua"),
            ("nguyenvanan-2026-x", "nguyenvanan-2026-x"),
            ("toiyeuvietnam1", "toiyeuvietnam1"),
            (NEW_PASSWORD, "khác"),
        )
    ]
    assert found == [f"DD-AUTH-0{code}" for code in ("06", "41", "42", "43", "44")]
    page = activating.choose_password("toiyeuvietnam1")
    assert "Độ mạnh của mật khẩu này" in page.text
    activating.choose_password()
    refused = [
        error_code(activating.choose_passcode(digits))
        for digits in ("123456", "010199", citizen.person.number[2:8])
    ]
    assert refused == ["DD-AUTH-046", "DD-AUTH-047", "DD-AUTH-047"]
    assert state_of(provider, citizen.id)[0] == "granted"


def test_no_step_is_skipped(app, provider, activating) -> None:
    """Before the code no password, before it no passcode, elsewhere nothing."""
    citizen = grant(provider)
    activating.begin(citizen.person.number)
    case = activating.case
    for path in ("password", "second"):
        page = activating.browser.visit(f"{case}/{path}")
        assert error_code(page) == "DD-ACT-001"
    activating.browser.visit(f"{case}/code")
    activating.prove()
    assert error_code(activating.browser.visit(f"{case}/second")) == "DD-ACT-001"
    assert activating.browser.visit(f"{case}/code").request.path.endswith("/password")
    stranger = Browser(app.test_client())
    stranger.visit("/activate")
    assert error_code(stranger.visit(f"{case}/password")) == "DD-ACT-001"
    assert error_code(stranger.visit(case)) == "DD-ACT-001"


def test_a_killed_process_loses_nothing(
    config, app, provider, activating, monkeypatch
) -> None:
    """Another process goes on with each step; what was half done is not there."""
    from idp.app import create_app

    citizen = grant(provider)
    activating.begin(citizen.person.number)
    activating.prove()
    activating.choose_password()
    monkeypatch.setattr(
        "idp.factors.sms.enrol", lambda *_, **__: (_ for _ in ()).throw(SystemExit)
    )
    with pytest.raises(SystemExit):
        activating.choose_passcode()
    monkeypatch.undo()
    assert state_of(provider, citizen.id) == ("granted", None, False)

    other = build_provider(config)
    try:
        client = create_app(provider=other).test_client()
        for name in ("dd_browser",):
            cookie = activating.browser.client.get_cookie(name)
            client.set_cookie(name, cookie.value)
        again = Browser(client)
        page = again.visit("/activate")
        begun = re.search(r'href="(/activate/[\w-]{30,})"', page.text)
        assert begun
        page = again.visit(begun[1])
        assert page.request.path.endswith("/second")
        page = again.submit(passcode=DIGITS, again=DIGITS)
        assert page.request.path == "/activate/done"
    finally:
        other.courier.wait()
        other.database.close()
        other.ephemeral.close()
    assert state_of(provider, citizen.id)[0] == "active"


@on_each_backend
def test_of_two_activations_one_wins(app, provider) -> None:
    """Two browsers at the last step at once: one password is the account's."""
    citizen = grant(provider)
    both = []
    for password in ("thuyền giấy trôi qua cầu", "mưa rơi trên mái tôn cũ"):
        one = Activating.open(app, provider)
        one.begin(citizen.person.number)
        one.prove()
        page = one.choose_password(password)
        provider.ephemeral.drop(
            *[
                f"sms-wait:{citizen.id}:activate:activate:{one.case.rpartition('/')[2]}",
            ]
        )
        assert page.request.path.endswith("/second")
        both.append((one, password))

    with ThreadPoolExecutor(2) as pool:
        pages = list(pool.map(lambda item: item[0].choose_passcode(), both))

    ends = sorted(error_code(page) or page.request.path for page in pages)
    assert ends == ["/activate/done", "DD-ACT-001"]
    winner = next(
        password
        for (_, password), page in zip(both, pages, strict=True)
        if page.request.path == "/activate/done"
    )
    browser = Browser(app.test_client())
    browser.visit("/account")
    page = browser.submit(personal_number=citizen.person.number, password=winner)
    assert at(page) == "otp"


def test_a_second_press_is_told_that_it_is_done(provider, activating) -> None:
    """The browser shows the answer of the second press, so that must be right too."""
    citizen = grant(provider)
    page = activating.prepare(citizen.person.number)
    case = provider.ephemeral.get(f"activation:{activating.case.rpartition('/')[2]}")
    activating.browser.submit(page, passcode=DIGITS, again=DIGITS)
    provider.ephemeral.put(f"activation:{case['id']}", case, ttl=60)

    again = activating.browser.submit(page, passcode=DIGITS, again=DIGITS)

    assert again.request.path == "/activate/done"


def test_a_lock_that_came_meanwhile_holds(provider, activating) -> None:
    """Nothing is half activated."""
    citizen = grant(provider)
    activating.prepare(citizen.person.number)
    with provider.database.transaction() as session:
        place_lock(
            session,
            provider.audit,
            citizen.id,
            ground="death",
            asker="agency",
            now=clock.now(),
        )

    assert error_code(activating.choose_passcode()) == "DD-ACT-001"
    assert state_of(provider, citizen.id) == ("granted", None, False)


def test_guessing_the_code_ends(provider, activating) -> None:
    """Five wrong ones, whatever the browser; then not even the right one."""
    citizen = grant(provider)
    activating.begin(citizen.person.number)
    seen = [error_code(activating.browser.submit(otp=f"00000{n}")) for n in range(5)]
    page = activating.prove()

    assert seen == ["DD-ACT-002"] * 5
    assert (error_code(page), page.status_code) == ("DD-AUTH-002", 429)


def test_beginning_too_often_waits(provider, activating) -> None:
    """Nobody floods a phone, nor asks for number after number."""
    citizen = grant(provider)
    limit = provider.config.throttle.recoveries_per_account
    pages = [activating.begin(citizen.person.number) for _ in range(limit + 1)]

    assert [page.status_code for page in pages] == [200] * limit + [429]


def test_a_stranger_uses_up_nobody_s_tries(app, provider, activating) -> None:
    """Beginnings, messages and codes with number and phone, from elsewhere."""
    citizen = grant(provider)
    stranger = Activating.open(app, provider)
    stranger.browser.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    limit = provider.config.throttle.recoveries_per_account
    for _ in range(limit):
        stranger.begin(citizen.person.number)
        stranger.browser.submit(otp="000000")
    assert stranger.begin(citizen.person.number).status_code == 429

    activating.prepare(citizen.person.number)
    activating.choose_passcode()
    assert state_of(provider, citizen.id)[0] == "active"


def test_what_is_no_number_or_phone_is_said(provider, activating) -> None:
    """Such a mistake is of the form, and of nobody."""
    citizen = grant(provider)
    for number, phone in (("12", PHONE), (citizen.person.number, "12")):
        page = activating.begin(number, phone)
        assert (error_code(page), page.status_code) == ("DD-AUTH-006", 422)


MOMENTS = st.integers(0, 48_000_000).map(  # five and a half years of seconds
    lambda passed: datetime(2024, 7, 1, tzinfo=HANOI) + timedelta(seconds=passed)
)


@given(
    noticed=st.none() | MOMENTS,
    now=MOMENTS,
    permitted=st.none() | MOMENTS,
    state=st.sampled_from(("submitted", "in_review", "granted", "active", "closed")),
    is_locked=st.booleans(),
    phone=st.sampled_from((PHONE, OTHER_PHONE, None)),
)
def test_nobody_else_activates(noticed, now, permitted, state, is_locked, phone):
    """The registered phone alone, a granted account, no lock, in time or by permit."""
    found = Candidate(
        account_id=activation.UUID(int=1),
        state=state,
        phone=PHONE,
        is_locked=is_locked,
        noticed_at=noticed,
        permitted_until=permitted,
    )

    refused = activation.refusal(found, phone, days=7, now=now)

    in_time = (
        noticed is None
        or now.date() <= noticed.date() + timedelta(days=7)
        or (permitted is not None and now < permitted)
    )
    may = state == "granted" and not is_locked and phone == PHONE and in_time
    assert (refused is None) == may
    assert phone == PHONE or refused == "phone"
