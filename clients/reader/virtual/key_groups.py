"""The files that hold a card's keys: EF.CardAccess, DG14, DG15 (ICAO 9303-11 §9)."""

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clients.reader.virtual import der
from clients.reader.virtual.profiles import CHIP_AUTHENTICATION, PACE, Profile
from idp.emrtd.tlv import encode

_PUBLIC_KEY = "0.4.0.127.0.7.2.2.1.2"  # id-PK-ECDH
_ACTIVE = "2.23.136.1.1.5"  # id-icao-mrtd-security-aaProtocolObject
_PLAIN_ECDSA = "0.4.0.127.0.7.1.1.4.1.3"  # ecdsa-plain-SHA256
# Standardised domain parameters: ICAO Doc 9303-11 §9.5.1.
PARAMETERS = {"secp256r1": 12, "brainpoolP256r1": 13, "brainpoolP384r1": 16}


def spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    """Return a public key as SubjectPublicKeyInfo."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def card_access(profile: Profile) -> bytes | None:
    """Return EF.CardAccess, or None when the card knows no PACE."""
    info = _pace(profile)
    return der.set_of(info) if info else None


def data_group_14(
    profile: Profile, chip_key: ec.EllipticCurvePublicKey | None
) -> bytes | None:
    """Return the security infos, or None when there is nothing to say."""
    infos = [info for info in (_pace(profile), _active(profile)) if info]
    if chip_key is not None and profile.agreement:
        infos.append(der.sequence(der.oid(_PUBLIC_KEY), spki(chip_key)))
        if profile.names_agreement:
            cipher = f"{CHIP_AUTHENTICATION}.{int(profile.agreement)}"
            infos.append(der.sequence(der.oid(cipher), der.integer(1)))
    return encode(0x6E, der.set_of(*infos)) if infos else None


def data_group_15(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    """Return the public key of Active Authentication."""
    return encode(0x6F, spki(key))


def _pace(profile: Profile) -> bytes | None:
    if profile.pace is None:
        return None
    cipher = f"{PACE}.{int(profile.pace)}"
    parameters = der.integer(PARAMETERS[profile.curve])
    return der.sequence(der.oid(cipher), der.integer(2), parameters)


def _active(profile: Profile) -> bytes | None:
    if profile.active != "ecdsa":
        return None
    return der.sequence(der.oid(_ACTIVE), der.integer(1), der.oid(_PLAIN_ECDSA))
