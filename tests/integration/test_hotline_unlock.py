"""The hotline lifts the holder's own lock after its questions, and no other."""

import pytest

from idp import clock
from idp.accounts.lifecycle import live_locks
from idp.locks import placing
from tests.driver import Browser, at, error_code
from tests.integration.test_hotline import answers
from tests.integration.way_back import Post, prepare
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
    return prepare(provider)


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


@on_each_backend
def test_the_holders_lock_is_lifted(app, provider, operator, citizen) -> None:
    """Right answers: lifted, noted, audited, told at phone and mailbox; signs in."""
    lock(provider, citizen)

    page = ask(operator, answers(citizen))

    assert "Đã mở khóa tài khoản" in page.text
    assert citizen.person.number not in page.text
    assert locks(provider, citizen) == ()
    assert {"OfficerLookedUp", "LockLifted", "UnlockedByHotline"} <= set(
        events(provider, citizen)
    )
    post = Post(provider)
    assert "mo khoa" in post.messages()[0]
    assert "mở khóa" in post.letters()[0]
    assert "/freeze/" in post.letters()[0], "if that was not the holder"
    browser = Browser(app.test_client())
    browser.visit("/account")
    assert at(browser.submit(**citizen.entry)) == "account"
    assert "Tổng đài đã mở khóa" in browser.visit("/account/history").text


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
