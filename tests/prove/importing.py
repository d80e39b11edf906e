"""An import that is killed twice on the way comes to the exact counts."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import sqlalchemy as sa

from idp.accounts.models import Account
from idp.audit.verification import verify
from idp.enrolment.importing_models import ImportRun
from idp.enrolment.models import Dossier
from idp.provider import Provider, build_provider
from idp.storage.database import Database
from tests.dossier_files import dossier, dossiers, write_csv
from tests.services import Services
from tests.stores import configuration, fresh_database, fresh_ephemeral

_WATCH_EVERY = 0.2
_DEADLINE = 4 * 3600
DOUBLES = 7  # rows that come twice and are refused


@dataclass(frozen=True, slots=True)
class Proof:
    """What an import of so many rows came to."""

    backend: str
    rows: int
    kills: tuple[int, ...]
    seconds: float
    peak_mib: float
    taken: int
    refused: int
    accounts: int
    dossiers: int
    are_chains_whole: bool

    @property
    def rate(self) -> float:
        """Return rows per second, restarts included."""
        return self.rows / self.seconds


def prove(services: Services, *, backend: str, rows: int, folder: Path) -> Proof:
    """Import generated dossiers, killing the command twice; count what is there."""
    source = write_csv(folder / f"{backend}.csv", _file(rows))
    with _provider(services, backend, folder) as provider:
        settings = _settings(provider, folder / f"{backend}.toml")
        before = _count(provider.database, Account)
        begun, peak, kills = monotonic(), 0.0, []
        for share in (1 / 3, 2 / 3, None):
            stop = None if share is None else int(rows * share)
            at, memory = _run(provider.database, settings, source, stop)
            peak = max(peak, memory)
            kills += [at] if stop is not None else []
        seconds = monotonic() - begun
        with provider.database.read() as connection:
            run = connection.execute(sa.select(ImportRun.__table__)).one()
        with provider.database.snapshot() as connection:
            report = verify(connection, provider.sealer)
        return Proof(
            backend=backend,
            rows=rows,
            kills=tuple(kills),
            seconds=seconds,
            peak_mib=peak,
            taken=run.taken,
            refused=run.refused,
            accounts=_count(provider.database, Account) - before,
            dossiers=_count(provider.database, Dossier),
            are_chains_whole=not report.faults,
        )


def _file(rows: int) -> Iterator[dict]:
    yield from dossiers(rows - DOUBLES)
    yield from map(dossier, range(DOUBLES))


def _run(
    database: Database, settings: Path, source: Path, stop: int | None
) -> tuple[int, float]:
    """Run the command, killed once it took `stop` rows; return those, and memory."""
    command = [sys.executable, "-m", "idp", "--config", str(settings)]
    # A rate that is told is the command's own, without the test run's coverage.
    plain = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    process = subprocess.Popen(
        [*command, "enrol", "import", str(source)],
        env=plain,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak, deadline = 0.0, monotonic() + _DEADLINE
    while process.poll() is None:
        peak = max(peak, _resident(process.pid))
        if stop is not None and _taken(database) >= stop:
            process.send_signal(signal.SIGKILL)
        if monotonic() > deadline:
            process.kill()
        sleep(_WATCH_EVERY)
    output = process.communicate()[0]
    if process.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError(output)
    return _taken(database), peak


def _taken(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.max(ImportRun.taken))) or 0


def _count(database: Database, model: type) -> int:
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.count(model.id)))


def _resident(pid: int) -> float:
    """Return the memory of a process and its children in MiB, shared pages shared."""
    total = 0.0
    for process in (pid, *_children(pid)):
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue  # it ended meanwhile
        total += sum(
            int(line.split()[1]) / 1024
            for line in text.splitlines()
            if line.startswith("Pss:")
        )
    return total


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


@contextmanager
def _provider(services: Services, backend: str, folder: Path) -> Iterator[Provider]:
    choice = {"backend": backend, "folder": folder}
    ephemeral = fresh_ephemeral(services, **choice)
    with fresh_database(services, template="loaded", **choice) as database:
        config = configuration(services, database=database, ephemeral=ephemeral)
        provider = build_provider(config)
        with closing(provider.database), closing(provider.ephemeral):
            yield provider


def _settings(provider: Provider, path: Path) -> Path:
    config = provider.config
    path.write_text(
        f"[database]\nurl = {json.dumps(config.database.url)}\n"
        f"[ephemeral]\nurl = {json.dumps(config.ephemeral.url)}\n"
        f"[keys]\nkek_file = {json.dumps(os.fspath(config.keys.kek_file))}\n"
        "[sandbox]\nenabled = true\n"
    )
    return path
