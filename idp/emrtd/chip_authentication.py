"""Chip Authentication with elliptic curves: ICAO Doc 9303-11 §6.2.

The chip proves its key by speaking under session keys that only its key can give: the
first good answer under them is the proof, and nobody can show it to a third party.
"""

from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd import points, tlv
from idp.emrtd.apdu import Command
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Cipher, SessionKeys, derive_session
from idp.emrtd.points import Point
from idp.emrtd.security_infos import ChipAuthenticationKey, ChipSecurity

_ECDH = "0.4.0.127.0.7.2.2.3.2."
_DYNAMIC = 0x7C


@dataclass(frozen=True)
class ChipAuthenticationProof:
    """Which key of ours was used once, and which key of the chip gave the session."""

    oid: str
    public_key: bytes
    chip_key: bytes

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "oid": self.oid,
            "public_key": self.public_key.hex(),
            "chip_key": self.chip_key.hex(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "ChipAuthenticationProof":
        """Return what `to_json` wrote down."""
        return cls(
            data["oid"],
            bytes.fromhex(data["public_key"]),
            bytes.fromhex(data["chip_key"]),
        )


def cipher_of(oid: str) -> Cipher | None:
    """Return the cipher of id-CA-ECDH-…, or None for another protocol (§9.2.5)."""
    suffix = oid.removeprefix(_ECDH)
    if suffix == oid or suffix not in {str(cipher.value) for cipher in Cipher}:
        return None
    return Cipher(int(suffix))


def choose(security: ChipSecurity) -> ChipAuthenticationKey | None:
    """Return the chip's key with the strongest cipher that is spoken here, or None."""
    spoken = [key for key in security.chip_authentication if cipher_of(key.oid)]
    return max(spoken, key=lambda key: cipher_of(key.oid) or 0, default=None)


def set_authentication_template(key: ChipAuthenticationKey) -> Command:
    """Name the protocol and the chip's key (MSE:Set AT, §6.2.4.2)."""
    data = tlv.encode(0x80, tlv.encode_oid(key.oid)) + _reference(key)
    return Command(0x00, 0x22, 0x41, 0xA4, data=data)


def general_authenticate(public_key: bytes) -> Command:
    """Give our one-time public key (GENERAL AUTHENTICATE, §6.2.4.2)."""
    data = tlv.encode(_DYNAMIC, tlv.encode(0x80, public_key))
    return Command(0x00, 0x86, 0x00, 0x00, data=data, expected=256)


def set_key_agreement_template(
    key: ChipAuthenticationKey, public_key: bytes
) -> Command:
    """Do both in one command, as old chips want it (MSE:Set KAT, §6.2.4.1)."""
    data = tlv.encode(0x91, public_key) + _reference(key)
    return Command(0x00, 0x22, 0x41, 0xA6, data=data)


def session_keys(
    oid: str, private: ec.EllipticCurvePrivateKey, theirs: Point
) -> SessionKeys:
    """Return the keys of the new session, of either side; its counter begins at 0."""
    cipher = cipher_of(oid)
    if cipher is None:
        raise EmrtdError("ca_failed", f"Chip Authentication {oid}")
    return derive_session(points.shared_x(private, theirs), cipher)


def _reference(key: ChipAuthenticationKey) -> bytes:
    """Name the key by its id where DG14 gives it one."""
    if key.key_id is None:
        return b""
    if key.key_id < 0:
        raise EmrtdError("malformed", "a negative key id")
    length = max(1, (key.key_id.bit_length() + 7) // 8)
    return tlv.encode(0x84, key.key_id.to_bytes(length, "big"))
