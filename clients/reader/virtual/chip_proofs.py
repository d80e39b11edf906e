"""How a chip proves that it is itself: Chip and Active Authentication.

Chip Authentication is BSI TR-03110 part 3 §B.1 and ICAO Doc 9303-11 §6.2, Active
Authentication 9303-11 §6.1.
"""

import hashlib
import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from clients.reader.virtual.card import load_key
from clients.reader.virtual.profiles import CHIP_AUTHENTICATION
from clients.reader.virtual.session import Session
from clients.reader.virtual.status import (
    DONE,
    NO_CONDITIONS,
    NO_REFERENCE,
    NOT_ALLOWED,
    UNKNOWN_INSTRUCTION,
    WRONG_DATA,
    WRONG_LENGTH,
    RefusalError,
)
from idp.emrtd.apdu import Command, Response
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Cipher, derive_session
from idp.emrtd.secure_messaging import Channel
from idp.emrtd.security_infos import parse_dg14
from idp.emrtd.tlv import decode_oid, encode, parse, parse_all

_OID, _KEY_REFERENCE, _TERMINAL_KEY = 0x80, 0x84, 0x91
# ISO/IEC 9796-2 §8.1: one byte says SHA-1, two bytes name another hash.
_TRAILERS = {
    "sha1": b"\xbc",
    "sha224": b"\x38\xcc",
    "sha256": b"\x34\xcc",
    "sha384": b"\x36\xcc",
    "sha512": b"\x35\xcc",
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def set_agreement(session: Session, command: Command) -> Response:
    """Choose the protocol that GENERAL AUTHENTICATE will run: MSE:Set AT."""
    objects = _asked(session, command)
    try:
        named = decode_oid(objects.get(_OID, b""))
    except EmrtdError as error:
        raise RefusalError(WRONG_DATA) from error
    cipher = _cipher(session)
    if named != f"{CHIP_AUTHENTICATION}.{int(cipher)}":
        raise RefusalError(WRONG_DATA)
    session.agreement = cipher
    return Response(b"", DONE)


def set_agreement_key(session: Session, command: Command) -> Response:
    """Agree on keys in one command, as the 3DES protocol may: MSE:Set KAT."""
    objects = _asked(session, command)
    if _TERMINAL_KEY not in objects or _cipher(session) is not Cipher.TRIPLE_DES:
        raise RefusalError(WRONG_DATA)
    _agree(session, Cipher.TRIPLE_DES, objects[_TERMINAL_KEY])
    return Response(b"", DONE)


def agree(session: Session, command: Command) -> Response:
    """Agree on keys with the terminal's one-time key: GENERAL AUTHENTICATE."""
    cipher, session.agreement = session.agreement, None
    if cipher is None:
        raise RefusalError(NO_CONDITIONS)
    try:
        point = parse(command.data).expect(0x7C).require(0x80).value
    except EmrtdError as error:
        raise RefusalError(WRONG_DATA) from error
    _agree(session, cipher, point)
    return Response(encode(0x7C, b""), DONE)


def sign(session: Session, command: Command) -> Response:
    """Sign the terminal's eight bytes: INTERNAL AUTHENTICATE."""
    pem = session.card.keys.aa
    if pem is None:
        raise RefusalError(UNKNOWN_INSTRUCTION)
    if not session.is_allowed:
        raise RefusalError(NOT_ALLOWED)
    if len(command.data) != 8:
        raise RefusalError(WRONG_LENGTH)
    key = load_key(pem)
    if isinstance(key, rsa.RSAPrivateKey):
        signature = sign_rsa(key, command.data, session.behaviour.rsa_digest)
    else:
        signature = sign_plain(key, command.data, _signature_digest(session))
    if len(signature) > min(session.room(), command.expected):
        raise RefusalError(WRONG_LENGTH)
    return Response(signature, DONE)


def sign_rsa(key: rsa.RSAPrivateKey, challenge: bytes, digest: str) -> bytes:
    """Sign with message recovery: ISO/IEC 9796-2 scheme 1 (9303-11 §6.1.2.3)."""
    size, trailer = (key.key_size + 7) // 8, _TRAILERS[digest]
    hashed_size = hashlib.new(digest).digest_size
    recovered = secrets.token_bytes(size - hashed_size - len(trailer) - 1)
    hashed = hashlib.new(digest, recovered + challenge).digest()
    message = int.from_bytes(b"\x6a" + recovered + hashed + trailer, "big")
    numbers = key.private_numbers()
    # Two halves by the Chinese remainders take a quarter of the time.
    by_p = pow(message, numbers.dmp1, numbers.p)
    by_q = pow(message, numbers.dmq1, numbers.q)
    rest = (by_p - by_q) * numbers.iqmp % numbers.p
    return (by_q + rest * numbers.q).to_bytes(size, "big")


def sign_plain(key: ec.EllipticCurvePrivateKey, challenge: bytes, digest: str) -> bytes:
    """Sign with r and s side by side: BSI TR-03111 §5.2.2."""
    der = key.sign(challenge, ec.ECDSA(_HASHES[digest]))
    size = (key.curve.key_size + 7) // 8
    return b"".join(part.to_bytes(size, "big") for part in decode_dss_signature(der))


def _asked(session: Session, command: Command) -> dict[int, bytes]:
    if session.card.keys.ca is None:
        raise RefusalError(NO_REFERENCE)
    if not session.is_allowed:
        raise RefusalError(NOT_ALLOWED)
    try:
        return {node.tag: node.value for node in parse_all(command.data)}
    except EmrtdError as error:
        raise RefusalError(WRONG_DATA) from error


def _agree(session: Session, cipher: Cipher, point: bytes) -> None:
    key = load_key(session.card.keys.ca or "")
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise RefusalError(NO_CONDITIONS)
    try:
        peer = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, point)
    except ValueError as error:
        raise RefusalError(WRONG_DATA) from error
    secret = key.exchange(ec.ECDH(), peer)
    session.next_channel = Channel(derive_session(secret, cipher))


def _cipher(session: Session) -> Cipher:
    keys = parse_dg14(session.card.files["14"]).chip_authentication
    return Cipher(int(keys[0].oid.rpartition(".")[2]))


def _signature_digest(session: Session) -> str:
    infos = session.card.files.get("14")
    stated = parse_dg14(infos).active_authentication_hash if infos else None
    return stated or "sha256"
