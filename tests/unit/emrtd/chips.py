"""Cards for the tests of reading, and chips that behave in other ways."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from clients.reader.virtual.card import Card
from clients.reader.virtual.chip import VirtualChip
from clients.reader.virtual.profiles import Profile
from idp.emrtd import reading, tlv
from idp.emrtd.apdu import Command, Response
from idp.emrtd.kdf import Can
from idp.emrtd.mrz import MrzKey
from idp.emrtd.reading import Evidence, Plan
from tests.cards.people import AN, authority, issue

CHALLENGE = bytes.fromhex("0123456789abcdef")
_authority = cache(authority)


@cache
def card_of(profile: Profile) -> Card:
    """Return one card of each kind, made once."""
    return issue(_authority(), profile, AN)


def mrz(card: Card) -> MrzKey:
    """Return what the card's zone opens it with."""
    access = card.access
    return MrzKey(access.document_number, access.birth_date, access.expiry_date)


def can(card: Card) -> Can:
    """Return what the card's printed number opens it with."""
    return Can(card.access.can)


def with_files(card: Card, **files: bytes | None) -> Card:
    """Return the card with some files changed, or taken away."""
    changed = {**card.files, **{name.lstrip("_"): file for name, file in files.items()}}
    kept = {name: file for name, file in changed.items() if file is not None}
    return replace(card, files=kept)


class OtherChip(VirtualChip):
    """A chip that answers some commands in its own way, and remembers all of them."""

    def __init__(self, card: Card, other: Callable[..., Response | None], **more):
        super().__init__(card, **more)
        self.other = other
        self.commands: list[tuple[str | None, Command]] = []

    def execute(self, command: Command) -> Response:
        """Answer differently, or as an honest chip does."""
        answer = self.other(self, command) or super().execute(command)
        self.commands.append((self._session.file, command))
        return answer

    @property
    def file(self) -> str | None:
        """Return which file is selected."""
        return self._session.file


def honest(chip: OtherChip, command: Command) -> None:
    """Change nothing."""


def long_reader(chip: OtherChip, command: Command) -> Response | None:
    """Know READ BINARY with an odd instruction, which reaches past 32 kB."""
    if command.ins != 0xB1:
        return None
    offset = int.from_bytes(tlv.parse(command.data).expect(0x54).value, "big")
    # The head of DO53 takes up to four of the bytes that were asked for.
    size = command.expected - 4
    part = chip._card.files[chip.file][offset : offset + size]
    return Response(tlv.encode(0x53, part), 0x9000)


def turns(chip: VirtualChip, plan: Plan, *, spoil=None, challenge=lambda _: CHALLENGE):
    """Read a chip; every state passes through JSON, as if each turn were a restart."""
    turn = reading.begin(plan, atr=chip.atr, challenge=challenge)
    count = 0
    while turn.evidence is None:
        answers = [chip.transmit(command) for command in turn.commands]
        if spoil:
            answers = spoil(count, answers)
        state = json.loads(json.dumps(turn.state))
        turn = reading.advance(state, answers, challenge=challenge)
        count += 1
    return turn.evidence


def read(chip: VirtualChip, *keys: MrzKey | Can, spoil=None, **plan) -> Evidence:
    """Read a chip with its keys through a reader of extended length."""
    asked = Plan(access=keys, **{"extended_length": True, **plan})
    return turns(chip, asked, spoil=spoil)
