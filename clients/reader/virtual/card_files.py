"""SELECT and READ BINARY as real chips answer them: ICAO Doc 9303-10 §3.6."""

from clients.reader.virtual.card import CARD_ACCESS, COM, SOD
from clients.reader.virtual.session import Session
from clients.reader.virtual.status import (
    DONE,
    END_OF_FILE,
    NOT_ALLOWED,
    NOT_FOUND,
    UNKNOWN_INSTRUCTION,
    WRONG_LENGTH,
    WRONG_OFFSET,
    WRONG_PARAMETERS,
    RefusalError,
)
from idp.emrtd.apdu import Command, Response

APPLICATION = bytes.fromhex("A0000002471001")
_NO_CURRENT_FILE = 0x6986
_BY_NAME, _BY_IDENTIFIER, _BY_FILE = 0x04, 0x00, 0x02
# A length field of zero asks for all there is, as far as it fits.
_ALL = (256, 65_536)
# Short identifiers; a file identifier is 01 before it (ICAO Doc 9303-10 §4.1).
_FILES = {0x1C: CARD_ACCESS, 0x1D: SOD, 0x1E: COM} | {
    number: str(number) for number in range(1, 17)
}


def select(session: Session, command: Command) -> Response:
    """Select the application by its name, or one of its files."""
    if command.p1 == _BY_NAME:
        return _select_application(session, command.data)
    if command.p1 == _BY_IDENTIFIER:
        # The master file cannot be selected on the cards seen in Vietnam.
        raise RefusalError(UNKNOWN_INSTRUCTION)
    if command.p1 != _BY_FILE:
        raise RefusalError(WRONG_PARAMETERS)
    if len(command.data) != 2:
        raise RefusalError(WRONG_LENGTH)
    if command.data[0] != 1:
        raise RefusalError(NOT_FOUND)
    session.file = _known(session, command.data[1])
    return Response(b"", DONE)


def read(session: Session, command: Command) -> Response:
    """Return a part of a file: of the current one, or of a short identifier's."""
    offset = command.p1 << 8 | command.p2
    if command.p1 & 0x80:
        if command.p1 & 0x60:
            raise RefusalError(WRONG_PARAMETERS)
        session.file = _known(session, command.p1 & 0x1F)
        offset = command.p2
    if session.file is None:
        raise RefusalError(_NO_CURRENT_FILE)
    content = session.card.files[session.file]
    if offset >= len(content):
        raise RefusalError(WRONG_OFFSET)
    room = session.room()
    wants_all = command.expected in _ALL
    if not command.expected or (command.expected > room and not wants_all):
        raise RefusalError(WRONG_LENGTH)
    asked = min(command.expected, room)
    part = content[offset : offset + asked]
    is_short = len(part) < asked and not wants_all
    return Response(part, END_OF_FILE if is_short else DONE)


def _select_application(session: Session, name: bytes) -> Response:
    if name != APPLICATION:
        raise RefusalError(NOT_FOUND)
    session.is_application = True
    session.file = None
    return Response(b"", DONE)


def _known(session: Session, identifier: int) -> str:
    name = _FILES.get(identifier)
    if name == CARD_ACCESS:
        if name not in session.card.files:
            raise RefusalError(NOT_FOUND)
        return name
    if not session.is_allowed:
        raise RefusalError(NOT_ALLOWED)
    if name is None or name not in session.card.files or not session.is_application:
        raise RefusalError(NOT_FOUND)
    return name
