"""Passive authentication: EF.SOD, its signer's chain and the hashes of the files.

ICAO Doc 9303-11 §5.1 for the steps, Doc 9303-10 §4.6.2 for the LDS security object.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import core

from idp.emrtd import lds, tlv
from idp.emrtd.asn1 import reading
from idp.emrtd.certificates import Certificate
from idp.emrtd.errors import EmrtdError
from idp.emrtd.signatures import HASHES, digest, require_hash, require_strength
from idp.emrtd.signed_data import SignedContent, Signer, parse_signed_data
from idp.emrtd.tlv import Node
from idp.emrtd.trust import Policy, TrustStore

# id-icao-mrtd-security-ldsSecurityObject, and what cards of before 2005 wrote for it
_SECURITY_OBJECTS = frozenset(
    {"2.23.136.1.1.1", "1.3.27.1.1.1", "1.2.528.1.1006.1.20.1"}
)
# China's passports call the same object plain data (RFC 5652 §4).
_SECURITY_OBJECTS_OF = {"CN": frozenset({"1.2.840.113549.1.7.1"})}
_HASH_NAMES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


@dataclass(frozen=True, slots=True)
class SecurityObject:
    """The hashes of the data groups as the state wrote them, by number."""

    version: int
    hash_algorithm: str
    hashes: Mapping[int, bytes]
    lds_version: str | None


@dataclass(frozen=True, slots=True)
class SignedData:
    """What a believed EF.SOD says, and who signed it."""

    hash_algorithm: str
    hashes: Mapping[int, bytes]
    lds_version: str | None
    document_signer: Certificate
    issuer: Certificate
    signed_at: datetime | None


def verify(
    sod: bytes,
    files: Mapping[int, bytes],
    trust: TrustStore,
    *,
    now: datetime,
    policy: Policy,
) -> SignedData:
    """Believe the files that were read as those of the policy's country, or refuse."""
    content = parse_signed_data(lds.unwrap(sod, lds.SOD).value)
    known = _SECURITY_OBJECTS | _SECURITY_OBJECTS_OF.get(policy.state, frozenset())
    if content.content_type not in known:
        raise EmrtdError("malformed", "EF.SOD holds no LDS security object")
    signer, issuer = _believed_signer(content, trust, now=now, policy=policy)
    stated = parse_security_object(content.content)
    require_strength(stated.hash_algorithm, allow_sha1=policy.allow_sha1)
    compare_hashes(stated, files)
    return SignedData(
        hash_algorithm=stated.hash_algorithm,
        hashes=stated.hashes,
        lds_version=stated.lds_version,
        document_signer=signer.certificate,
        issuer=issuer,
        signed_at=signer.signed_at,
    )


def parse_security_object(content: bytes) -> SecurityObject:
    """Read an LDSSecurityObject of version 0 or 1."""
    version, algorithm, hashes, *others = _sequence(tlv.parse(content), 3)
    oid = _sequence(algorithm, 1)[0].oid()
    name = require_hash(_HASH_NAMES.get(oid, oid))
    stated_version = version.integer()
    if stated_version not in {0, 1}:
        raise EmrtdError("malformed", f"LDS security object version {stated_version}")
    return SecurityObject(
        version=stated_version,
        hash_algorithm=name,
        hashes=_hashes(hashes, HASHES[name].digest_size),
        lds_version=_lds_version(others[0]) if others else None,
    )


def compare_hashes(stated: SecurityObject, files: Mapping[int, bytes]) -> None:
    """Refuse a file that the state did not list or that is not as it was hashed."""
    for number, file in files.items():
        expected = stated.hashes.get(number)
        if expected is None:
            raise EmrtdError("dg_unlisted", f"DG{number} is not in EF.SOD")
        if not hmac.compare_digest(digest(stated.hash_algorithm, file), expected):
            raise EmrtdError("dg_changed", f"DG{number} is not what was signed")


def _believed_signer(
    content: SignedContent,
    trust: TrustStore,
    *,
    now: datetime,
    policy: Policy,
) -> tuple[Signer, Certificate]:
    """Return the first signer that the trust store believes, with its issuer."""
    refused: EmrtdError | None = None
    for signer in content.signers(allow_sha1=policy.allow_sha1):
        at = now if policy.judged_at == "now" else _signing(signer, now)
        try:
            issuer = trust.issuer_of(signer.certificate, at=at, policy=policy)
        except EmrtdError as error:
            refused = refused or error
        else:
            return signer, issuer
    raise refused or EmrtdError("sod_signature", "nobody signed")


def _signing(signer: Signer, now: datetime) -> datetime:
    return min(now, signer.signed_at or signer.certificate.not_before)


def _hashes(hashes: Node, size: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for member in _sequence(hashes, 1):
        number_node, value = _sequence(member, 2)[:2]
        number = number_node.integer()
        if number in found:
            raise EmrtdError("dg_duplicate", f"DG{number} is in EF.SOD twice")
        if number not in lds.DATA_GROUPS:
            raise EmrtdError("malformed", f"EF.SOD lists data group {number}")
        found[number] = value.expect(tlv.OCTET_STRING).value
        if len(found[number]) != size:
            raise EmrtdError("malformed", f"the hash of DG{number} has another size")
    return found


def _lds_version(info: Node) -> str:
    """Return ldsVersion of LDSVersionInfo, such as 0108."""
    with reading("LDSVersionInfo"):
        version = core.PrintableString.load(_sequence(info, 1)[0].encoded)
        return str(version.native)


def _sequence(node: Node, count: int) -> tuple[Node, ...]:
    children = node.expect(tlv.SEQUENCE).children
    if len(children) < count:
        raise EmrtdError("malformed", "a SEQUENCE in EF.SOD is too short")
    return children
