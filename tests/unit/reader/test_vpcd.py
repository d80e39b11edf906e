"""The wire to the system's card service, with this test as the service."""

import contextlib
import socket
import struct
import threading

import pytest

from clients.reader.virtual import vpcd
from clients.reader.virtual.card import write_card
from clients.reader.virtual.chip import VirtualChip
from tests.cards.people import authority, issue

SELECT = bytes.fromhex("00A4040C07A0000002471001")


class Service:
    """What vpcd does: it asks with a length and then the bytes, apart."""

    def __init__(self, link):
        self.link = link

    def tell(self, message):
        self.link.sendall(struct.pack("!H", len(message)))
        self.link.sendall(message)

    def ask(self, message):
        self.tell(message)
        (length,) = struct.unpack("!H", self.link.recv(2, socket.MSG_WAITALL))
        return self.link.recv(length, socket.MSG_WAITALL)


@pytest.fixture(scope="module")
def card():
    return issue(authority())


@pytest.fixture
def door():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)
        yield listening


@contextlib.contextmanager
def laid(card, door):
    """Lay a card in a thread, and hold the service's end of its link."""
    near = socket.create_connection(door.getsockname())
    thread = threading.Thread(target=vpcd.serve, args=(VirtualChip(card), near))
    thread.start()
    far, _ = door.accept()
    far.settimeout(30)
    with far:
        yield Service(far)
    thread.join(30)
    near.close()
    assert not thread.is_alive()


def test_answer_to_reset_and_commands_pass(card, door):
    """The service gets the chip's answer to reset and its answers to commands."""
    with laid(card, door) as service:
        service.tell(b"\x01")
        assert service.ask(b"\x04") == VirtualChip(card).atr
        assert service.ask(SELECT) == b"\x90\x00"


@pytest.mark.parametrize("control", [b"\x00", b"\x01", b"\x02"])
def test_power_and_reset_make_the_chip_forget(card, door, control):
    """After the power was away the application is selected no longer."""
    challenge = bytes.fromhex("0084000008")
    with laid(card, door) as service:
        service.ask(SELECT)
        assert len(service.ask(challenge)) == 10
        service.tell(control)
        assert service.ask(challenge) == b"\x69\x85"


def test_program_lays_the_card_that_is_named(card, door, tmp_path):
    """The command's card is on the reader until the service goes away."""
    path = tmp_path / "one.card.json"
    write_card(card, path)
    host, port = door.getsockname()
    arguments = ["--card", str(path), "--vpcd", f"{host}:{port}"]
    thread = threading.Thread(target=vpcd.main, args=(arguments,))
    thread.start()
    far, _ = door.accept()
    with far:
        assert Service(far).ask(SELECT) == b"\x90\x00"
    thread.join(30)
    assert not thread.is_alive()


def test_answer_to_reset_checks_itself_and_offers_extended_length(card):
    """ISO/IEC 7816-3 §8.2.5: all bytes after the first one cancel out."""
    total = 0
    for byte in VirtualChip(card).atr[1:]:
        total ^= byte
    assert total == 0


@pytest.mark.parametrize("where", ["nowhere", "host:", "host:many"])
def test_unclear_address_is_refused(tmp_path, where, capsys):
    """The service's place is a host and a port."""
    with pytest.raises(SystemExit):
        vpcd.main(["--card", str(tmp_path), "--vpcd", where])
    assert "HOST:PORT" in capsys.readouterr().err
