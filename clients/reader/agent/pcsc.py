"""Readers of this computer, through PC/SC (pyscard, which the `reader` extra brings).

The lower of pyscard's two interfaces: it starts no threads, and takes a card for this
program alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from clients.reader.agent.errors import CardRemovedError, ReaderMissingError
from clients.reader.agent.readers import Card, Presence, SandboxCard

MISSING_PYSCARD = """\
Python's PC/SC binding (pyscard) is missing. Run:
  sudo apt-get install -y gcc swig libpcsclite-dev pcscd libccid
  {python} -m pip install 'pyscard>=2.3.1,<3'"""
MISSING_PCSCD = """\
The smart card service (pcscd) does not answer. Run:
  sudo apt-get install -y pcscd libccid
  sudo systemctl start pcscd.socket   # without systemd: sudo pcscd"""


class PcscReader:
    """Whichever connected reader has a card."""

    def __init__(self, python: str) -> None:
        try:
            from smartcard import scard  # noqa: PLC0415 - an extra, for real readers only
        except ImportError as error:
            raise ReaderMissingError(MISSING_PYSCARD.format(python=python)) from error
        self._scard: Any = scard
        with self._context():
            pass

    def presence(self) -> Presence:
        """Say whether a reader is connected, and a card on it."""
        scard = self._scard
        states = self._states()
        if not states:
            return "none"
        found = [state for _, state in states if state & scard.SCARD_STATE_PRESENT]
        if not found:
            return "empty"
        if all(state & scard.SCARD_STATE_EXCLUSIVE for state in found):
            return "busy"
        return "card"

    def cards(self) -> tuple[SandboxCard, ...]:
        """Return nothing: a real card is laid on the reader, not chosen."""
        return ()

    def connect(self, choice: str) -> Card | None:
        """Take the first card for this program alone; None while there is none."""
        del choice
        scard = self._scard
        for name, state in self._states():
            if not state & scard.SCARD_STATE_PRESENT:
                continue
            result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
            if result != scard.SCARD_S_SUCCESS:
                return None
            result, handle, protocol = scard.SCardConnect(
                context,
                name,
                scard.SCARD_SHARE_EXCLUSIVE,
                scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
            )
            if result == scard.SCARD_S_SUCCESS:
                return PcscCard(scard, context, handle, protocol)
            scard.SCardReleaseContext(context)
        return None

    def _states(self) -> list[tuple[str, int]]:
        scard = self._scard
        try:
            with self._context() as context:
                _, names = scard.SCardListReaders(context, [])
                asked = [(name, scard.SCARD_STATE_UNAWARE) for name in names]
                result, states = scard.SCardGetStatusChange(context, 0, asked)
        except ReaderMissingError:  # pcscd has ended since we began
            return []
        if not names or result != scard.SCARD_S_SUCCESS:
            return []
        return [(name, state) for name, state, _ in states]

    @contextmanager
    def _context(self) -> Iterator[Any]:
        scard = self._scard
        result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        if result != scard.SCARD_S_SUCCESS:
            raise ReaderMissingError(MISSING_PCSCD)
        try:
            yield context
        finally:
            scard.SCardReleaseContext(context)


class PcscCard:
    """A card that no other program can use meanwhile."""

    def __init__(self, scard: Any, context: Any, handle: Any, protocol: int) -> None:
        self._scard = scard
        self._context = context
        self._handle = handle
        self._protocol = protocol
        _, _, _, _, atr = scard.SCardStatus(handle)
        self._atr = bytes(atr)

    @property
    def atr(self) -> bytes:
        """Return the card's answer to reset."""
        return self._atr

    def transmit(self, command: bytes) -> bytes:
        """Pass one command on."""
        result, answer = self._scard.SCardTransmit(
            self._handle, self._protocol, list(command)
        )
        if result != self._scard.SCARD_S_SUCCESS:
            raise CardRemovedError(self._scard.SCardGetErrorMessage(result))
        return bytes(byte & 0xFF for byte in answer)

    def release(self) -> None:
        """Reset the card, so that no other program finds its session open."""
        self._scard.SCardDisconnect(self._handle, self._scard.SCARD_RESET_CARD)
        self._scard.SCardReleaseContext(self._context)
