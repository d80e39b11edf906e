"""After seven days the hotline opens the time again, and sees no code and no data."""

from datetime import timedelta

import pytest

from idp import clock
from tests.driver import Browser, error_code
from tests.integration.activating import Activating, grant, state_of
from tests.integration.way_back import PHONE
from tests.services import BACKENDS
from tests.staff import sign_in_officer

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def operator(app, provider) -> Browser:
    browser = Browser(app.test_client())
    sign_in_officer(browser, provider, roles=["hotline"])
    return browser


def answers(citizen, **changes) -> dict[str, str]:
    """Return what the right caller says."""
    return {
        "personal_number": citizen.person.number,
        "full_name": "nguyen van an",
        "birth_date": "1/1/1999",
        "phone": "0" + PHONE.removeprefix("+84"),
    } | changes


def ask(operator: Browser, typed: dict[str, str]):
    text = operator.visit("/staff/hotline").text
    form = text.partition('action="/staff/hotline"')[2]
    token = form.partition('csrf_token" value="')[2].partition('"')[0]
    return operator.visit("/staff/hotline", data={"csrf_token": token, **typed})


@on_each_backend
def test_a_window_is_opened_and_used(app, provider, operator, monkeypatch) -> None:
    """Answers right, window open, holder told, look-up noted; then the usual steps."""
    citizen = grant(provider, ago=timedelta(days=30))
    activating = Activating.open(app, provider)

    page = ask(operator, answers(citizen))

    assert "Đã mở lại thời hạn" in page.text
    assert citizen.person.number not in page.text
    assert "mo lai" in activating.post.messages()[0]
    activating.prepare(citizen.person.number)
    activating.choose_passcode()
    assert state_of(provider, citizen.id)[0] == "active"
    with provider.database.read() as connection:
        events = provider.audit.recent(connection, citizen.id, 20)
    kinds = [event.type for event in events]
    assert {"OfficerLookedUp", "ActivationPermitted"} <= set(kinds)


def test_the_window_ends(app, provider, operator, monkeypatch) -> None:
    """After the hours of the setting it is as late as before."""
    citizen = grant(provider, ago=timedelta(days=30))
    ask(operator, answers(citizen))
    end = clock.now() + timedelta(seconds=provider.config.activation.permit)
    monkeypatch.setattr(clock, "now", lambda: end)
    activating = Activating.open(app, provider)

    activating.begin(citizen.person.number)

    assert "qua han" in activating.post.messages()[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"full_name": "nguyen van binh"},
        {"birth_date": "1999"},
        {"birth_date": "hôm qua"},
        {"phone": "0500000932"},
        {"phone": "không nhớ"},
    ],
)
def test_one_wrong_answer_opens_nothing(app, provider, operator, wrong) -> None:
    """Which one was wrong is not told; the look was noted all the same."""
    citizen = grant(provider, ago=timedelta(days=30))

    page = ask(operator, answers(citizen, **wrong))

    assert error_code(page) == "DD-ACT-003"
    with provider.database.read() as connection:
        events = provider.audit.recent(connection, citizen.id, 20)
    kinds = [event.type for event in events]
    assert "OfficerLookedUp" in kinds
    assert "ActivationPermitted" not in kinds


def test_only_what_waits_is_opened(provider, operator) -> None:
    """An active account, an unknown number and a slip of the keys open nothing."""
    citizen = grant(provider, state="active")

    found = [
        error_code(ask(operator, typed))
        for typed in (
            answers(citizen),
            answers(citizen, personal_number="999099054321"),
            answers(citizen, personal_number="12"),
        )
    ]

    assert found == ["DD-ACT-003", "DD-ACT-003", "DD-AUTH-006"]


def test_guessing_a_citizens_answers_ends(provider, operator) -> None:
    """Five wrong sets of answers, and the right one must wait."""
    citizen = grant(provider, ago=timedelta(days=30))
    for day in range(1, 6):
        ask(operator, answers(citizen, birth_date=f"{day}/2/1999"))

    assert error_code(ask(operator, answers(citizen))) == "DD-AUTH-002"


def test_it_is_the_hotlines_alone(app, provider) -> None:
    """Another officer is refused; whoever is no officer is asked to sign in."""
    desk = Browser(app.test_client())
    sign_in_officer(desk, provider, roles=["enrolment_officer"])
    assert desk.visit("/staff/hotline").status_code == 403
    page = Browser(app.test_client()).visit("/staff/hotline")
    assert page.request.path.startswith("/staff/sign-in")
