"""A virtual eMRTD chip: commands in, answers out, as ICAO Doc 9303-11 has them.

It behaves as the cards seen in Vietnam do: the master file cannot be selected,
EF.CardAccess can be read under the application, nothing personal is read before BAC or
PACE, and any spoiled or unprotected command ends secure messaging.
"""

from collections.abc import Callable
from functools import reduce
from operator import xor

from clients.reader.virtual import access, card_files, chip_proofs
from clients.reader.virtual.card import Card
from clients.reader.virtual.session import Behaviour, Session
from clients.reader.virtual.status import (
    NO_MESSAGING_OBJECTS,
    NO_SECURE_MESSAGING,
    UNKNOWN_CLASS,
    UNKNOWN_INSTRUCTION,
    WRONG_LENGTH,
    WRONG_MESSAGING_OBJECTS,
    WRONG_PARAMETERS,
    RefusalError,
    parse,
)
from idp.emrtd.apdu import SHORT_MAX, Command, Response
from idp.emrtd.errors import EmrtdError
from idp.emrtd.secure_messaging import open_command, protect_response
from idp.emrtd.tlv import parse_all

_PROTECTED, _CHAINED = 0x0C, 0x10
_GENERAL_AUTHENTICATE = 0x86
_MAC = 0x8E
Handler = Callable[[Session, Command], Response]


class VirtualChip:
    """One card's chip, with what it remembers while it has power."""

    def __init__(self, card: Card, behaviour: Behaviour | None = None) -> None:
        self._card = card
        self._behaviour = behaviour or Behaviour()
        self._session = Session(self._card, self._behaviour)

    @property
    def atr(self) -> bytes:
        """Return the answer to reset, as readers make it up for contactless cards."""
        # PC/SC part 3 §3.1.3.2.3.1; the last historical byte says what lengths go.
        lengths = 0x40 if self._behaviour.has_extended_length else 0
        answer = bytes((0x85, 0x80, 0x01, 0x80, 0x73, 0xC0, 0x21, lengths))
        return b"\x3b" + answer + bytes((reduce(xor, answer),))

    def reset(self) -> None:
        """Take the power away: whatever was proven must be proven again."""
        self._session = Session(self._card, self._behaviour)

    def transmit(self, apdu: bytes) -> bytes:
        """Answer one command; a refusal is an answer too."""
        session = self._session
        try:
            command = parse(apdu)
            session.outer_expected = command.expected
            self._check_length(command)
            if command.cla & _PROTECTED:
                return self._transmit_protected(apdu, command)
        except RefusalError as refusal:
            session.close()
            return _plain(refusal.status)
        session.close()
        response = self.execute(command)
        session.channel, session.next_channel = session.next_channel, None
        return response.encode()

    def _check_length(self, command: Command) -> None:
        is_long = len(command.data) > 0xFF or command.expected > SHORT_MAX
        if is_long and not self._behaviour.has_extended_length:
            raise RefusalError(WRONG_LENGTH)

    def _transmit_protected(self, apdu: bytes, outer: Command) -> bytes:
        session = self._session
        if session.channel is None:
            raise RefusalError(NO_SECURE_MESSAGING)
        channel = session.count()
        try:
            command = open_command(channel.keys, channel.counter, apdu)
        except EmrtdError as error:
            missing = not _has_mac(outer.data)
            status = NO_MESSAGING_OBJECTS if missing else WRONG_MESSAGING_OBJECTS
            raise RefusalError(status) from error
        response = self.execute(command)
        channel = session.count()
        answer = protect_response(
            channel.keys, channel.counter, response, ins=command.ins
        )
        if session.next_channel is not None:
            session.channel, session.next_channel = session.next_channel, None
        return answer

    def execute(self, command: Command) -> Response:
        """Run one command, no longer protected, and return what the chip says."""
        try:
            return _handler(self._session, command)(self._session, command)
        except RefusalError as refusal:
            return Response(b"", refusal.status)


def _handler(session: Session, command: Command) -> Handler:
    if command.cla not in {0, _CHAINED if command.ins == _GENERAL_AUTHENTICATE else 0}:
        raise RefusalError(UNKNOWN_CLASS)
    if command.ins == 0x22:
        wanted = _SETTINGS.get((command.p1, command.p2))
        if wanted is None:
            raise RefusalError(WRONG_PARAMETERS)
        return wanted
    if command.ins == _GENERAL_AUTHENTICATE:
        # Before access it can only be PACE, after it only Chip Authentication.
        return chip_proofs.agree if session.is_allowed else access.run_pace
    handler = _HANDLERS.get(command.ins)
    if handler is None:
        raise RefusalError(UNKNOWN_INSTRUCTION)
    return handler


_HANDLERS: dict[int, Handler] = {
    0xA4: card_files.select,
    0xB0: card_files.read,
    0x84: access.get_challenge,
    0x82: access.authenticate_reader,
    0x88: chip_proofs.sign,
}
_SETTINGS: dict[tuple[int, int], Handler] = {
    (0xC1, 0xA4): access.choose_pace,
    (0x41, 0xA4): chip_proofs.set_agreement,
    (0x41, 0xA6): chip_proofs.set_agreement_key,
}


def _has_mac(data: bytes) -> bool:
    try:
        return any(node.tag == _MAC for node in parse_all(data))
    except EmrtdError:
        return False


def _plain(status: int) -> bytes:
    return Response(b"", status).encode()
