"""What the agent needs of a reader; real ones and the virtual one both have it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

# "none": no reader; "busy": another program holds the card.
Presence = Literal["none", "empty", "busy", "card"]


@dataclass(frozen=True, slots=True)
class SandboxCard:
    """A card that can be laid on the virtual reader."""

    number: str
    name: str


class Card(Protocol):
    """A card on a reader, for this agent alone until it is let go."""

    @property
    def atr(self) -> bytes:
        """Return the card's answer to reset."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """Pass one command on; raises `CardRemovedError`."""
        ...

    def release(self) -> None:
        """Reset the card and let it go."""
        ...


class Reader(Protocol):
    """Where cards are laid."""

    def presence(self) -> Presence:
        """Say whether there is a reader, and a card on it."""
        ...

    def cards(self) -> Sequence[SandboxCard]:
        """Return the cards to choose from; a real reader has none."""
        ...

    def connect(self, choice: str) -> Card | None:
        """Take the card; None while there is none. `choice` names a sandbox card."""
        ...
