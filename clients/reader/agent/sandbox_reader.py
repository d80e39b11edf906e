"""The virtual reader: sandbox cards from a folder, each with a chip in this process."""

from pathlib import Path

from clients.reader.agent.readers import Card, Presence, SandboxCard
from clients.reader.virtual.card import read_card
from clients.reader.virtual.chip import VirtualChip

SUFFIX = ".card.json"


class SandboxReader:
    """Lays whichever card of the folder the citizen chooses."""

    def __init__(self, folder: Path) -> None:
        self._files = {
            path.name.removesuffix(SUFFIX): path
            for path in sorted(folder.glob(f"*{SUFFIX}"))
        }
        holders = {name: read_card(path).holder for name, path in self._files.items()}
        self._cards = tuple(
            SandboxCard(name, holder.name) for name, holder in holders.items()
        )

    def presence(self) -> Presence:
        """Say that a card is at hand whenever the folder has one."""
        return "card" if self._files else "empty"

    def cards(self) -> tuple[SandboxCard, ...]:
        """Return every card of the folder."""
        return self._cards

    def connect(self, choice: str) -> Card | None:
        """Lay the chosen card; None for one that the folder does not have."""
        path = self._files.get(choice)
        return LaidCard(VirtualChip(read_card(path))) if path else None


class LaidCard:
    """A virtual chip in the shape of a card on a reader."""

    def __init__(self, chip: VirtualChip) -> None:
        self._chip = chip

    @property
    def atr(self) -> bytes:
        """Return the chip's answer to reset."""
        return self._chip.atr

    def transmit(self, command: bytes) -> bytes:
        """Pass one command to the chip."""
        return self._chip.transmit(command)

    def release(self) -> None:
        """Take the card away."""
        self._chip.reset()
