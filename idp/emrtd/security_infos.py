"""EF.CardAccess and DG14: what the chip can do (ICAO Doc 9303-11 §9.2).

DG14 is signed and holds the keys of Chip Authentication; EF.CardAccess is not signed
and only tells how to begin.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd import tlv
from idp.emrtd.curves import PublicKey, public_key_of
from idp.emrtd.errors import EmrtdError
from idp.emrtd.tlv import Node

DG14_TAG = 0x6E

_BSI = "0.4.0.127.0.7.2.2."
_PACE = _BSI + "4."
_CHIP_AUTHENTICATION = _BSI + "3."
_CHIP_KEY = _BSI + "1."
_CHIP_KEY_ECDH = _CHIP_KEY + "2"
_ACTIVE_AUTHENTICATION = "2.23.136.1.1.5"

# The cipher of Chip Authentication where a card has a key and states none:
# id-CA-ECDH-3DES-CBC-CBC, which the first cards meant (BSI TR-03110-3 §A.1.1.2).
CA_ECDH_3DES = _CHIP_AUTHENTICATION + "2.1"

_HASHES = {
    "0.4.0.127.0.7.1.1.4.1.1": "sha1",
    "0.4.0.127.0.7.1.1.4.1.2": "sha224",
    "0.4.0.127.0.7.1.1.4.1.3": "sha256",
    "0.4.0.127.0.7.1.1.4.1.4": "sha384",
    "0.4.0.127.0.7.1.1.4.1.5": "sha512",
}
_MAX_INFOS = 32


@dataclass(frozen=True, slots=True)
class PaceInfo:
    """A way of PACE that the chip offers; `parameter_id` names its curve or group."""

    oid: str
    version: int
    parameter_id: int | None


@dataclass(frozen=True, slots=True)
class ChipAuthenticationKey:
    """A static key of the chip; `key_id` must be named when there are several.

    The cipher is inferred where DG14 states none.
    """

    key_id: int | None
    public_key: ec.EllipticCurvePublicKey
    oid: str
    version: int
    is_inferred: bool = False

    @property
    def curve(self) -> ec.EllipticCurve:
        """Return the key's curve."""
        return self.public_key.curve


@dataclass(frozen=True, slots=True)
class ChipSecurity:
    """What a signed DG14 says.

    A chip may offer Chip Authentication by a key that we cannot use: then no key is
    here, and it `offers_chip_authentication` all the same.
    """

    chip_authentication: tuple[ChipAuthenticationKey, ...]
    active_authentication_hash: str | None
    pace: tuple[PaceInfo, ...]
    offers_chip_authentication: bool = False


@dataclass(frozen=True, slots=True)
class _Info:
    oid: str
    required: Node
    optional: Node | None


def parse_card_access(data: bytes) -> tuple[PaceInfo, ...]:
    """Return the ways of PACE in EF.CardAccess, in the chip's order."""
    return _pace(_infos(tlv.parse(data)))


def parse_dg14(data: bytes) -> ChipSecurity:
    """Return the chip's keys and algorithms of DG14."""
    infos = _infos(tlv.parse(data).expect(DG14_TAG).require(tlv.SET))
    return ChipSecurity(
        chip_authentication=_chip_keys(infos),
        active_authentication_hash=_signature_hash(infos),
        pace=_pace(infos),
        offers_chip_authentication=any(
            info.oid.startswith((_CHIP_KEY, _CHIP_AUTHENTICATION)) for info in infos
        ),
    )


def parse_dg15(data: bytes) -> PublicKey:
    """Return the chip's key of Active Authentication (ICAO Doc 9303-10 §4.7.15)."""
    return public_key_of(tlv.parse(data).expect(0x6F).require(tlv.SEQUENCE))


def _infos(infos: Node) -> list[_Info]:
    members = infos.expect(tlv.SET).children
    if len(members) > _MAX_INFOS:
        raise EmrtdError("limit", f"{len(members)} SecurityInfos")
    return [_info(member) for member in members]


def _info(info: Node) -> _Info:
    parts = info.expect(tlv.SEQUENCE).children
    if not 2 <= len(parts) <= 3:
        raise EmrtdError("malformed", "a SecurityInfo")
    return _Info(parts[0].oid(), parts[1], parts[2] if len(parts) == 3 else None)


def _pace(infos: Iterable[_Info]) -> tuple[PaceInfo, ...]:
    # An oid of two more arcs is a protocol; of one, a PACEDomainParameterInfo.
    return tuple(
        PaceInfo(info.oid, info.required.integer(), _number(info.optional))
        for info in infos
        if info.oid.startswith(_PACE) and info.oid.count(".") == _PACE.count(".") + 1
    )


def _chip_keys(infos: Iterable[_Info]) -> tuple[ChipAuthenticationKey, ...]:
    infos = tuple(infos)
    ciphers = [info for info in infos if info.oid.startswith(_CHIP_AUTHENTICATION)]
    keys = []
    for info in infos:
        if info.oid != _CHIP_KEY_ECDH:
            continue
        key_id, public_key = _number(info.optional), _known_key(info.required)
        if isinstance(public_key, ec.EllipticCurvePublicKey):
            cipher = _cipher_of(key_id, ciphers)
            oid, version = cipher or (CA_ECDH_3DES, 1)
            keys.append(
                ChipAuthenticationKey(
                    key_id, public_key, oid, version, is_inferred=cipher is None
                )
            )
    return tuple(keys)


def _known_key(spki: Node) -> PublicKey | None:
    try:
        return public_key_of(spki)
    except EmrtdError as refused:
        if refused.reason == "unknown_curve":
            return None  # the chip may have another key on a curve that we know
        raise


def _cipher_of(key_id: int | None, ciphers: list[_Info]) -> tuple[str, int] | None:
    """Return what goes with a key: the strongest of its own, or one of no key."""
    ecdh = _CHIP_AUTHENTICATION + "2."
    fitting = [
        (info.oid, info.required.integer())
        for info in ciphers
        if info.oid.startswith(ecdh) and _number(info.optional) in {key_id, None}
    ]
    return max(fitting, default=None)


def _signature_hash(infos: Iterable[_Info]) -> str | None:
    """Return the hash of ECDSA in Active Authentication (ICAO Doc 9303-11 §9.2.4)."""
    for info in infos:
        if info.oid == _ACTIVE_AUTHENTICATION and info.optional is not None:
            return _HASHES.get(info.optional.oid())
    return None


def _number(node: Node | None) -> int | None:
    return None if node is None else node.integer()
