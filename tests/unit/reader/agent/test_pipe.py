"""Batches pass whole, in time, and not after Cancel."""

import pytest

from clients.reader.agent.errors import (
    CancelledError,
    CardTimeError,
    ForbiddenCommandError,
)
from clients.reader.agent.pipe import CARD_SECONDS, Pipe
from tests.unit.reader.agent.scripted import SELECT, ScriptedReader

COMMAND = bytes.fromhex(SELECT)


class Clock:
    """A clock that each look moves on."""

    def __init__(self, step: float) -> None:
        self.now, self._step = 0.0, step

    def __call__(self) -> float:
        self.now += self._step
        return self.now


def test_answers_come_in_order():
    """The pipe adds nothing and leaves nothing out."""
    card = ScriptedReader()

    answers = Pipe(card, is_cancelled=lambda: False).send([COMMAND] * 3)

    assert answers == [b"\x90\x00"] * 3
    assert card.sent == [COMMAND] * 3


def test_nothing_of_a_batch_with_a_forbidden_command_is_sent():
    """A rogue batch is stopped before its first command."""
    card = ScriptedReader()

    with pytest.raises(ForbiddenCommandError):
        Pipe(card, is_cancelled=lambda: False).send([COMMAND, b"\x00\x20\x00\x01"])

    assert card.sent == []


def test_the_cards_time_is_counted_over_all_batches():
    """A card may take 20 s altogether; the provider's time is not the card's."""
    clock = Clock(step=CARD_SECONDS / 4)
    pipe = Pipe(ScriptedReader(), is_cancelled=lambda: False, clock=clock)

    for _ in range(4):
        pipe.send([COMMAND])
        clock.now += 100  # the provider thinks

    with pytest.raises(CardTimeError):
        pipe.send([COMMAND])


def test_cancel_stops_between_two_commands():
    """The citizen need not wait for the end of a batch."""
    card = ScriptedReader()
    pipe = Pipe(card, is_cancelled=lambda: bool(card.sent))

    with pytest.raises(CancelledError):
        pipe.send([COMMAND, COMMAND])

    assert len(card.sent) == 1
