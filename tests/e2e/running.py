"""Start `idp demo` as a newcomer would, wait for its `ready` line, and stop it."""

import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

READY_WITHIN = 120.0
STOP_WITHIN = 30.0
PORTALS = ("services", "bank", "insurance")
BLOCK = 2 + len(PORTALS)  # provider, portals, card reader
IDP = (sys.executable, "-m", "idp")


@dataclass
class RunningDemo:
    """A demo process with what it printed, and the addresses that follow from it."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    scheme: str = "http"
    output: list[str] = field(default_factory=list)
    gathering: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.gathering = threading.Thread(target=self._gather, daemon=True)
        self.gathering.start()

    def _gather(self) -> None:
        with self.process.stdout as lines:
            self.output.extend(iter(lines.readline, ""))

    @property
    def issuer(self) -> str:
        return f"{self.scheme}://localhost:{self.port}"

    @property
    def portals(self) -> dict[str, str]:
        return {
            name: f"{self.scheme}://127.0.0.1:{self.port + offset}"
            for offset, name in enumerate(PORTALS, start=1)
        }

    @property
    def agent(self) -> str:
        return f"http://127.0.0.1:{self.port + 1 + len(PORTALS)}"

    @property
    def text(self) -> str:
        return "".join(self.output)

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def database(self) -> Path:
        return self.folder / "dinhdanh.db"

    def copy(self, folder: Path) -> Path:
        """Copy the running demo's state, for another to start from; return `folder`."""
        stores = shutil.ignore_patterns("*.db", "*.db-wal", "*.db-shm", "logs")
        shutil.copytree(self.folder, folder, ignore=stores)
        with (
            closing(sqlite3.connect(self.database, timeout=30)) as source,
            closing(sqlite3.connect(folder / self.database.name)) as copied,
        ):
            source.backup(copied)
        return folder

    def idp(self, *arguments: str, told: str = "") -> str:
        """Run an `idp` command on this demo's configuration; return its output."""
        done = subprocess.run(
            [*IDP, "--config", str(self.folder / "config.toml"), *arguments],
            check=False,
            capture_output=True,
            input=told,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def register(self, **metadata: Any) -> dict[str, Any]:
        """Register a client; return the answer, with its secret."""
        return json.loads(self.idp("clients", "add", "-", told=json.dumps(metadata)))

    def citizens(self) -> list[dict[str, Any]]:
        return json.loads(self.idp("sandbox", "citizens", "--json"))

    def get(self, url: str) -> requests.Response:
        verify = str(self.ca_file) if self.scheme == "https" else True
        return requests.get(url, timeout=10, verify=verify)

    def is_serving(self) -> bool:
        """Say whether anything listens on one of the five ports."""
        return not all(_is_free(self.port + offset) for offset in range(BLOCK))

    def stop(self) -> int:
        """Interrupt it as Ctrl-C does and wait until everything is stopped."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        return self.wait(STOP_WITHIN)

    def wait(self, seconds: float) -> int:
        """Wait until it has ended and `text` is whole; return its exit status."""
        status = self.process.wait(seconds)
        self.gathering.join(seconds)
        return status


def start_demo(
    folder: Path,
    *options: str,
    port: int | None = None,
    scheme: str = "http",
    command: Sequence[str] = (),
) -> RunningDemo:
    """Start a demo and return once it is ready; raises with its output if it fails."""
    demo = spawn_demo(folder, *options, port=port, scheme=scheme, command=command)
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if f"ready {demo.issuer}\n" in demo.output:
            return demo
        if demo.process.poll() is not None:
            break
        time.sleep(0.05)
    demo.stop()
    raise AssertionError(f"the demo did not get ready:\n{demo.text}")


def spawn_demo(
    folder: Path,
    *options: str,
    port: int | None = None,
    scheme: str = "http",
    command: Sequence[str] = (),
) -> RunningDemo:
    """Start a demo without waiting; its output is gathered in the background."""
    port = port or free_block()
    arguments = command or (
        [*IDP, "demo", "--port", str(port), "--state", str(folder), *options]
    )
    process = subprocess.Popen(
        [argument.format(port=port, folder=folder) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return RunningDemo(process, folder, port, scheme)


def free_block(size: int = BLOCK) -> int:
    """Return the first of `size` free ports, any block: other processes choose too."""
    # Below the ports that the system gives to outgoing connections.
    for _ in range(100):
        first = 10_000 + 10 * secrets.randbelow(2_200)
        if all(_is_free(first + offset) for offset in range(size)):
            return first
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
