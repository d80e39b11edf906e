"""Whether a card that was read is believed: each check in its order of trust.

First the state's signature over the files, then the chip's own keys, which those files
name, then what the files say. Whatever fails raises; a verdict is always a good one.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.emrtd import active_authentication, holder, passive
from idp.emrtd.com import parse_com
from idp.emrtd.countries import alpha_2
from idp.emrtd.curves import PublicKey
from idp.emrtd.errors import EmrtdError
from idp.emrtd.evidence import Evidence
from idp.emrtd.holder import CardHolder
from idp.emrtd.mrz import Mrz
from idp.emrtd.passive import SignedData
from idp.emrtd.personal import Dg13, parse_dg1, parse_dg13
from idp.emrtd.security_infos import ChipSecurity, parse_dg14, parse_dg15
from idp.emrtd.trust import Policy, TrustStore

_MRZ, _STATE_DATA, _SECURITY, _ACTIVE = 1, 13, 14, 15
_NEEDED = (_STATE_DATA, _SECURITY, _ACTIVE)


@dataclass(frozen=True, slots=True)
class Check:
    """A check that was passed, and by what."""

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A believed card: its holder, and by which keys it is known again."""

    holder: CardHolder
    mrz: Mrz
    key_digest: bytes
    sod_digest: bytes
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class ChipKeys:
    """The chip's keys that the state signed; `security` is empty without DG14."""

    security: ChipSecurity
    active: PublicKey | None

    def digest(self) -> bytes:
        """Return one digest of all keys, whatever way each was encoded."""
        keys = [key.public_key for key in self.security.chip_authentication]
        encoded = sorted({_encoded(key) for key in (*keys, self.active) if key})
        return hashlib.sha256(b"".join(encoded)).digest()


def judge(
    evidence: Evidence,
    trust: TrustStore,
    *,
    now: datetime,
    country: str,
    allow_sha1: bool = False,
) -> Verdict:
    """Believe a card of that country, or refuse with the first reason found."""
    policy = Policy(country, allow_sha1=allow_sha1)
    signed = passive.verify(evidence.sod, evidence.files, trust, now=now, policy=policy)
    _require_files(evidence, signed.hashes)
    keys = chip_keys(evidence.files)
    checks = tuple(_checks(evidence, signed, keys))
    mrz, dg13 = personal_files(evidence.files)
    if alpha_2(mrz.issuing_state) != policy.state:
        raise EmrtdError("wrong_country", mrz.issuing_state)
    described = holder.describe(mrz, dg13, now=now)
    holder.require_current(described, now=now)
    return Verdict(
        holder=described,
        mrz=mrz,
        key_digest=keys.digest(),
        sod_digest=hashlib.sha256(evidence.sod).digest(),
        checks=checks,
    )


def _require_files(evidence: Evidence, hashes: Mapping[int, bytes]) -> None:
    """Refuse if what the state signed was left out, or if EF.COM promises more."""
    needed = {_MRZ, *(number for number in _NEEDED if number in hashes)}
    for number in sorted(needed - evidence.files.keys()):
        raise EmrtdError("dg_missing", f"DG{number} was not read")
    for number in parse_com(evidence.com).data_groups:
        if number not in hashes:
            raise EmrtdError("dg_unlisted", f"DG{number} of EF.COM is not in EF.SOD")


def chip_keys(files: Mapping[int, bytes]) -> ChipKeys:
    """Return the keys in DG14 and DG15, neither of which needs to be there."""
    security, active = files.get(_SECURITY), files.get(_ACTIVE)
    return ChipKeys(
        security=parse_dg14(security) if security else ChipSecurity((), None, ()),
        active=parse_dg15(active) if active else None,
    )


def _checks(evidence: Evidence, signed: SignedData, keys: ChipKeys) -> Iterator[Check]:
    yield Check("passive_authentication", signed.document_signer.subject.text)
    if not keys.security.offers_chip_authentication and keys.active is None:
        raise EmrtdError("no_authentication", "the chip has no key of its own")
    if keys.security.offers_chip_authentication:
        yield _check_chip_authentication(evidence, keys.security)
    if keys.active is not None:
        yield _check_active_authentication(evidence, keys, keys.active)


def _check_chip_authentication(evidence: Evidence, security: ChipSecurity) -> Check:
    proof = evidence.chip_authentication
    if proof is None:
        raise EmrtdError("ca_missing", "the chip did not prove its key")
    for key in security.chip_authentication:
        point = key.public_key.public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        if proof.chip_key == point:
            return Check("chip_authentication", proof.oid)
    raise EmrtdError("ca_failed", "the proven key is not in this card's DG14")


def _check_active_authentication(
    evidence: Evidence, keys: ChipKeys, public_key: PublicKey
) -> Check:
    if evidence.active_authentication is None:
        raise EmrtdError("aa_missing", "the chip signed no challenge")
    challenge, signature = evidence.active_authentication
    active_authentication.verify(
        public_key,
        challenge=challenge,
        signature=signature,
        hash_hint=keys.security.active_authentication_hash,
    )
    return Check("active_authentication", f"{public_key.key_size} bits")


def personal_files(files: Mapping[int, bytes]) -> tuple[Mrz, Dg13 | None]:
    """Return what DG1 says, and DG13 where the card has it."""
    state_data = files.get(_STATE_DATA)
    return parse_dg1(files[_MRZ]), parse_dg13(state_data) if state_data else None


def _encoded(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
