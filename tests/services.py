"""Real PostgreSQL and Redis for the tests: started once a run, stopped at its end.

The servers live in one folder that all xdist workers share; whoever needs one first
starts it, under a file lock. They listen on unix sockets only, sync nothing to disk,
and a watcher ends them should the run be killed.
"""

import ctypes
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import servers, watcher

BACKENDS = ("embedded", "production")
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_ROOMY = ("max_connections=300",)


class Services:
    """The servers of one test run, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._watcher: subprocess.Popen[bytes] | None = None

    @classmethod
    def create(cls) -> "Services":
        """Make the folder and have it watched; no server is started yet."""
        _adopt_orphans()
        memory = Path("/dev/shm")  # where there is room, tests need not touch a disk
        is_roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2**30
        folder = Path(tempfile.mkdtemp(prefix="dd-", dir=memory if is_roomy else None))
        folder.chmod(0o755)  # the unprivileged user passes through
        services = cls(folder)
        services._watcher = subprocess.Popen(
            [sys.executable, "-S", watcher.__file__, str(os.getpid()), str(folder)],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )
        return services

    def postgresql_url(self, database: str = "postgres") -> str:
        """Return SQLAlchemy's URL of a database of the running PostgreSQL."""
        folder = self._running("postgresql", _start_postgresql)
        return f"postgresql+psycopg://postgres@/{database}?host={folder}"

    def administer(self, statement: str) -> None:
        """Run one statement (CREATE DATABASE …) as PostgreSQL's superuser."""
        folder = self._running("postgresql", _start_postgresql)
        servers.administer(folder, statement)

    def redis_url(self, number: int = 0) -> str:
        """Return the URL of a numbered database of the running Redis or Valkey."""
        folder = self._running("redis", servers.start_redis)
        return f"unix://{folder}/socket?db={number}"

    @contextmanager
    def once(self, name: str) -> Iterator[bool]:
        """Yield True to the first of the run that comes for `name`; others wait."""
        done = self.folder / f"{name}.done"
        if done.exists():
            yield False
            return
        with (self.folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            is_first = not done.exists()
            yield is_first
            done.touch()

    def stop(self) -> None:
        """End every server of this run and remove the folder."""
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.wait()
        watcher.stop_servers(self.folder)

    def _running(self, name: str, start: Callable[[Path], None]) -> Path:
        folder = self.folder / name
        with self.once(name) as is_first:
            if is_first:
                shutil.rmtree(folder, ignore_errors=True)  # of a start that failed
                folder.mkdir()
                start(folder)
        return folder


def _adopt_orphans() -> None:
    """Become the parent of a server whose xdist worker has ended, to collect it.

    In a container without an init process it would stay behind as a zombie.
    """
    set_child_subreaper = 36  # prctl(2)
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def _start_postgresql(folder: Path) -> None:
    servers.start_postgresql(folder, *_FAST, *_ROOMY)
