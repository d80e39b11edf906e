"""Old months of the audit log go whole, and what is left is still proven."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from idp import clock
from idp.audit import heads, purge
from idp.audit.events import PasswordChanged
from idp.audit.models import AuditEvent
from idp.cli import main
from idp.provider import Provider
from tests.services import BACKENDS

pytestmark = pytest.mark.parametrize("backend", BACKENDS)

JANUARY = datetime(2020, 1, 31, tzinfo=UTC)
YOUNG = clock.now() - timedelta(days=1500)
MONTH = f"{YOUNG:%Y-%m}"


@pytest.fixture
def command(provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return `idp` on a log with two old months and one that is kept."""
    monkeypatch.setattr(purge, "PORTION", 4)
    for at in (JANUARY, JANUARY + timedelta(days=1), YOUNG):
        with provider.database.transaction() as session:
            for account in range(6):
                event = PasswordChanged(UUID(int=account % 3))
                provider.audit.record(session, event, now=at)
    config, settings = provider.config, tmp_path / "config.toml"
    settings.write_text(
        f'[database]\nurl = "{config.database.url}"\n'
        f'[ephemeral]\nurl = "{config.ephemeral.url}"\n'
        f'[keys]\nkek_file = "{config.keys.kek_file}"\n'
        "[sandbox]\nenabled = true\n"
    )

    def run(*words: str) -> tuple[int, str]:
        told = CliRunner().invoke(main, ["--config", str(settings), *words])
        return told.exit_code, told.output

    return run


def months(provider: Provider) -> list[str]:
    with provider.database.read() as connection:
        query = sa.select(AuditEvent.month).order_by(AuditEvent.month)
        return list(connection.execute(query.distinct()).scalars())


def remove(provider: Provider, *where: sa.ColumnElement[bool]) -> None:
    with provider.database.engine.begin() as connection:
        connection.execute(sa.delete(AuditEvent).where(*where))


def test_old_months_go_whole_and_leave_a_proof(provider: Provider, command) -> None:
    """A signed head says what there was; a row taken by hand is still found."""
    now = f"{clock.now():%Y-%m}"
    foreseen = command("db", "retain", "--dry-run")
    assert months(provider) == ["2020-01", "2020-02", MONTH, now]
    done, again = command("db", "retain"), command("db", "retain")

    assert "12" in foreseen[1]
    assert (done[0], again[0], months(provider)) == (0, 0, [MONTH, now])
    with provider.database.read() as connection:
        query = sa.select(AuditEvent.data).where(AuditEvent.type == "EventsPurged")
        told = [row.split('"rows":')[1] for row in connection.execute(query).scalars()]
    assert told == ["4}"] * 3
    code, said = command("audit", "verify")
    assert code == 0
    assert "2020-01: 6 events purged, as head 2 says." in said
    assert "2020-02: 6 events purged, as head 3 says." in said

    remove(provider, AuditEvent.month == MONTH, AuditEvent.seq == 2)
    code, said = command("audit", "verify", "--month", MONTH)
    assert code == 1
    assert said.count("which head 1 signed, are missing") == 3


def test_a_month_that_only_looks_purged_is_found(provider: Provider, command) -> None:
    """Without the head's word a month without rows is a theft, not a term."""
    heads.sign(provider, now=clock.now())
    remove(provider, AuditEvent.month == MONTH)
    with provider.database.engine.begin() as connection:
        for table in ("audit_heads", "audit_signed_chains"):
            gone = sa.text(f"DELETE FROM {table} WHERE month = :month")
            connection.execute(gone, {"month": MONTH})

    code, said = command("audit", "verify")

    assert code == 1
    assert said.count("every row is missing") == 3


def test_a_month_that_is_not_whole_is_kept(provider: Provider, command) -> None:
    """What was done to it must be found as long as anything is left of it."""
    remove(provider, AuditEvent.month == "2020-02", AuditEvent.seq == 1)

    code, said = command("db", "retain")

    assert code == 1
    assert "the audit log of 2020-02 is not whole" in said
    assert "2020-02" in months(provider)
