"""Pass batches of commands to a card, within the limits of one reading."""

from collections.abc import Callable, Sequence
from time import monotonic

from clients.reader.agent.errors import CancelledError, CardTimeError
from clients.reader.agent.guard import Guard
from clients.reader.agent.readers import Card

CARD_SECONDS = 20.0


class Pipe:
    """One card for one reading; the time that counts is the card's own."""

    def __init__(
        self,
        card: Card,
        *,
        is_cancelled: Callable[[], bool],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._card = card
        self._guard = Guard()
        self._is_cancelled = is_cancelled
        self._clock = clock
        self._spent = 0.0

    def send(self, commands: Sequence[bytes]) -> list[bytes]:
        """Return the card's answers; nothing of a batch is sent if one is forbidden."""
        for command in commands:
            self._guard.check(command)
        return [self._transmit(command) for command in commands]

    def _transmit(self, command: bytes) -> bytes:
        if self._is_cancelled():
            raise CancelledError
        before = self._clock()
        answer = self._card.transmit(command)
        self._spent += self._clock() - before
        if self._spent > CARD_SECONDS:
            raise CardTimeError
        return answer
