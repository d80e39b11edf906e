"""What a browser answers to a passkey's challenge, read and checked (WebAuthn Level 3).

Pure. The library checks ids, type, challenge, origin, RP ID, presence and signature;
here stands what it leaves to its user: a bound on size and shape, cross-origin frames,
one curve for each algorithm, and the key's strength.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import decode_credential_public_key, parse_attestation_object
from webauthn.helpers.cose import COSECRV, COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import (
    DecodedEC2PublicKey,
    DecodedOKPPublicKey,
    DecodedRSAPublicKey,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AttestationFormat, CredentialDeviceType

from idp.errors import IdpError
from idp.factors.passkey_site import PasskeySite

ES256 = COSEAlgorithmIdentifier.ECDSA_SHA_256
EDDSA = COSEAlgorithmIdentifier.EDDSA
RS256 = COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256
ALGORITHMS = [ES256, EDDSA, RS256]
FORMATS = ("none", "packed", "tpm", "fido-u2f")
TRANSPORTS = ("ble", "hybrid", "internal", "nfc", "smart-card", "usb")
MAX_CHARACTERS = 32_768
MAX_ID_BYTES = 1023  # WebAuthn Level 3 §5.8.3
_MIN_RSA_BYTES = 256
# Whatever else a hostile answer makes the parsers trip over.
_UNREADABLE = (
    WebAuthnException,
    UnsupportedAlgorithm,
    InvalidSignature,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
)


class PasskeyRefusedError(IdpError):
    """The passkey's answer proves nothing; the log alone says why."""

    code = "DD-PASSKEY-001"
    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail=f"{reason}: {detail}" if detail else reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came: nothing in it is proven."""

    unverified: dict[str, Any]
    unverified_id: bytes
    unverified_challenge: bytes
    unverified_handle: bytes | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a genuine answer says about its authenticator."""

    sign_count: int
    is_user_verified: bool
    is_backup_eligible: bool
    is_backed_up: bool


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that was just made, ready to be kept."""

    webauthn_id: bytes
    public_key: bytes
    aaguid: str
    transports: tuple[str, ...]
    attestation: str
    seen: Seen


def read(text: str) -> Answer:
    """Read the JSON that `PublicKeyCredential.toJSON()` gives."""
    if len(text) > MAX_CHARACTERS:
        raise PasskeyRefusedError("malformed", "too long")
    try:
        value = json.loads(text)
        response = value["response"]
        client_data = json.loads(_bytes(response["clientDataJSON"]))
        handle = response.get("userHandle")
        answer = Answer(
            unverified=value,
            unverified_id=_bytes(value["rawId"]),
            unverified_challenge=_bytes(client_data["challenge"]),
            unverified_handle=_bytes(handle) if handle is not None else None,
        )
    except _UNREADABLE as error:
        raise PasskeyRefusedError("malformed", type(error).__name__) from error
    # Level 3 §7.1 and §7.2: no page of ours stands in a frame, so no answer of a
    # frame is expected.
    if client_data.get("crossOrigin", False) is not False or "topOrigin" in client_data:
        raise PasskeyRefusedError("cross_origin")
    if not 0 < len(answer.unverified_id) <= MAX_ID_BYTES:
        raise PasskeyRefusedError("malformed", "id")
    return answer


def check_new(answer: Answer, site: PasskeySite) -> NewPasskey:
    """Verify the answer to `navigator.credentials.create()` (Level 3 §7.1).

    Whether its make is trusted is `attestation`'s affair.
    """
    try:
        verified = verify_registration_response(
            credential=answer.unverified,
            expected_challenge=answer.unverified_challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            supported_pub_key_algs=ALGORITHMS,
        )
        _check_key(verified.credential_public_key)
    except _UNREADABLE as error:
        raise PasskeyRefusedError("not_genuine", str(error)[:200]) from error
    if verified.fmt not in FORMATS:
        raise PasskeyRefusedError("attestation_format", str(verified.fmt))
    if verified.credential_id != answer.unverified_id:
        # Level 3 §7.1 lets a credential be known by the attested id alone.
        raise PasskeyRefusedError("not_genuine", "another id was attested")
    named = answer.unverified["response"].get("transports")
    named = named if isinstance(named, list) else []
    return NewPasskey(
        webauthn_id=verified.credential_id,
        public_key=verified.credential_public_key,
        aaguid=verified.aaguid,
        transports=tuple(name for name in TRANSPORTS if name in named),
        attestation=AttestationFormat(verified.fmt).value,
        seen=Seen(
            sign_count=verified.sign_count,
            is_user_verified=verified.user_verified,
            is_backup_eligible=_is_eligible(verified.credential_device_type),
            is_backed_up=verified.credential_backed_up,
        ),
    )


def statement(answer: Answer) -> tuple[bytes, ...]:
    """Return the certificates of the attestation statement, the model's own first."""
    text = answer.unverified["response"]["attestationObject"]
    attested = parse_attestation_object(_bytes(text))
    return tuple(attested.att_stmt.x5c or ())


def check_use(
    answer: Answer, site: PasskeySite, public_key: bytes, *, needs_user: bool
) -> Seen:
    """Verify the answer to `navigator.credentials.get()` (Level 3 §7.2).

    The counter is left to the store, which compares it while it holds the row.
    """
    try:
        verified = verify_authentication_response(
            credential=answer.unverified,
            expected_challenge=answer.unverified_challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=needs_user,
        )
    except _UNREADABLE as error:
        raise PasskeyRefusedError("not_genuine", str(error)[:200]) from error
    return Seen(
        sign_count=verified.new_sign_count,
        is_user_verified=verified.user_verified,
        is_backup_eligible=_is_eligible(verified.credential_device_type),
        is_backed_up=verified.credential_backed_up,
    )


def _check_key(public_key: bytes) -> None:
    """Refuse what fits an algorithm by name alone (Level 3 §5.8.5)."""
    key = decode_credential_public_key(public_key)
    if isinstance(key, DecodedEC2PublicKey):
        is_fit = key.alg == ES256 and key.crv == COSECRV.P256
    elif isinstance(key, DecodedOKPPublicKey):
        is_fit = key.alg == EDDSA and key.crv == COSECRV.ED25519
    elif isinstance(key, DecodedRSAPublicKey):
        is_long = len(key.n.lstrip(b"\0")) >= _MIN_RSA_BYTES
        is_fit = key.alg == RS256 and is_long
    else:
        is_fit = False
    if not is_fit:
        raise ValueError("algorithm and key do not fit")


def _is_eligible(kind: CredentialDeviceType) -> bool:
    return kind == CredentialDeviceType.MULTI_DEVICE


def _bytes(text: str) -> bytes:
    """Decode base64url without padding, and nothing that only looks like it."""
    padded = text.encode() + b"=" * (-len(text) % 4)
    try:
        return base64.b64decode(padded, b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
