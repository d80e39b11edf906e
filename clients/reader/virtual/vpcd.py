"""Put a virtual card on the system's smart card service, through vsmartcard's vpcd.

The wire is a 16-bit length and that many bytes; one byte alone is a control code.
"""

import argparse
import contextlib
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

from clients.reader.virtual.card import read_card
from clients.reader.virtual.chip import VirtualChip

POWER_OFF, POWER_ON, RESET, ASK_ATR = 0, 1, 2, 4
_LENGTH = struct.Struct("!H")
# Linux has it; elsewhere each command takes one delayed acknowledgement longer.
_QUICK = getattr(socket, "TCP_QUICKACK", None)


def serve(chip: VirtualChip, link: socket.socket) -> None:
    """Answer the service until it closes the link."""
    while (message := _receive(link)) is not None:
        if len(message) > 1:
            _send(link, chip.transmit(message))
        elif message == bytes((ASK_ATR,)):
            _send(link, chip.atr)
        else:
            # Power off, power on and reset all leave a chip that remembers nothing.
            chip.reset()


def main(arguments: Sequence[str]) -> None:
    """Lay a card on the reader that the arguments name, until it is interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m clients.reader card",
        description="Lay a virtual card on the system's virtual reader.",
    )
    parser.add_argument("--card", type=Path, required=True, metavar="FILE")
    parser.add_argument("--vpcd", default="127.0.0.1:35963", metavar="HOST:PORT")
    asked = parser.parse_args(arguments)
    host, _, port = asked.vpcd.rpartition(":")
    if not host or not port.isdecimal():
        parser.error("--vpcd is HOST:PORT")
    chip = VirtualChip(read_card(asked.card))
    with (
        # The service ends, or the one who laid the card takes it away.
        contextlib.suppress(ConnectionError, KeyboardInterrupt),
        socket.create_connection((host, int(port))) as link,
    ):
        serve(chip, link)


def _receive(link: socket.socket) -> bytes | None:
    head = _exactly(link, _LENGTH.size)
    return None if head is None else _exactly(link, _LENGTH.unpack(head)[0])


def _exactly(link: socket.socket, length: int) -> bytes | None:
    received = b""
    while len(received) < length:
        # vpcd sends a length and its bytes apart: without an acknowledgement at once,
        # its second packet waits some 40 ms. The option lasts for one packet only.
        if _QUICK is not None and link.family != socket.AF_UNIX:
            link.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
        part = link.recv(length - len(received))
        if not part:
            return None
        received += part
    return received


def _send(link: socket.socket, content: bytes) -> None:
    link.sendall(_LENGTH.pack(len(content)) + content)
