"""Passkeys by WebAuthn: enrolment, the first proof of a sign-in, and a further one.

A first proof finds its account by the passkey itself and needs a verified user; a
further one is of the account that has proven a factor already. Every challenge is used
up by its answer, right or wrong; `passkey_options` asks, here is judged.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.audit.log import AuditLog
from idp.factors import passkey_answers, passkey_challenges, passkey_store
from idp.factors.passkey_answers import Answer, NewPasskey, PasskeyRefusedError, Seen
from idp.factors.passkey_challenges import Ceremony
from idp.factors.passkey_site import PasskeySite
from idp.factors.passkey_store import KnownPasskey
from idp.factors.results import (
    COUNTS_AS_BIOMETRIC,
    DEVICE_BOUND,
    USER_VERIFIED,
    VerifiedFactor,
)
from idp.storage.ephemeral import EphemeralStore

# A key of nobody (P-256, COSE): an unknown passkey costs what a known one costs.
NOBODY = bytes.fromhex(
    "a5010203262001215820"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "225820"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


@dataclass(frozen=True, slots=True)
class ProvenPasskey:
    """Whose passkey proved itself, and the factor."""

    account_id: UUID
    factor: VerifiedFactor


def check_enrolment(
    ephemeral: EphemeralStore,
    site: PasskeySite,
    *,
    answer: str,
    binding: str,
    now: datetime,
) -> NewPasskey:
    """Return the new passkey, ready for `passkey_store.add`.

    Raises `PasskeyRefusedError`, or `UntrustedModelError` where only makes of the
    metadata are taken.
    """
    read = passkey_answers.read(answer)
    _take(ephemeral, "enrol", read, binding, now)
    new = passkey_answers.check_new(read, site)
    if site.attestation:
        chain = passkey_answers.statement(read)
        site.attestation.check(new.attestation, new.aaguid, chain, now=now)
    return new


def check_first(  # noqa: PLR0913 - the stores, then the proof
    connection: Connection,
    ephemeral: EphemeralStore,
    site: PasskeySite,
    *,
    answer: str,
    binding: str,
    now: datetime,
) -> tuple[KnownPasskey, Seen]:
    """Return whose passkey answered with a verified user; whoever else is refused.

    Every refusal is one error after the same work: nobody learns which passkeys exist.
    """
    read = passkey_answers.read(answer)
    _take(ephemeral, "first", read, binding, now)
    known = passkey_store.find(connection, read.unverified_id)
    key = known.public_key if known else NOBODY
    seen = passkey_answers.check_use(read, site, key, needs_user=True)
    if known is None:
        raise PasskeyRefusedError("unknown")
    if read.unverified_handle != site.user_handle(known.account_id):
        raise PasskeyRefusedError("user_handle")
    if known.kind != "passkey":
        # Without a PIN at enrolment anyone who finds the key could set one.
        raise PasskeyRefusedError("user_never_verified")
    _judge(known, seen, now)
    return known, seen


def check_further(  # noqa: PLR0913 - the stores, then the proof
    connection: Connection,
    ephemeral: EphemeralStore,
    site: PasskeySite,
    *,
    account_id: UUID,
    answer: str,
    binding: str,
    now: datetime,
) -> tuple[KnownPasskey, Seen]:
    """Return which passkey of this account answered; another account's is refused."""
    read = passkey_answers.read(answer)
    _take(ephemeral, "further", read, binding, now)
    known = passkey_store.find(connection, read.unverified_id)
    if known is None or known.account_id != account_id:
        raise PasskeyRefusedError("unknown" if known is None else "other_account")
    if read.unverified_handle not in (None, site.user_handle(account_id)):
        raise PasskeyRefusedError("user_handle")
    seen = passkey_answers.check_use(read, site, known.public_key, needs_user=False)
    _judge(known, seen, now)
    return known, seen


def use(  # noqa: PLR0913 - the stores, then what was seen
    session: Session,
    audit: AuditLog,
    site: PasskeySite,
    known: KnownPasskey,
    seen: Seen,
    *,
    now: datetime,
) -> ProvenPasskey | None:
    """Note the use and return the factor; None if the counter went back.

    None is to be committed too: it holds the passkey.
    """
    if not passkey_store.use(session, audit, known, seen, now=now):
        return None
    flags = _flags(known, seen, is_biometric=site.is_biometric)
    factor = VerifiedFactor("passkey", now, known.credential_id, flags)
    return ProvenPasskey(known.account_id, factor)


def _flags(known: KnownPasskey, seen: Seen, *, is_biometric: bool) -> tuple[str, ...]:
    """Say what the proof counts for; a security key shows presence alone."""
    is_verified = seen.is_user_verified and known.kind == "passkey"
    flags = {
        USER_VERIFIED: is_verified,
        DEVICE_BOUND: not known.is_backup_eligible,
        COUNTS_AS_BIOMETRIC: is_verified and is_biometric,
    }
    return tuple(name for name, is_set in flags.items() if is_set)


def _judge(known: KnownPasskey, seen: Seen, now: datetime) -> None:
    if not known.is_usable(now):
        raise PasskeyRefusedError("held")
    if seen.is_backup_eligible != known.is_backup_eligible:
        # Level 3 §7.2: eligibility is a property of the passkey and never changes.
        raise PasskeyRefusedError("backup_eligibility_changed")


def _take(
    ephemeral: EphemeralStore,
    ceremony: Ceremony,
    answer: Answer,
    binding: str,
    now: datetime,
) -> None:
    challenge = answer.unverified_challenge
    if not passkey_challenges.take(
        ephemeral, ceremony, challenge, binding=binding, now=now
    ):
        raise PasskeyRefusedError("challenge")
