"""`idp stats` and `idp db retain`: figures in the terminal, history past its term."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from idp import clock
from idp.audit.events import CrossDeviceApproved
from idp.audit.models import AuditEvent
from idp.audit.verification import verify
from idp.authentication.models import SessionRecord
from idp.cli import main
from idp.consent.models import RefreshToken
from idp.enrolment import dossiers, queue
from idp.enrolment.record import Filed
from idp.figures import counts, report, retention, usage
from idp.figures.models import UsageRecord
from idp.provider import Provider
from tests.driver import Browser, citizen
from tests.integration.token_side import authorize, redeem, register
from tests.services import BACKENDS
from tests.unit.enrolment.conftest import a_dossier

both = pytest.mark.parametrize("backend", BACKENDS)
FIVE_YEARS = timedelta(days=5 * 366)


@pytest.fixture
def command(provider: Provider, tmp_path):
    """Return the command on the provider's stores."""
    config, settings = provider.config, tmp_path / "config.toml"
    settings.write_text(
        f'[database]\nurl = "{config.database.url}"\n'
        f'[ephemeral]\nurl = "{config.ephemeral.url}"\n'
        f'[keys]\nkek_file = "{config.keys.kek_file}"\n'
        "[sandbox]\nenabled = true\n"
    )

    def run(*words: str) -> str:
        told = CliRunner().invoke(main, ["--config", str(settings), *words])
        assert told.exit_code == 0, told.output
        return told.output

    return run


def use(provider: Provider, at: datetime, times: int) -> None:
    with provider.database.transaction() as session:
        for _ in range(times):
            usage.record(
                session,
                account_id=uuid4(),
                client_id="tax",
                outcome="success",
                level=2,
                now=at,
            )


def kept(provider: Provider) -> int:
    with provider.database.read() as connection:
        return connection.scalar(sa.select(sa.func.count(UsageRecord.id)))


def events(provider: Provider, kind: str) -> list[dict]:
    with provider.database.read() as connection:
        query = sa.select(AuditEvent.data).where(AuditEvent.type == kind)
        return [json.loads(data) for data in connection.execute(query).scalars()]


def test_figures_in_the_terminal(provider: Provider, command) -> None:
    """Tables for people, JSON for programs, small figures withheld in both."""
    use(provider, clock.now() - timedelta(days=1), 12)
    use(provider, clock.now() - timedelta(days=2), 3)

    told = command("stats")
    data = json.loads(command("stats", "--json"))
    before = json.loads(command("stats", "--json", "--month", "2026-01"))

    assert "Activation rate:" in told
    assert "< 10*" in told
    assert sorted({str(count) for count in data["days"].values()}) == ["10", "<10"]
    assert (before["month"], before["portals"]) == ("2026-01", {})


@both
def test_history_past_its_term_is_deleted_and_its_counts_stay(
    provider: Provider, command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In portions, each with its event; what is younger stays."""
    monkeypatch.setattr(retention, "_PORTION", 4)
    old = clock.now() - FIVE_YEARS
    use(provider, old, 10)
    use(provider, clock.now() - timedelta(days=1), 2)

    assert "10" in command("db", "retain", "--dry-run")
    assert kept(provider) == 12
    command("db", "retain")

    assert kept(provider) == 2
    assert [event["rows"] for event in events(provider, "UsagePurged")] == [4, 4, 2]
    made = report.make(
        provider.database, provider.config.figures, now=clock.now(), month=old.date()
    )
    assert made.portals == {"tax": 10}
    command("db", "retain")
    assert len(events(provider, "UsagePurged")) == 3


def test_spent_tokens_are_deleted_live_ones_stay(provider: Provider, client) -> None:
    """A token that expired long ago can no longer be mistaken for a theft."""
    portal = register(provider, "private_key_jwt")
    for _ in range(2):
        redeem(
            client, portal, authorize(provider, portal, scopes="openid offline_access")
        )
    with provider.database.transaction() as session:
        token = session.scalars(sa.select(RefreshToken)).first()
        token.expires_at = clock.now() - timedelta(days=31)

    done = retention.purge(provider, now=clock.now(), dry_run=False)

    assert [(item.table, item.rows) for item in done][1] == ("refresh_tokens", 1)
    assert events(provider, "RowsPurged")[0]["table"] == "refresh_tokens"


@both
def test_refused_dossiers_forget_whom_they_named(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past the term, with an account that was closed or none; figures keep the row."""
    monkeypatch.setattr(retention, "_PORTION", 1)
    now = clock.now()
    ends = [
        refused(provider, "001150000001", FIVE_YEARS, is_proven=False),
        refused(provider, "001150000002", FIVE_YEARS),
        refused(provider, "001150000003", timedelta(days=1), is_proven=False),
    ]
    with provider.database.transaction() as session:
        new = a_dossier(number="001150000004", phone=None)
        ends.append(dossiers.file(provider, session, new, now=now - FIVE_YEARS))
    with provider.database.read() as connection:
        before = counts.dossiers(connection)

    told = retention.purge(provider, now=now, dry_run=True)[5]
    done = retention.purge(provider, now=now, dry_run=False)[5]
    again = retention.purge(provider, now=now, dry_run=False)[5]

    assert (told.rows, done.rows, again.rows) == (2, 2, 0)
    assert [event["rows"] for event in events(provider, "EvidencePurged")] == [1, 1]
    with provider.database.read() as connection:
        held = [bool(queue.sealed_evidence(connection, end.dossier_id)) for end in ends]
        assert counts.dossiers(connection) == before
    assert held == [False, False, True, True]


def refused(provider: Provider, number: str, ago: timedelta, **values: bool) -> Filed:
    at = clock.now() - ago
    new = a_dossier(number=number, phone=None, **values)
    with provider.database.transaction() as session:
        filed = dossiers.file(provider, session, new, now=at)
        dossiers.refuse(
            provider, session, filed.dossier_id, reason="other", by="officer", now=at
        )
    return filed


@both
def test_who_signed_in_where_goes_with_the_term(provider: Provider, client) -> None:
    """Sessions and personal parts of events; what is younger stays, chains prove."""
    browser, person = (
        Browser(client),
        citizen(provider, state="active", factors=["pwd"]),
    )
    browser.visit("/account")
    browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    approved = CrossDeviceApproved(uuid4(), uuid4(), None, personal={"place": "Hà Nội"})
    with provider.database.transaction() as session:
        provider.audit.record(session, approved, now=clock.now())

    def left() -> tuple[int, int]:
        with provider.database.read() as connection:
            sessions = sa.select(sa.func.count(SessionRecord.id))
            parts = sa.select(sa.func.count(AuditEvent.personal_sealed))
            return connection.scalar(sessions) or 0, connection.scalar(parts) or 0

    before = left()
    assert min(before) > 0
    retention.purge(provider, now=clock.now(), dry_run=False)
    assert left() == before

    audit = replace(provider.config.audit, keep_years=50)  # the rows themselves stay
    config = replace(provider.config, audit=audit)
    later = clock.now() + 2 * FIVE_YEARS
    retention.purge(replace(provider, config=config), now=later, dry_run=False)

    assert left() == (0, 0)
    with provider.database.snapshot() as connection:
        proven = verify(connection, provider.sealer)
    assert (proven.faults, proven.erased) == ((), before[1])


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (datetime(2026, 11, 21, tzinfo=UTC), datetime(2021, 11, 21, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), datetime(2023, 2, 28, tzinfo=UTC)),
    ],
)
def test_the_term_is_counted_in_years(now: datetime, before: datetime) -> None:
    """Of a leap day, the day before it where there is none."""
    assert retention.years_before(now, 5) == before
