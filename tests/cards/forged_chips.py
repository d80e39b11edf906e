"""Chips that do not do what an issuer's chip does."""

from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clients.reader.virtual.card import Card
from clients.reader.virtual.chip import VirtualChip
from idp.emrtd.apdu import Command, Response

_SIGN = 0x88
Spoil = Callable[[bytes, list[bytes]], bytes]


class RecordingChip(VirtualChip):
    """An honest chip whose signatures are kept, as any reader may keep them."""

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self.signatures: list[bytes] = []

    def execute(self, command: Command) -> Response:
        """Run a command, and keep what was signed."""
        response = super().execute(command)
        if command.ins == _SIGN:
            self.signatures.append(response.data)
        return response


class ReplayingChip(VirtualChip):
    """A copy without the key, which answers with an earlier signature."""

    def __init__(self, card: Card, signature: bytes) -> None:
        super().__init__(card)
        self._signature = signature

    def execute(self, command: Command) -> Response:
        """Run a command, but sign nothing."""
        if command.ins == _SIGN:
            return Response(self._signature, 0x9000)
        return super().execute(command)


class DerChip(VirtualChip):
    """A chip that signs truly but writes its ECDSA signature in DER."""

    def execute(self, command: Command) -> Response:
        """Run a command, but sign in the other form."""
        if command.ins != _SIGN:
            return super().execute(command)
        key = load_pem_private_key(self._card.keys.aa.encode(), password=None)
        signature = key.sign(command.data, ec.ECDSA(hashes.SHA256()))
        return Response(signature, 0x9000)


class StubbornChip(VirtualChip):
    """A chip without the agreement key, which only says that it agreed."""

    def execute(self, command: Command) -> Response:
        """Run a command, but keep the keys as they are."""
        response = super().execute(command)
        if self._session.channel is not None:
            self._session.next_channel = None
        return response


class SpoiledLine(VirtualChip):
    """A chip behind a line that spoils one protected answer."""

    def __init__(self, card: Card, spoil: Spoil, *, at: int) -> None:
        super().__init__(card)
        self._spoil = spoil
        self._at = at
        self._answers: list[bytes] = []

    @property
    def count(self) -> int:
        """Return how many protected answers there were."""
        return len(self._answers)

    def transmit(self, apdu: bytes) -> bytes:
        """Answer a command; the spoiled answer is counted from the first protected."""
        answer = super().transmit(apdu)
        if apdu[0] & 0x0C:
            self._answers.append(answer)
            if len(self._answers) == self._at + 1:
                return self._spoil(answer, self._answers)
        return answer
