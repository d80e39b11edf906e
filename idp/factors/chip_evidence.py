"""What is kept of a card that was believed: the card, and the evidence for audits."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp.emrtd import holder, passive, verification
from idp.emrtd.evidence import Evidence
from idp.emrtd.holder import CardHolder
from idp.emrtd.mrz import Mrz
from idp.emrtd.trust import Policy, TrustStore
from idp.emrtd.verification import Verdict
from idp.factors.chip_card import ReadCard
from idp.factors.chip_sessions import ReadingSession


@dataclass(frozen=True, slots=True)
class Judge:
    """What cards are believed by: the imported certificates and the issuer's policy."""

    trust: TrustStore
    country: str
    allow_sha1: bool


def read_card(
    verdict: Verdict, evidence: Evidence, session: ReadingSession
) -> ReadCard:
    """Return what is kept of a card whose chip has proven its keys."""
    signed, own = evidence.active_authentication, evidence.chip_authentication
    trail = {
        "data_groups": _digests(evidence.files),
        "session": session.id,
        "client_id": session.errand.client_id,
        "agent_key": session.agent.key.hex(),
        "transaction_key": session.transaction_key.hex(),
        "server_key": own.public_key.hex() if own else None,
        "challenge": signed[0].hex() if signed else None,
        "signature": signed[1].hex() if signed else None,
        "checks": {check.name: check.detail for check in verdict.checks},
    }
    return _card(
        verdict.holder,
        verdict.mrz,
        key_digest=verdict.key_digest,
        sod_digest=verdict.sod_digest,
        checks=(evidence.access, *(check.name for check in verdict.checks)),
        trail=trail,
    )


def read_files(
    files: Mapping[int, bytes], sod: bytes, judge: Judge, *, now: datetime
) -> ReadCard:
    """Return the card of files that its issuer signed, when no chip is at hand."""
    policy = Policy(judge.country, allow_sha1=judge.allow_sha1)
    passive.verify(sod, files, judge.trust, now=now, policy=policy)
    mrz, details = verification.personal_files(files)
    return _card(
        holder.describe(mrz, details, now=now),
        mrz,
        key_digest=verification.chip_keys(files).digest(),
        sod_digest=hashlib.sha256(sod).digest(),
        checks=("passive_authentication",),
        trail={"data_groups": _digests(files)},
    )


def _card(  # noqa: PLR0913 - one card in its parts
    described: CardHolder,
    mrz: Mrz,
    *,
    key_digest: bytes,
    sod_digest: bytes,
    checks: tuple[str, ...],
    trail: Mapping[str, Any],
) -> ReadCard:
    return ReadCard(
        number=described.number,
        birth_date=described.birth_date,
        issued_on=described.issued_on,
        expires_on=described.expires_on,
        document_number=mrz.document_number,
        key_digest=key_digest.hex(),
        sod_digest=sod_digest.hex(),
        access={
            "document_number": mrz.document_number,
            "birth_date": mrz.birth_date,
            "expiry_date": mrz.expiry_date,
        },
        checks=checks,
        trail={"sod": sod_digest.hex(), **trail},
    )


def _digests(files: Mapping[int, bytes]) -> dict[str, str]:
    return {
        str(number): hashlib.sha256(file).hexdigest()
        for number, file in sorted(files.items())
    }
