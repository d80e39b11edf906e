"""Ends the test servers when a run ends, also when it was killed.

A program of its own without any import of ours, so that it starts at once:
`python tests/watcher.py RUN FOLDER` waits for the process RUN to be gone.
"""

import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

_PATIENCE = 10


def stop_servers(folder: Path) -> None:
    """End each server whose pid stands in `folder`, then remove the folder."""
    for file in folder.glob("*/pid"):
        # PostgreSQL's SIGQUIT is its immediate shutdown; nothing of it is kept.
        is_postgresql = file.parent.name == "postgresql"
        _end(int(file.read_text()), signal.SIGQUIT if is_postgresql else signal.SIGTERM)
    shutil.rmtree(folder, ignore_errors=True)


def is_running(process: int) -> bool:
    """Say whether a process lives; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def _end(process: int, request: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, request)
        deadline = time.monotonic() + _PATIENCE
        while is_running(process):
            if time.monotonic() > deadline:
                os.kill(process, signal.SIGKILL)
            time.sleep(0.02)
        # Its xdist worker may still be its parent, and on its way out.
        while not _reaped(process) and time.monotonic() < deadline:
            os.kill(process, 0)
            time.sleep(0.02)


def _reaped(process: int) -> bool:
    """Collect what has ended, if it is a child of ours."""
    try:
        return os.waitpid(process, os.WNOHANG)[0] == process
    except ChildProcessError:
        return False


def _watch(run: int, folder: Path) -> None:
    while is_running(run):
        time.sleep(1)
    stop_servers(folder)


if __name__ == "__main__":
    _watch(int(sys.argv[1]), Path(sys.argv[2]))
