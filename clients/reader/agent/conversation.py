"""From the citizen's click to the way back: wait for the card, then pass batches on."""

import logging
import threading
from time import monotonic

from clients.reader.agent.errors import (
    CancelledError,
    CardRemovedError,
    CardTimeError,
    NoCardError,
    ReadingError,
)
from clients.reader.agent.pipe import Pipe
from clients.reader.agent.readers import Card, Reader
from clients.reader.agent.reading import Reading

CARD_WITHIN = 60.0
LOOK_AGAIN = 0.2
# What the provider is told of, so that it can close the session and lead back.
TOLD = (CancelledError, NoCardError, CardRemovedError, CardTimeError)

_log = logging.getLogger(__name__)


class Conversations:
    """Holds one conversation at a time: a reader has room for one card."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._turn = threading.Lock()

    def start(self, reading: Reading, choice: str) -> None:
        """Talk in the background; the reading tells how far it is."""
        threading.Thread(target=self.hold, args=(reading, choice), daemon=True).start()

    def hold(self, reading: Reading, choice: str) -> None:
        """Bring the reading to its end, whatever happens."""
        try:
            reading.finish(self._talk(reading, choice))
        except TOLD as error:
            give_up(reading, error.slug)
        except ReadingError as error:
            _log.warning("reading ended: %s %s", error.slug, error)
            reading.move("failed", error.slug)
        except Exception:
            # A thread has no caller: the page must not wait for ever.
            reading.move("failed", "failed")
            raise

    def _talk(self, reading: Reading, choice: str) -> str:
        deadline = monotonic() + min(CARD_WITHIN, reading.seconds_left)
        while not self._turn.acquire(timeout=LOOK_AGAIN):
            _check(reading, deadline)
            reading.move("waiting", "busy")
        try:
            card = self._wait_for_card(reading, choice, deadline)
            try:
                return _pass_on(reading, card)
            finally:
                card.release()
        finally:
            self._turn.release()

    def _wait_for_card(self, reading: Reading, choice: str, deadline: float) -> Card:
        while True:
            _check(reading, deadline)
            card = self._reader.connect(choice)
            if card is not None:
                return card
            presence = self._reader.presence()
            reading.move("waiting", presence if presence in ("none", "busy") else "")
            reading.is_cancelled.wait(LOOK_AGAIN)


def give_up(reading: Reading, reason: str) -> None:
    """Tell the provider why, and lead back if it says where to."""
    try:
        reading.finish(reading.link.cancel(reason))
    except ReadingError as error:
        _log.warning("giving up: %s %s", error.slug, error)
        reading.move("failed", error.slug)


def _check(reading: Reading, deadline: float) -> None:
    if reading.is_cancelled.is_set():
        raise CancelledError
    if monotonic() > deadline:
        raise NoCardError


def _pass_on(reading: Reading, card: Card) -> str:
    reading.move("reading")
    pipe = Pipe(card, is_cancelled=reading.is_cancelled.is_set)
    turn = reading.link.begin(card.atr)
    while turn.return_url is None:
        turn = reading.link.answer(pipe.send(turn.commands))
    return turn.return_url
