"""Active Authentication: a signature by the chip's key over our eight bytes.

ICAO Doc 9303-11 §6.1: RSA with message recovery (ISO/IEC 9796-2, scheme 1), or ECDSA
in the plain form r‖s of BSI TR-03111.
"""

import hashlib
import hmac

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from idp.emrtd.apdu import EXTENDED_MAX, SHORT_MAX, Command
from idp.emrtd.curves import PublicKey
from idp.emrtd.errors import EmrtdError

CHALLENGE_LENGTH = 8
_MIN_RSA_BITS = 1024
_IMPLICIT = 0xBC  # the hash is not named: SHA-1 (9303-11 §6.1.2.2)
_EXPLICIT = 0xCC
_TRAILERS = {  # ISO/IEC 10118-3 numbers
    0x33: "sha1",
    0x34: "sha256",
    0x35: "sha512",
    0x36: "sha384",
    0x38: "sha224",
}
# Partial recovery, padded: 6A, or 6B BB … BA before a shorter recovered part
_UNPADDED, _PADDED, _PADDING, _LAST_PADDING = 0x6A, 0x6B, 0xBB, 0xBA
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha224": hashes.SHA224(),
    "sha1": hashes.SHA1(),  # noqa: S303 - what old chips sign with
}


def internal_authenticate(challenge: bytes, *, is_long: bool) -> Command:
    """Ask for a signature; long RSA signatures need an extended answer (§6.1.3)."""
    expected = EXTENDED_MAX if is_long else SHORT_MAX
    return Command(0x00, 0x88, 0x00, 0x00, data=challenge, expected=expected)


def verify(
    public_key: PublicKey,
    *,
    challenge: bytes,
    signature: bytes,
    hash_hint: str | None = None,
) -> None:
    """Refuse a signature over the challenge that is not the chip's.

    `hash_hint` is what DG14 names for ECDSA; an RSA signature names its own hash.
    """
    if isinstance(public_key, rsa.RSAPublicKey):
        _verify_rsa(public_key.public_numbers(), challenge, signature)
    else:
        _verify_ecdsa(public_key, challenge, signature, hash_hint)


def _verify_rsa(
    numbers: rsa.RSAPublicNumbers, challenge: bytes, signature: bytes
) -> None:
    bits = numbers.n.bit_length()
    if bits < _MIN_RSA_BITS:
        raise EmrtdError("weak_algorithm", f"RSA of {bits} bits")
    value = int.from_bytes(signature, "big")
    if bits % 8 or len(signature) != bits // 8 or value >= numbers.n:
        raise EmrtdError("aa_failed", "signature length")
    opened = pow(value, numbers.e, numbers.n).to_bytes(bits // 8, "big")
    name, trailer_length = _trailer(opened)
    digest_length = hashlib.new(name, usedforsecurity=False).digest_size
    digest_at = len(opened) - trailer_length - digest_length
    recovered = opened[_message_start(opened, digest_at) : digest_at]
    digest = hashlib.new(name, recovered + challenge, usedforsecurity=False).digest()
    if not hmac.compare_digest(digest, opened[digest_at:-trailer_length]):
        raise EmrtdError("aa_failed", "hash")


def _trailer(opened: bytes) -> tuple[str, int]:
    if opened[-1] == _IMPLICIT:
        return "sha1", 1
    if opened[-1] != _EXPLICIT or opened[-2] not in _TRAILERS:
        raise EmrtdError("aa_failed", "trailer")
    return _TRAILERS[opened[-2]], 2


def _message_start(opened: bytes, digest_at: int) -> int:
    """Return where the recovered part begins: padding leaves no byte unaccounted."""
    if opened[0] == _UNPADDED:
        return 1
    start = 1
    while start < digest_at and opened[start] == _PADDING:
        start += 1
    if opened[0] != _PADDED or opened[start] != _LAST_PADDING or start >= digest_at:
        raise EmrtdError("aa_failed", "header")
    return start + 1


def _verify_ecdsa(
    public_key: ec.EllipticCurvePublicKey,
    challenge: bytes,
    signature: bytes,
    hash_hint: str | None,
) -> None:
    size = (public_key.curve.group_order.bit_length() + 7) // 8
    if len(signature) != 2 * size:
        raise EmrtdError("aa_failed", "not a plain ECDSA signature")
    r, s = (int.from_bytes(half, "big") for half in _halves(signature))
    encoded = encode_dss_signature(r, s)
    names = [hash_hint] if hash_hint in _HASHES else list(_HASHES)
    for name in names:
        try:
            public_key.verify(encoded, challenge, ec.ECDSA(_HASHES[name]))
        except InvalidSignature:
            continue
        return
    raise EmrtdError("aa_failed", "signature")


def _halves(signature: bytes) -> tuple[bytes, bytes]:
    middle = len(signature) // 2
    return signature[:middle], signature[middle:]
