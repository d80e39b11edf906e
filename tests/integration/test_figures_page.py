"""The figures page for leaders, through HTTP, and what a sign-in leaves in it."""

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from idp import clock
from idp.figures import usage
from idp.figures.models import FunnelCount, UsageRecord
from idp.provider import Provider
from tests.driver import Browser, Portal, answer, citizen
from tests.staff import sign_in_officer


@pytest.fixture
def leader(client: FlaskClient, provider: Provider) -> Browser:
    browser = Browser(client)
    sign_in_officer(browser, provider, roles=("leader",))
    return browser


def use(provider: Provider, client_id: str, times: int) -> None:
    with provider.database.transaction() as session:
        for _ in range(times):
            usage.record(
                session,
                account_id=uuid4(),
                client_id=client_id,
                outcome="success",
                level=2,
                now=clock.now() - timedelta(days=1),
            )


@pytest.mark.parametrize("language", ["vi", "en"])
def test_leaders_see_figures_with_a_table_behind_each_chart(
    leader: Browser, provider: Provider, language: str
) -> None:
    """Every bar is a row, the chart of days has its table, nothing small is told."""
    portal = Portal.register(provider, "tax")
    use(provider, portal.client_id, 30)
    use(provider, "gone", 4)

    page = leader.visit(f"/staff/figures?lang={language}")

    assert page.status_code == 200
    heading = {"vi": "Số liệu", "en": "Figures"}[language]
    assert f"<h1>{heading}</h1>" in page.text
    assert page.text.count('<table class="bars"') == 9
    assert "<details" not in page.text, "on paper nobody can open it"
    assert '<table class="days"' in page.text
    assert "style=" not in page.text
    assert "<script" not in page.text
    told = leader.visit("/staff/figures.json").get_json()
    assert told["portals"] == {portal.client_id: 30}
    assert sum(count for count in told["days"].values() if count != "<10") == 30


def test_another_month_can_be_asked_for(leader: Browser, provider: Provider) -> None:
    """What is no month is the current one."""
    before = leader.visit("/staff/figures.json?month=2026-01").get_json()
    wrong = leader.visit("/staff/figures.json?month=2026-13").get_json()

    assert (before["month"], before["is_month_over"]) == ("2026-01", True)
    assert wrong["is_month_over"] is False
    page = leader.visit("/staff/figures?month=2026-01").text
    assert "month=2025-12#month" in page
    assert "month=2026-02#month" in page


@pytest.mark.parametrize("path", ["/staff/figures", "/staff/figures.json"])
def test_nobody_else_sees_them(
    client: FlaskClient, provider: Provider, path: str
) -> None:
    """Neither a citizen, nor an officer of another role."""
    browser = Browser(client)
    browser.visit(Portal.register(provider, "tax").url())
    browser.sign_in(citizen(provider, state="active", factors=["pwd"]))

    assert "/staff/sign-in" in browser.visit(path).request.path
    sign_in_officer(browser, provider, roles=("reviewer",))
    assert browser.visit(path).status_code == 403


def stages(provider: Provider) -> dict[tuple[str, str], int]:
    provider.funnel.flush()
    with provider.database.read() as connection:
        rows = connection.execute(
            sa.select(FunnelCount.stage, FunnelCount.reason, FunnelCount.count)
        )
        return {(stage, reason): count for stage, reason, count in rows}


def test_a_sign_in_is_a_use_and_its_way_is_counted(
    client: FlaskClient, provider: Provider
) -> None:
    """Wrong password, right one, consent, tokens; then silently once more."""
    portal, browser = Portal.register(provider, "tax"), Browser(client)
    person = citizen(provider, state="active", factors=["pwd"])
    browser.visit(portal.url())
    number = person["personal_number"]
    browser.submit(personal_number=number, password="wrong")
    browser.submit(personal_number=number, password=person["password"])
    browser.submit(decision="allow")
    browser.visit(portal.url())

    assert stages(provider) == {
        ("began", ""): 1,
        ("try", "password_wrong"): 1,
        ("identified", ""): 1,
        ("proven", ""): 1,
        ("finished", ""): 1,
        ("silent", ""): 1,
    }


def test_giving_up_is_in_the_history_of_who_was_signed_in(
    client: FlaskClient, provider: Provider
) -> None:
    """A refusal is a use that came to nothing; an unknown person leaves no row."""
    portal, browser = Portal.register(provider, "tax"), Browser(client)
    browser.visit(portal.url())
    cancel = {"transaction": browser.page.request.path.split("/")[2]}
    browser.visit("/authorize/cancel", data=cancel)
    person = citizen(provider, state="active", factors=["pwd"])
    browser.visit(portal.url())
    browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    page = browser.submit(decision="deny")

    assert answer(page)["error"] == "access_denied"
    with provider.database.read() as connection:
        rows = connection.execute(
            sa.select(UsageRecord.client_id, UsageRecord.outcome)
        ).all()
    assert rows == [(portal.client_id, "denied")]
    assert stages(provider)["failed", "cancelled"] == 2
