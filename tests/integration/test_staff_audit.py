"""Auditors search the log; each search is written down, and the sealed stays so."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import clock
from idp.audit import ecs
from idp.audit.models import AuditEvent
from idp.provider import Provider
from idp.web import error_ids
from tests.driver import Browser, Portal, error_code
from tests.integration.test_authority_requests import send
from tests.integration.test_staff_accounts import history, officer, signed_in
from tests.integration.way_back import prepare
from tests.services import BACKENDS
from tests.staff import sign_in_officer

PAGE = "/staff/audit"


def search(auditor: Browser, **filters: str) -> list[str]:
    """Return the kinds of events that the page shows, in its order."""
    page = auditor.visit(f"{PAGE}?{urlencode(filters)}")
    assert page.status_code == 200, page.text
    return re.findall(r'<strong class="code">([^<]*)', page.text)


def local(moment) -> str:
    return (moment + timedelta(hours=7)).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize("backend", BACKENDS)
def test_auditors_find_by_every_filter(
    app: Flask, provider: Provider, backend: str
) -> None:
    """By kind, portal, officer, time, error id and account; alone and together."""
    citizen, portal = prepare(provider), Portal.register(provider, "tax")
    signed_in(app, citizen, portal)
    auditor = Browser(app.test_client())
    auditor_id, _ = sign_in_officer(auditor, provider, roles=["auditor"])
    client = portal.client_id

    assert search(auditor, type="GrantGiven") == ["GrantGiven"]
    reached = search(auditor, portal=client)
    assert {"GrantGiven", "SessionReached"} <= set(reached)
    assert search(auditor, portal=client, type="SessionReached") == ["SessionReached"]
    assert search(auditor, portal="nobody") == []
    did = search(auditor, officer=str(auditor_id))
    assert set(did) == {
        "AuditSearched",
        "StaffSessionStarted",
        "StaffPasskeyEnrolled",
        "StaffLinkUsed",
    }
    now = clock.now()
    assert search(auditor, since=local(now + timedelta(minutes=2))) == []
    assert search(auditor, until=local(now - timedelta(days=1))) == []
    said = error_ids.new(now).lower().replace("-", " ")
    assert "GrantGiven" in search(auditor, error=said) + search(
        auditor, error=error_ids.new(now - timedelta(minutes=1))
    )
    assert search(auditor, error="no id of ours") == []

    auditor.visit(PAGE)
    page = send(
        auditor, number=citizen.person.number, purpose="inspection", reason="Tra 7"
    )
    kinds = re.findall(r'<strong class="code">([^<]*)', page.text)
    assert kinds[0] == "OfficerLookedUp"
    assert "StaffSessionStarted" not in kinds
    assert citizen.person.number not in page.request.url
    told = history(app, citizen)
    assert "thanh tra, kiểm tra. Lý do ghi lại: Tra 7" in told


def test_every_kind_of_event_has_a_name_of_its_own(
    app: Flask, provider: Provider
) -> None:
    """Each may be chosen by it, also of what this server never does itself."""
    auditor = officer(app, provider, "auditor")
    page = auditor.visit(f"{PAGE}?type=StaffSessionStarted&lang=en").text
    listed = re.findall(r'<option value="(\w+)"[^>]*>([^<]+) — \1<', page)

    assert {kind for kind, _ in listed} == set(ecs.KINDS)
    assert len({name for _, name in listed}) == len(ecs.KINDS)
    assert "<h3>Officer signed in</h3>" in page


def test_pages_follow_each_other_without_gap(app: Flask, provider: Provider) -> None:
    """The next page begins after the last key, also where times are equal."""
    auditor = officer(app, provider, "auditor")
    now = clock.now()
    with provider.database.transaction() as session:
        session.execute(
            sa.insert(AuditEvent),
            [
                {
                    "month": "2020-01", "shard": number % 16, "seq": 1 + number // 16,
                    "at": now - timedelta(days=2500, seconds=number // 40),
                    "type": "Old", "data": f'{{"n":{number}}}',
                    "previous_hash": b"", "hash": bytes([number]),
                }
                for number in range(120)
            ],
        )  # fmt: skip
    seen: list[str] = []
    page = auditor.visit(f"{PAGE}?type=Old")
    while True:
        seen += re.findall(r'code">n</dt><dd class="code">(\d+)', page.text)
        following = re.findall(r'href="([^"]*)">Sự kiện trước đó', page.text)
        if not following:
            break
        page = auditor.visit(following[0].replace("&amp;", "&"))

    assert len(seen) == 120
    assert len(set(seen)) == 120
    assert [int(one) // 40 for one in seen] == sorted(int(one) // 40 for one in seen)


def test_what_is_sealed_opens_with_a_reason_that_is_told(
    app: Flask, provider: Provider
) -> None:
    """No value in a search; opened once, it is an event of the citizen's own."""
    citizen = prepare(provider)
    security = officer(app, provider, "security", name="Officer Two")
    security.visit("/staff/accounts")
    send(
        security, number=citizen.person.number, purpose="security", reason="Vụ mất máy"
    )
    auditor = officer(app, provider, "auditor", unit="Thanh tra")
    page = auditor.visit(f"{PAGE}?type=OfficerLookedUp")
    assert "Vụ mất máy" not in page.text
    entry = re.findall(rf'href="({PAGE}/[^"]*)"', page.text)[0]

    assert "Vụ mất máy" not in auditor.visit(entry).text
    assert error_code(send(auditor, reason=" ")) == "DD-AUTH-006"
    opened = send(auditor, reason="Khiếu nại 12")

    assert "Vụ mất máy" in opened.text
    told = history(app, citizen)
    assert "Thanh tra đã mở thông tin niêm phong trong lịch sử của bạn" in told
    assert "Khiếu nại 12" in told


def test_the_log_is_auditors_alone(app: Flask, provider: Provider) -> None:
    """Every other role is refused; odd addresses show nothing and break nothing."""
    others = officer(app, provider, "security", "administrator", "leader")
    for path in (PAGE, f"{PAGE}/2026-11.0.1"):
        assert error_code(others.visit(path)) == "DD-STAFF-003"
    auditor = officer(app, provider, "auditor", name="Officer Two")
    for odd in ("x", "2026-11.0", "2026-11.0.x", "2026-11.0.999999999999999999"):
        assert auditor.visit(f"{PAGE}/{odd}").status_code == 404
    for odd in ("x", "1.2", "9" * 30, f"{'9' * 17}.2026-11.0.1"):
        assert auditor.visit(f"{PAGE}?after={odd}").status_code == 200
    for odd in ("since", "until", "officer", "case"):
        assert search(auditor, **{odd: "x"}) == []
    for year in ("0001-01-01T00:00", "9999-12-31T23:59"):
        assert search(auditor, since=year) == search(auditor, until=year) == []


def test_what_is_typed_does_not_stay(app: Flask, provider: Provider) -> None:
    """A search keeps words that the log has; of any other only that it was unknown."""
    auditor = officer(app, provider, "auditor")
    number = "999085123456"
    for name in ("type", "portal", "error", "since", "officer"):
        assert search(auditor, **{name: number}) == []
    assert search(auditor, portal="nul\0") == []
    assert search(auditor, type="StaffLinkUsed") == ["StaffLinkUsed"]
    query = sa.select(AuditEvent.data).where(AuditEvent.type == "AuditSearched")
    with provider.database.read() as connection:
        kept = list(connection.execute(query).scalars())

    assert not [data for data in kept if number in data]
    assert [data for data in kept if '"portal":"unknown"' in data]
    assert [data for data in kept if '"type":"StaffLinkUsed"' in data]
