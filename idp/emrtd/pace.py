"""PACE with elliptic curves and generic mapping: ICAO Doc 9303-11 §4.4.

The arithmetic is the same on both sides; the commands are the reader's.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd import points, tlv
from idp.emrtd.apdu import Command
from idp.emrtd.blocks import authentication_code, decrypt, encrypt
from idp.emrtd.curves import standardized_curve
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Can, Cipher, SessionKeys, derive_session
from idp.emrtd.mrz import MrzKey
from idp.emrtd.points import Point
from idp.emrtd.security_infos import PaceInfo

DYNAMIC = 0x7C
NONCE = 0x80
MAP_READER, MAP_CARD = 0x81, 0x82
KEY_READER, KEY_CARD = 0x83, 0x84
TOKEN_READER, TOKEN_CARD = 0x85, 0x86
_GENERIC_MAPPING = "0.4.0.127.0.7.2.2.4.2."
_MRZ, _CAN = 1, 2  # §4.4.4.1: which password
_PUBLIC_KEY, _POINT = 0x7F49, 0x86
_CHAINED = 0x10


@dataclass(frozen=True)
class Protocol:
    """One way of PACE: its object identifier, cipher and curve."""

    oid: str
    parameter_id: int
    cipher: Cipher
    curve: ec.EllipticCurve


def protocol(oid: str, parameter_id: int) -> Protocol:
    """Return a way of PACE by its names, or refuse one that is not spoken here."""
    suffix = oid.removeprefix(_GENERIC_MAPPING)
    if suffix == oid or suffix not in {str(cipher.value) for cipher in Cipher}:
        raise EmrtdError("malformed", f"PACE {oid}")
    curve = standardized_curve(parameter_id)
    return Protocol(oid, parameter_id, Cipher(int(suffix)), curve)


def choose(infos: Iterable[PaceInfo]) -> Protocol | None:
    """Return the strongest way that both sides speak, or None."""
    spoken = []
    for info in infos:
        try:
            spoken.append(protocol(info.oid, info.parameter_id or 0))
        except EmrtdError:
            continue
    return max(spoken, key=lambda way: way.cipher, default=None)


def set_authentication_template(way: Protocol, access: MrzKey | Can) -> Command:
    """Tell the card which way, password and curve (MSE:Set AT, §4.4.4.1)."""
    password = _CAN if isinstance(access, Can) else _MRZ
    data = (
        tlv.encode(0x80, tlv.encode_oid(way.oid))
        + tlv.encode(0x83, bytes((password,)))
        + tlv.encode(0x84, bytes((way.parameter_id,)))
    )
    return Command(0x00, 0x22, 0xC1, 0xA4, data=data)


def general_authenticate(tag: int = 0, value: bytes = b"") -> Command:
    """Return one step of the protocol; all but the token's are chained (§4.4.4.2)."""
    data = tlv.encode(DYNAMIC, tlv.encode(tag, value) if tag else b"")
    cla = 0x00 if tag == TOKEN_READER else _CHAINED
    return Command(cla, 0x86, 0x00, 0x00, data=data, expected=256)


def read_step(answer: bytes, tag: int) -> bytes:
    """Return what a step answered."""
    return tlv.parse(answer).expect(DYNAMIC).require(tag).value


def encrypt_nonce(cipher: Cipher, key: bytes, nonce: bytes) -> bytes:
    """Encrypt the card's nonce under the password's key (the card's side)."""
    return encrypt(cipher, key, nonce)


def decrypt_nonce(cipher: Cipher, key: bytes, secret: bytes) -> bytes:
    """Decrypt the card's nonce; a wrong password gives another one (§4.4.3.2)."""
    length = -(-cipher.key_length // cipher.block) * cipher.block
    if len(secret) != length:
        raise EmrtdError("malformed", "nonce length")
    return decrypt(cipher, key, secret)


def map_generator(
    private: ec.EllipticCurvePrivateKey, theirs: Point, nonce: bytes
) -> Point:
    """Return the one-time generator s·G + H (§4.4.3.3.1)."""
    shared = points.multiply(private, theirs)
    scaled = points.multiply_generator(private.curve, int.from_bytes(nonce, "big"))
    return points.add(private.curve, scaled, shared)


def agree(
    way: Protocol, private: ec.EllipticCurvePrivateKey, ours: Point, theirs: Point
) -> SessionKeys:
    """Return the session's keys; the two public keys must differ (§4.4.3.2)."""
    if ours.x == theirs.x:
        raise EmrtdError("malformed", "our own key came back")
    return derive_session(points.shared_x(private, theirs), way.cipher)


def token(way: Protocol, keys: SessionKeys, public: Point) -> bytes:
    """Return the proof for the other side, over *its* public key (§4.4.3.4)."""
    template = tlv.encode(
        _PUBLIC_KEY,
        tlv.encode(tlv.OBJECT_IDENTIFIER, tlv.encode_oid(way.oid))
        + tlv.encode(_POINT, points.encode(way.curve, public)),
    )
    return authentication_code(way.cipher, keys.mac, template)


def check_token(way: Protocol, keys: SessionKeys, public: Point, proof: bytes) -> None:
    """Refuse a proof over `public` that the same keys do not give."""
    if not hmac.compare_digest(token(way, keys, public), proof):
        raise EmrtdError("access_denied", "PACE token")
