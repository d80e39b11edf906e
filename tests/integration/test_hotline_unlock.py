"""The hotline lets the holder open the own lock, by codes no operator sees."""

from datetime import timedelta

import pytest

from clients.reader.virtual.profiles import Profile
from idp import clock
from idp.accounts.lifecycle import live_locks
from idp.locks import placing
from tests.driver import Browser, error_code
from tests.integration.chip.people import enrol, issue, trust
from tests.integration.test_hotline import answers
from tests.integration.way_back import Post, Returning, code_in, prepare
from tests.services import BACKENDS
from tests.staff import sign_in_officer

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)
REFUSED = "DD-LOCK-007"


@pytest.fixture
def operator(app, provider) -> Browser:
    browser = Browser(app.test_client())
    sign_in_officer(browser, provider, roles=["hotline"])
    return browser


@pytest.fixture
def citizen(provider):
    return prepare(provider, factors=("sms",))


def lock(provider, citizen, ground="holder_request", asker="holder") -> None:
    with provider.database.transaction() as session:
        placing.lock(
            provider,
            session,
            citizen.id,
            ground=ground,
            asker=asker,
            now=clock.now(),
        )


def locks(provider, citizen) -> tuple[str, ...]:
    with provider.database.read() as connection:
        return live_locks(connection, citizen.id)


def events(provider, citizen) -> list[str]:
    with provider.database.read() as connection:
        found = provider.audit.recent(connection, citizen.id, 30)
    return [event.type for event in found]


def ask(operator: Browser, typed: dict[str, str], page="/staff/hotline/unlock"):
    form = operator.visit(page).text.partition(f'action="{page}"')[2]
    token = form.partition('csrf_token" value="')[2].partition('"')[0]
    return operator.visit(page, data={"csrf_token": token, **typed})


def begin(app, provider, citizen) -> Returning:
    """Type the number, and the code that comes by e-mail."""
    returning = Returning.open(app, provider)
    returning.forget(citizen.person.number)
    returning.browser.submit(proof=returning.post.code())
    return returning


def by_phone(returning: Returning) -> None:
    """Have a code sent to the phone, and type it."""
    returning.browser.visit(returning.case)
    returning.press("/send/sms")
    returning.browser.submit(proof=code_in(returning.post.messages()[0]))


@on_each_backend
def test_the_holder_opens_it_with_both_codes(app, provider, operator, citizen) -> None:
    """Right answers alone open nothing; phone and mailbox do, once, and all is told."""
    lock(provider, citizen)

    page = ask(operator, answers(citizen))

    assert "Mọi câu trả lời đều đúng" in page.text
    assert citizen.person.number not in page.text
    assert locks(provider, citizen) == ("holder_request",), (
        "a phone's thief knows these"
    )
    post = Post(provider)
    assert "cho phep mo khoa" in post.messages()[0]
    assert "http" not in post.messages()[0]
    assert "/freeze/" in post.letters()[0], "if that was not the holder"
    returning = begin(app, provider, citizen)
    assert "/unlock" not in returning.browser.page.text, "one code is not enough"
    by_phone(returning)
    page = returning.press("/unlock")
    assert page.request.path == "/unlocked"
    assert locks(provider, citizen) == ()
    assert "mở khóa" in post.letters()[0]
    assert {"OfficerLookedUp", "UnlockPermitted", "LockLifted", "RecoveryEnded"} <= set(
        events(provider, citizen)
    )
    lock(provider, citizen)
    again = begin(app, provider, citizen)
    by_phone(again)
    assert "/unlock" not in again.browser.page.text, "the word was used"


def test_the_codes_alone_open_nothing(app, provider, citizen) -> None:
    """Without the hotline's word neither the page nor its address does."""
    lock(provider, citizen)
    returning = begin(app, provider, citizen)
    by_phone(returning)
    page = returning.browser.page
    assert "/unlock" not in page.text
    token = page.text.partition('csrf_token" value="')[2].partition('"')[0]
    refused = returning.browser.visit(
        f"{returning.case}/unlock", data={"csrf_token": token}
    )
    assert error_code(refused) == "DD-BACK-001"
    assert locks(provider, citizen) == ("holder_request",)


def test_without_a_mailbox_it_takes_the_card(app, provider, operator) -> None:
    """The phone alone is the thief's too: card and phone open it."""
    citizen = prepare(provider, factors=("sms",), email=None, email_verified=False)
    trust(provider)
    card = issue(Profile(active="ecdsa"))
    enrol(provider, citizen, card)
    lock(provider, citizen)
    ask(operator, answers(citizen))
    phone = Returning.open(app, provider)
    phone.forget(citizen.person.number)
    page = phone.browser.submit(proof=code_in(phone.post.messages()[0]))
    assert "/unlock" not in page.text

    returning = Returning.open(app, provider)
    page = returning.show_card(card, citizen.person.number)
    assert "/unlock" not in page.text
    by_phone(returning)
    assert returning.press("/unlock").request.path == "/unlocked"
    assert locks(provider, citizen) == ()


def test_it_was_not_me(app, provider, operator, citizen) -> None:
    """The letter's link takes the word back, at any step of whoever uses it."""
    lock(provider, citizen)
    ask(operator, answers(citizen))
    link = Post(provider).link()
    thief = begin(app, provider, citizen)
    by_phone(thief)
    assert "/unlock" in thief.browser.page.text
    holder = Browser(app.test_client())
    holder.visit(link)
    assert holder.submit().request.path == "/locked"

    assert error_code(thief.press("/unlock")) == "DD-BACK-001"
    assert locks(provider, citizen) == ("holder_request",)
    assert "UnlockPermitWithdrawn" in events(provider, citizen)


def test_the_word_runs_out(app, provider, operator, citizen, monkeypatch) -> None:
    """After the hours of the setting it is worth nothing."""
    lock(provider, citizen)
    ask(operator, answers(citizen))
    end = clock.now() + timedelta(seconds=provider.config.locks.hotline_permit)
    monkeypatch.setattr(clock, "now", lambda: end)

    returning = begin(app, provider, citizen)
    by_phone(returning)

    assert "/unlock" not in returning.browser.page.text


@pytest.mark.parametrize(
    "wrong",
    [{"full_name": "nguyen van binh"}, {"birth_date": "1999"}, {"phone": "0500000932"}],
)
def test_one_wrong_answer_lifts_nothing(provider, operator, citizen, wrong) -> None:
    """Which one was wrong is not told; the look was noted all the same."""
    lock(provider, citizen)

    assert error_code(ask(operator, answers(citizen, **wrong))) == REFUSED
    assert locks(provider, citizen) == ("holder_request",)
    assert "OfficerLookedUp" in events(provider, citizen)


@pytest.mark.parametrize(
    ("ground", "asker"),
    [("card_held", "system"), ("authority_request", "authority")],
)
def test_no_other_ground_is_the_hotlines(
    provider, operator, citizen, ground, asker
) -> None:
    """Alone or beside the holder's own it holds on, and so does that."""
    lock(provider, citizen, ground, asker)
    assert error_code(ask(operator, answers(citizen))) == REFUSED
    lock(provider, citizen)
    assert error_code(ask(operator, answers(citizen))) == REFUSED

    assert set(locks(provider, citizen)) == {ground, "holder_request"}


@pytest.mark.parametrize("page", ["/staff/hotline", "/staff/hotline/unlock"])
def test_operators_do_not_help_themselves(app, provider, citizen, page) -> None:
    """Every answer is right, since it is their own account."""
    lock(provider, citizen)
    own = Browser(app.test_client())
    number = citizen.person.number
    sign_in_officer(own, provider, roles=["hotline"], number=number)

    assert error_code(ask(own, answers(citizen), page)) == "DD-STAFF-006"
    assert locks(provider, citizen) == ("holder_request",)


def test_what_is_not_locked_reads_the_same(provider, operator, citizen) -> None:
    """Neither an open account nor an unknown number is told apart."""
    typed = answers(citizen)
    unknown = typed | {"personal_number": "999099054321"}
    assert error_code(ask(operator, typed)) == REFUSED
    assert error_code(ask(operator, unknown)) == REFUSED
    slip = ask(operator, typed | {"personal_number": "12"})
    assert error_code(slip) == "DD-AUTH-006"


def test_guesses_count_on_both_pages_together(provider, operator, citizen) -> None:
    """Five wrong sets of answers, and the right one must wait."""
    lock(provider, citizen)
    for day in range(1, 6):
        ask(operator, answers(citizen, birth_date=f"{day}/2/1999"))

    assert error_code(ask(operator, answers(citizen))) == "DD-AUTH-002"
    assert locks(provider, citizen) == ("holder_request",)


def test_it_is_the_hotlines_alone(app, provider) -> None:
    """Another officer is refused."""
    other = Browser(app.test_client())
    sign_in_officer(other, provider, roles=["lock_officer"])
    assert other.visit("/staff/hotline/unlock").status_code == 403
