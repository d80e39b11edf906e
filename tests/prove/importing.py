"""An import that is killed twice on the way comes to the exact counts."""

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import sqlalchemy as sa

from idp.accounts.models import Account
from idp.audit.verification import verify
from idp.enrolment.importing_models import ImportRun
from idp.enrolment.models import Dossier
from idp.storage.database import Database
from tests.dossier_files import dossier, dossiers, write_csv
from tests.prove.figures import Look, look
from tests.prove.stage import command, provider_on, without_coverage, write_settings
from tests.services import Services

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
    figures: Look

    @property
    def rate(self) -> float:
        """Return rows per second, restarts included."""
        return self.rows / self.seconds


def prove(services: Services, *, backend: str, rows: int, folder: Path) -> Proof:
    """Import generated dossiers, killing the command twice; count what is there."""
    source = write_csv(folder / f"{backend}.csv", _file(rows))
    with provider_on(services, backend, folder) as provider:
        settings = write_settings(provider, folder / f"{backend}.toml")
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
        accounts = _count(provider.database, Account) - before
        figures = look(provider, settings)
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
            accounts=accounts,
            dossiers=_count(provider.database, Dossier),
            are_chains_whole=not report.faults,
            figures=figures,
        )


def _file(rows: int) -> Iterator[dict]:
    yield from dossiers(rows - DOUBLES)
    yield from map(dossier, range(DOUBLES))


def _run(
    database: Database, settings: Path, source: Path, stop: int | None
) -> tuple[int, float]:
    """Run the command, killed once it took `stop` rows; return those, and memory."""
    process = subprocess.Popen(
        command(settings, "enrol", "import", str(source)),
        env=without_coverage(),
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
    for process in _family(pid):
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


def _family(pid: int) -> Iterator[int]:
    """Yield a process and all that descend from it."""
    yield pid
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return
    for child in text.split():
        yield from _family(int(child))
