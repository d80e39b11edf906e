"""How a chip lets a reader in: BAC and PACE (ICAO Doc 9303-11 §4.3, §4.4), its side."""

import secrets
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from clients.reader.virtual.card import CARD_ACCESS, Access
from clients.reader.virtual.session import PaceRun, Session
from clients.reader.virtual.status import (
    DONE,
    NO_CONDITIONS,
    NO_REFERENCE,
    NOT_VERIFIED,
    WRONG_DATA,
    WRONG_LENGTH,
    RefusalError,
)
from idp.emrtd import bac, pace, points
from idp.emrtd.apdu import Command, Response
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Can, derive_access_key, derive_basic_access
from idp.emrtd.mrz import MrzKey
from idp.emrtd.named_curves import domain
from idp.emrtd.secure_messaging import Channel
from idp.emrtd.security_infos import parse_card_access
from idp.emrtd.tlv import Node, decode_oid, encode, parse, parse_all

_OID, _PASSWORD, _PARAMETERS = 0x80, 0x83, 0x84
_MRZ, _CAN = b"\x01", b"\x02"
Made = TypeVar("Made")


def get_challenge(session: Session, command: Command) -> Response:
    """Return eight random bytes for BAC."""
    if not session.is_application:
        raise RefusalError(NO_CONDITIONS)
    if command.expected != bac.NONCE_LENGTH:
        raise RefusalError(WRONG_LENGTH)
    session.challenge = secrets.token_bytes(bac.NONCE_LENGTH)
    return Response(session.challenge, DONE)


def authenticate_reader(session: Session, command: Command) -> Response:
    """Prove each side to the other for BAC: EXTERNAL AUTHENTICATE (§4.3.3)."""
    challenge, session.challenge = session.challenge, None
    if challenge is None:
        raise RefusalError(NO_CONDITIONS)
    keys = derive_basic_access(_zone(session.card.access))
    try:
        plain = bac.unseal(keys, command.data)
    except EmrtdError as error:
        raise RefusalError(NOT_VERIFIED) from error
    reader, returned, reader_key = plain[:8], plain[8:16], plain[16:]
    if returned != challenge:
        raise RefusalError(NOT_VERIFIED)
    card_key = secrets.token_bytes(bac.KEY_LENGTH)
    _open(session, bac.Nonces(challenge, reader).channel(reader_key, card_key))
    return Response(bac.seal(keys, challenge + reader + card_key), DONE)


def choose_pace(session: Session, command: Command) -> Response:
    """Agree on PACE's variant and password: MSE:Set AT (§4.4.4.1)."""
    session.pace = None
    try:
        asked = {node.tag: node.value for node in parse_all(command.data)}
        oid = decode_oid(asked.get(_OID, b""))
        infos = parse_card_access(session.card.files[CARD_ACCESS])
    except (EmrtdError, KeyError) as error:
        raise RefusalError(WRONG_DATA) from error
    info = next((info for info in infos if info.oid == oid), None)
    if info is None or info.parameter_id is None:
        raise RefusalError(WRONG_DATA)
    if asked.get(_PARAMETERS, bytes((info.parameter_id,))) != bytes(
        (info.parameter_id,)
    ):
        raise RefusalError(NO_REFERENCE)
    way = pace.protocol(oid, info.parameter_id)
    access = _password(session.card.access, asked.get(_PASSWORD))
    session.pace = PaceRun(way, derive_access_key(access, way.cipher))
    return Response(b"", DONE)


def run_pace(session: Session, command: Command) -> Response:
    """Take one of PACE's four steps: GENERAL AUTHENTICATE (§4.4.4.2)."""
    run, session.pace = session.pace, None
    if run is None:
        raise RefusalError(NO_CONDITIONS)
    try:
        asked = parse(command.data).expect(pace.DYNAMIC).children
        answer = _step(session, run, asked[0] if asked else None)
    except EmrtdError as error:
        raise RefusalError(NOT_VERIFIED) from error
    return Response(encode(pace.DYNAMIC, encode(*answer)), DONE)


def _step(session: Session, run: PaceRun, asked: Node | None) -> tuple[int, bytes]:
    # Each step is taken once and in its order; an error begins anew.
    if asked is None and not run.nonce:
        session.pace = run
        return pace.NONCE, _encrypted_nonce(run)
    if asked is None or not run.nonce:
        raise RefusalError(NO_CONDITIONS)
    if asked.tag == pace.MAP_READER and run.generator is None:
        session.pace = run
        return pace.MAP_CARD, _map(run, asked.value)
    if asked.tag == pace.KEY_READER and run.generator and run.own is None:
        session.pace = run
        return pace.KEY_CARD, _exchange(run, asked.value)
    if asked.tag == pace.TOKEN_READER and run.own is not None:
        return pace.TOKEN_CARD, _confirm(session, run, asked.value)
    raise RefusalError(NO_CONDITIONS)


def _encrypted_nonce(run: PaceRun) -> bytes:
    cipher = run.way.cipher
    length = -(-cipher.key_length // cipher.block) * cipher.block
    run.nonce = secrets.token_bytes(length)
    return pace.encrypt_nonce(cipher, run.access_key, run.nonce)


def _map(run: PaceRun, point: bytes) -> bytes:
    curve = run.way.curve
    private = ec.generate_private_key(curve)
    theirs = points.decode(curve, point)
    run.generator = pace.map_generator(private, theirs, run.nonce)
    return points.encode(curve, points.public_point(private))


def _exchange(run: PaceRun, point: bytes) -> bytes:
    curve = run.way.curve
    run.theirs = points.decode(curve, point)
    number = secrets.randbelow(domain(curve).n - 1) + 1
    run.private = ec.derive_private_key(number, curve)
    run.own = points.multiply(run.private, _made(run.generator))
    return points.encode(curve, run.own)


def _confirm(session: Session, run: PaceRun, proof: bytes) -> bytes:
    own, theirs = _made(run.own), _made(run.theirs)
    keys = pace.agree(run.way, _made(run.private), own, theirs)
    pace.check_token(run.way, keys, own, proof)
    _open(session, Channel(keys))
    return pace.token(run.way, keys, theirs)


def _made(value: Made | None) -> Made:
    if value is None:
        raise RefusalError(NO_CONDITIONS)
    return value


def _open(session: Session, channel: Channel) -> None:
    session.next_channel = channel
    session.is_allowed = True


def _zone(access: Access) -> MrzKey:
    return MrzKey(access.document_number, access.birth_date, access.expiry_date)


def _password(access: Access, reference: bytes | None) -> MrzKey | Can:
    if reference == _MRZ:
        return _zone(access)
    if reference == _CAN:
        return Can(access.can)
    raise RefusalError(NO_REFERENCE)
