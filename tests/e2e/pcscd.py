"""The real pcscd, with vpcd's reader, for one test alone; `python -m tests.e2e.pcscd`.

vpcd listens on every address, so that pcscd runs in network and mount namespaces of its
own. Its clients reach it by a Unix socket, which is bound into a folder of the test's:
they need no namespace, only the socket's path in PCSCLITE_CSOCK_NAME.
"""

import contextlib
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

# pcsc-lite's clients take this variable for the daemon's socket.
VARIABLE = "PCSCLITE_CSOCK_NAME"
VPCD_PORT = 0x8C7B
READY_WITHIN = 60.0
NEEDS = (
    "it needs pcscd and vsmartcard-vpcd, and the right to make namespaces "
    "(in a container: --cap-add SYS_ADMIN)"
)

# linux/sockios.h and linux/if.h
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_LISTEN = "0A"  # as /proc/net/tcp writes it
_REQUEST = struct.Struct("16sh")


class PrivatePcscd:
    """A running pcscd with one virtual reader, on which cards are laid by file."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self.environment = {VARIABLE: str(folder / "pcscd.comm")}

    def lay(self, card: Path) -> None:
        """Lay that card on the reader."""
        self._ask(f"lay {card}")

    def take_away(self) -> None:
        """Leave the reader empty."""
        self._ask("take")

    def _ask(self, command: str) -> None:
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"


@contextlib.contextmanager
def private_pcscd(folder: Path) -> Iterator[PrivatePcscd]:
    """Run pcscd with its socket in `folder`, as root or as anybody."""
    unshare = ["unshare", "-nm" if os.geteuid() == 0 else "-rnm"]
    process = subprocess.Popen(
        [*unshare, sys.executable, "-m", "tests.e2e.pcscd", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout.readline() != "ready\n":
            raise AssertionError(f"pcscd did not start: {NEEDS}")
        yield PrivatePcscd(process, folder)
    finally:
        # The end of its input ends everything inside.
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


def main(folder: Path) -> None:
    """Serve inside the namespaces until the input ends."""
    _raise_loopback()
    _bind_socket_folder(folder)
    pcscd = subprocess.Popen(
        [_pcscd(), "--foreground", "--config", str(_reader_config(folder))],
        stdout=sys.stderr,
    )
    cards: list[subprocess.Popen[bytes]] = []
    try:
        _wait_for_vpcd(pcscd)
        print("ready", flush=True)
        for line in sys.stdin:
            word, _, card = line.strip().partition(" ")
            _end(cards)
            if word == "lay":
                cards.append(_card(card))
            print("done", flush=True)
    finally:
        _end(cards)
        pcscd.terminate()
        pcscd.wait(10)


def _card(path: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "clients.reader", "card", "--card", path]
    )


def _end(cards: list[subprocess.Popen[bytes]]) -> None:
    while cards:
        card = cards.pop()
        card.terminate()
        card.wait(10)


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = _REQUEST.pack(b"lo", 0).ljust(40, b"\0")
        _, flags = _REQUEST.unpack_from(fcntl.ioctl(any_socket, _GET_FLAGS, asked))
        raised = _REQUEST.pack(b"lo", flags | _UP).ljust(40, b"\0")
        fcntl.ioctl(any_socket, _SET_FLAGS, raised)


def _bind_socket_folder(folder: Path) -> None:
    run = Path("/run/pcscd")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    run.mkdir()
    subprocess.run(["mount", "--bind", str(folder), str(run)], check=True)


def _reader_config(folder: Path) -> Path:
    """Name vpcd's reader alone: other drivers of the machine stay out."""
    config = folder / "readers"
    config.mkdir()
    shutil.copy("/etc/reader.conf.d/vpcd", config)
    return config


def _pcscd() -> str:
    # Debian keeps it out of an ordinary user's PATH.
    return shutil.which("pcscd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or ""


def _wait_for_vpcd(pcscd: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not _is_listening():
        if time.monotonic() > deadline or pcscd.poll() is not None:
            sys.exit("pcscd has no virtual reader")
        time.sleep(0.05)


def _is_listening() -> bool:
    """Say whether vpcd listens; a connection would be taken for a card."""
    lines = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    columns = [line.split() for line in lines]
    return any(
        local.endswith(f":{VPCD_PORT:04X}") and state == _LISTEN
        for _, local, _, state, *_ in columns
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
