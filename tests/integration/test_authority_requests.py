"""Authorities' requests: two officers, two terms, at once in effect."""

import re
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from idp import clock
from idp.accounts.calendar import HANOI, Calendar
from idp.accounts.lifecycle import live_locks
from idp.locks import placing
from idp.locks.models import AuthorityRequest
from tests.driver import Browser, _Forms, at, error_code
from tests.integration.way_back import Post, prepare
from tests.services import BACKENDS
from tests.staff import sign_in_officer

ROLE = ("lock_officer",)
LETTER = {
    "change": "lock",
    "ground": "authority_request",
    "authority": "Cơ quan cảnh sát điều tra",
    "document": "12/CV 20/11/2026",
    "matter": "Vụ án <số 7>",
}


@pytest.fixture
def citizen(provider):
    return prepare(provider)


@pytest.fixture
def officers(app, provider) -> tuple[Browser, Browser]:
    """Return two officers' browsers, signed in."""
    browsers = (Browser(app.test_client()), Browser(app.test_client()))
    for number, browser in enumerate(browsers):
        sign_in_officer(browser, provider, roles=ROLE, name=f"Officer {number}")
    return browsers


def send(browser: Browser, **typed: str):
    """Send the last form that has a field or button of the first name typed."""
    parser = _Forms()
    parser.feed(browser.page.text)
    form = parser.forms[-1]
    if "decision" in typed:
        button = ("decision", typed["decision"])
        form = next(form for form in parser.forms if button in form.buttons)
    data = dict(form.fields) | typed
    return browser.visit(form.action or browser.page.request.path, data=data)


def enter(browser: Browser, number: str, **changes: str):
    browser.visit("/staff/locks")
    return send(browser, personal_number=number, **(LETTER | changes))


def token_of(page) -> str:
    """Return the token of the page's last form."""
    parser = _Forms()
    parser.feed(page.text)
    return dict(parser.forms[-1].fields)["csrf_token"]


def locks(provider, citizen) -> tuple[str, ...]:
    with provider.database.read() as connection:
        return live_locks(connection, citizen.id)


def kept(provider) -> AuthorityRequest:
    with provider.database.transaction() as session:
        return session.scalars(sa.select(AuthorityRequest)).one()


def kept_by(provider):
    """Return who decided the first request."""
    query = sa.select(AuthorityRequest.decided_by).order_by(
        AuthorityRequest.received_at
    )
    with provider.database.read() as connection:
        return connection.execute(query.limit(1)).scalar_one()


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_enters_and_another_decides(app, provider, citizen, officers) -> None:
    """The lock acts at once, the holder is told, and the same way it is lifted."""
    first, second = officers
    victim = Browser(app.test_client())
    victim.visit("/account")
    victim.submit(**citizen.entry)
    page = enter(first, citizen.person.number)
    address = page.request.path
    assert "Vụ án &lt;số 7&gt;" in page.text
    for decision in ("agree", "refuse"):
        early = second.visit(address)
        token = token_of(early)
        data = {"csrf_token": token, "decision": decision, "reasons": "x"}
        assert error_code(second.visit(address, data=data)) == "DD-LOCK-005"
    first.visit(address)
    page = send(first, decision="forward")
    token = token_of(first.visit(address))
    own = first.visit(address, data={"csrf_token": token, "decision": "agree"})
    assert error_code(own) in ("DD-LOCK-005", "DD-WEB-010")
    assert locks(provider, citizen) == ()

    second.visit(address)
    page = send(second, decision="agree")

    assert locks(provider, citizen) == ("authority_request",)
    assert at(victim.visit("/account")) == "login"
    assert error_code(victim.submit(**citizen.entry)) == "DD-AUTH-027"
    assert "bị khóa" in Post(provider).letters()[0]
    assert LETTER["authority"] in page.text
    page = enter(second, citizen.person.number, change="unlock")
    address = page.request.path
    send(second, decision="forward")
    first.visit(address)
    send(first, decision="agree")
    assert locks(provider, citizen) == ()
    with provider.database.read() as connection:
        events = provider.audit.recent(connection, citizen.id, 50)
    assert {"OfficerLookedUp", "AuthorityAsked", "AuthorityAnswered"} <= {
        entry.type for entry in events
    }


def test_the_notice_tells_that_other_locks_hold(provider, citizen, officers) -> None:
    """What ended is told, that it stays locked too, and not on which ground."""
    first, second = officers
    for ground, asker in (
        ("terms_breach", "agency"),
        ("authority_request", "authority"),
    ):
        with provider.database.transaction() as session:
            placing.lock(
                provider,
                session,
                citizen.id,
                ground=ground,
                asker=asker,
                now=clock.now(),
            )
    page = enter(first, citizen.person.number, change="unlock")
    send(first, decision="forward")
    second.visit(page.request.path)
    send(second, decision="agree")

    assert locks(provider, citizen) == ("terms_breach",)
    letter, message = Post(provider).letters()[0], Post(provider).messages()[0]
    assert "vẫn bị khóa vì lý do khác" in letter
    assert "van bi khoa vi ly do khac" in message
    assert "mở khóa" not in letter
    assert "điều khoản" not in letter


@pytest.mark.parametrize("ground", ["terms_breach", "card_held", "death"])
def test_an_office_asks_on_a_ground_of_its_own(
    provider, citizen, officers, ground
) -> None:
    """The same two officers; who decided is in the audit; nobody writes of a death."""
    first, second = officers
    for change, expected in (("lock", (ground,)), ("unlock", ())):
        page = enter(first, citizen.person.number, change=change, ground=ground)
        send(first, decision="forward")
        second.visit(page.request.path)
        send(second, decision="agree")
        assert locks(provider, citizen) == expected
    letters = [one for one in Post(provider).letters() if "bị khóa" in one]
    assert len(letters) == (ground != "death")
    with provider.database.read() as connection:
        placed = [
            entry.data
            for entry in provider.audit.recent(connection, citizen.id, 50)
            if entry.type == "LockPlaced"
        ]
    assert placed[0]["asker"] == "agency"
    assert placed[0]["by"] == str(kept_by(provider))
    wrong = enter(first, citizen.person.number, ground="card_expired")
    assert error_code(wrong) == "DD-AUTH-006"


def test_a_refusal_has_reasons(provider, citizen, officers) -> None:
    """Without them nothing is decided; with them they stand in the answer."""
    first, second = officers
    address = enter(first, citizen.person.number).request.path
    send(first, decision="forward")
    page = second.visit(address)
    token = token_of(page)
    refuse = {"csrf_token": token, "decision": "refuse"}
    page = second.visit(address, data=refuse | {"reasons": " "})
    assert error_code(page) == "DD-AUTH-006"
    page = second.visit(address, data=refuse | {"reasons": "Sai thẩm quyền"})
    assert "Sai thẩm quyền" in page.text
    assert "đã bị từ chối" in Post(provider).letters()[0], "the holder is told too"
    assert locks(provider, citizen) == ()
    again = second.visit(address, data=refuse | {"reasons": "Sai thẩm quyền"})
    assert error_code(again) == "DD-LOCK-005"


def test_the_terms_are_working_days(provider, citizen, officers) -> None:
    """One to forward, two to decide, each to the end of its last day."""
    first, _ = officers
    enter(first, citizen.person.number)
    send(first, decision="forward")
    request = kept(provider)
    calendar = Calendar.of(provider.config.enrolment)
    today = request.received_at.astimezone(HANOI).date()

    def end(days: int) -> datetime:
        last = calendar.after(today, days) + timedelta(days=1)
        return datetime(last.year, last.month, last.day, tzinfo=HANOI)

    assert request.forward_by == end(1)
    assert request.decide_by == end(2)


def test_an_overdue_request_is_marked(provider, citizen, officers) -> None:
    """The list says so."""
    first, _ = officers
    enter(first, citizen.person.number)
    with provider.database.transaction() as session:
        past = clock.now() - timedelta(minutes=1)
        session.execute(sa.update(AuthorityRequest).values(forward_by=past))
    assert "tag bad" in first.visit("/staff/locks").text
    assert "Yêu cầu khóa, mở khóa đã quá hạn" in first.visit("/staff").text


@pytest.mark.parametrize("missing", ["personal_number", "authority", "matter"])
def test_a_letter_is_whole(provider, citizen, officers, missing) -> None:
    """The field is marked, and the others stay as typed."""
    first, _ = officers
    first.visit("/staff/locks")
    typed = LETTER | {"personal_number": citizen.person.number} | {missing: " "}
    page = send(first, **typed)
    assert error_code(page) == "DD-AUTH-006"
    assert LETTER["document"] in page.text


def test_an_unknown_number_is_told_to_the_officer(provider, officers) -> None:
    """And the look is written down."""
    first, _ = officers
    for number in ("001085999222", "12"):
        assert error_code(enter(first, number)) == "DD-LOCK-006"


def test_other_roles_do_not_see_them(app, provider, citizen) -> None:
    """A reviewer opens neither list nor request."""
    browser = Browser(app.test_client())
    sign_in_officer(browser, provider, roles=("reviewer",))
    assert browser.visit("/staff/locks").status_code == 403


def test_a_correction_is_answered_on_the_officers_page(app, provider, citizen) -> None:
    """The holder reads it; the look is in the holder's history."""
    holder = Browser(app.test_client())
    holder.visit("/account/rights")
    page = holder.submit(**citizen.entry)
    found = re.search(
        r'/correction".*?csrf_token" value="([^"]*)', page.text, re.DOTALL
    )
    token = found[1]
    data = {"csrf_token": token, "text": "Sai ngày sinh"}
    holder.visit("/account/rights/correction", data=data)
    officer = Browser(app.test_client())
    sign_in_officer(officer, provider, roles=("reviewer",))
    assert "Đề nghị sửa dữ liệu cần trả lời" in officer.visit("/staff").text
    page = officer.visit("/staff/corrections")
    assert "Sai ngày sinh" in page.text
    assert error_code(send(officer, answer=" ")) == "DD-AUTH-006"
    officer.visit("/staff/corrections")
    page = send(officer, answer="Đã chuyển nơi đăng ký")
    assert "Sai ngày sinh" not in page.text
    assert "Đã chuyển nơi đăng ký" in holder.visit("/account/rights").text
