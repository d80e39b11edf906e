"""What officers looked up of somebody without an account is shown once there is one."""

import contextlib
import json
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from idp import clock
from idp.accounts.identifiers import replace_number
from idp.audit.models import AuditEvent
from idp.audit.proof import stored
from idp.audit.verification import verify
from idp.figures import retention
from idp.provider import Provider
from idp.rights import closing
from tests.cards.people import AN, DAO
from tests.driver import Browser
from tests.integration.chip.people import Citizen, create_citizen
from tests.integration.desk.counter import open_desk, ready
from tests.integration.test_hotline import answers, ask
from tests.services import BACKENDS
from tests.staff import sign_in_officer

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)
NEW_NUMBER = "001085000888"
AT_DESK = "Ba Đình đã xem dữ liệu của bạn: tiếp nhận hồ sơ tại quầy"
BY_PHONE = "Tổng đài đã xem dữ liệu của bạn: hỗ trợ kích hoạt"


def look_and_leave(app: Flask, provider: Provider) -> None:
    """Ask the registry at a desk about somebody new, who then goes home."""
    chip = ready(provider)
    desk = open_desk(app, provider)
    desk.begin(AN.number)
    desk.read_card(chip)
    assert desk.step == "registry"
    desk.press("/leave")


def call(app: Flask, provider: Provider) -> None:
    """Answer a call about a number that has no account."""
    browser = Browser(app.test_client())
    sign_in_officer(browser, provider, roles=["hotline"], unit="Tổng đài")
    ask(browser, answers(Citizen(uuid4(), AN)))


def sign_in(app: Flask, citizen: Citizen) -> Browser:
    browser = Browser(app.test_client())
    browser.visit("/account")
    browser.submit(**citizen.entry)
    return browser


def kept(provider: Provider) -> int:
    """Return how many numbers can still be found in the log; its chains are whole."""
    with provider.database.snapshot() as connection:
        checkpoints, _ = stored(connection)
        with contextlib.closing(checkpoints):
            report = verify(connection, provider.sealer, checkpoints=checkpoints)
        assert report.faults == ()
        return connection.scalar(sa.select(sa.func.count(AuditEvent.number_index))) or 0


@on_each_backend
def test_a_look_before_the_account_is_shown_later(app, provider) -> None:
    """When, which unit and why, by a former number too, and to nobody else."""
    look_and_leave(app, provider)
    call(app, provider)
    assert kept(provider) == 2
    own = create_citizen(provider, AN, phone="+84500000943")
    other = create_citizen(provider, DAO, phone="+84500000944")
    with provider.database.transaction() as session:
        stores = (session, provider.audit, provider.sealer)
        replace_number(*stores, own.id, NEW_NUMBER, now=clock.now())

    browser = sign_in(app, own)
    history = browser.visit("/account/history").text
    browser.visit("/account/rights/copy")
    copy = json.loads(browser.submit().text)

    assert AT_DESK in history
    assert BY_PHONE in history
    looks = [one for one in copy["history"] if one["event"] == "OfficerLookedUp"]
    assert {look["purpose"] for look in looks} == {"enrolment", "activation"}
    assert not any("personal" in look for look in looks)
    assert "Ba Đình" not in sign_in(app, other).visit("/account/history").text


@on_each_backend
def test_the_index_goes_with_the_account_and_the_term(app, provider) -> None:
    """Nothing names the person once the account closed, or five years went by."""
    look_and_leave(app, provider)
    own = create_citizen(provider, AN, phone="+84500000943")
    with provider.database.transaction() as session:
        closing.ask(provider, session, own.id, now=clock.now() - timedelta(days=9))
    assert kept(provider) == 1
    assert closing.sweep(provider, now=clock.now()) == 1
    assert kept(provider) == 0

    call(app, provider)
    assert kept(provider) == 1
    later = clock.now() + timedelta(days=10 * 366)
    retention.purge(provider, now=later, dry_run=False)
    assert kept(provider) == 0


@on_each_backend
def test_looks_are_found_by_an_index(provider) -> None:
    """A history does not read the whole log."""
    sent = []
    with provider.database.snapshot() as connection:
        is_embedded = connection.dialect.name == "sqlite"
        if not is_embedded:  # of a table so small it would read the whole
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        sa.event.listen(
            connection, "before_cursor_execute", lambda *seen: sent.append(seen[2:4])
        )
        provider.audit.recent(connection, uuid4(), 5, numbers=(AN.number, NEW_NUMBER))
        text, values = sent[-1]
        explain = "EXPLAIN QUERY PLAN" if is_embedded else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{explain} {text}", values).all()
    plan = "\n".join(str(row) for row in rows)
    assert "ix_audit_events_number_index" in plan, plan
    assert "ix_audit_events_account_id_at" in plan, plan
    assert "SCAN" not in plan, plan
