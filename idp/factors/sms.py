"""One-time codes by SMS: to the account's phone, unless its SIM is new to its owner.

A code is of one errand (`sent_codes`); how many go out is limited (`send_limits`), and
the carrier is asked first (`carrier`): after a change of SIM or phone the factor is
held back, as whoever took the number over gets its messages too.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.accounts.contacts import read_contacts
from idp.audit.factor_events import CredentialEnrolled, CredentialUsed
from idp.audit.log import AuditLog
from idp.config import Config
from idp.factors.carrier import CarrierCheck, CarrierError
from idp.factors.gateway import GatewayError, MessageGateway
from idp.factors.models import Credential
from idp.factors.results import VerifiedFactor
from idp.factors.send_limits import SendLimits
from idp.factors.sent_codes import Errand, Purpose, SentCodes
from idp.storage.ephemeral import EphemeralStore
from keys.sealing import Sealer
from keys.secrets import ServerSecrets

# Plain letters only, so that a message is one GSM-7 part that every phone shows.
_TEXTS = {
    "vi": "{operator}: ma {what} la {otp}, dung trong {minutes} phut. "
    "Khong dua ma nay cho bat ky ai, ke ca nguoi xung la can bo.",
    "en": "{operator}: your code {what} is {otp}, valid for {minutes} minutes. "
    "Never share it with anyone, not even an officer.",
}
_WHAT = {
    "vi": {
        "sign_in": "dang nhap",
        "reset": "dat lai mat khau",
        "recover": "lay lai tai khoan",
        "contact": "xac nhan so nay",
        "activate": "kich hoat tai khoan",
        "desk": "dong y cho nguoi ban dai dien",
        "enrol": "dang ky tai khoan",
        "wallet": "nhap vao vi dien tu",
    },
    "en": {
        "sign_in": "to sign in",
        "reset": "to reset your password",
        "recover": "to get back in",
        "contact": "to confirm this phone",
        "activate": "to activate your account",
        "desk": "to agree for whom you represent",
        "enrol": "to apply for an account",
        "wallet": "for your wallet",
    },
}


class Services(Protocol):
    """The part of the running provider that messages need."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def ephemeral(self) -> EphemeralStore:
        """Where codes and counters are."""

    @property
    def messages(self) -> MessageGateway:
        """The way to phones."""

    @property
    def carrier(self) -> CarrierCheck:
        """Who knows of changed SIMs."""

    @property
    def secrets(self) -> ServerSecrets:
        """The server's secrets."""

    @property
    def sealer(self) -> Sealer:
        """What opens phones."""

    @property
    def audit(self) -> AuditLog:
        """The audit log."""


@dataclass(frozen=True, slots=True)
class SentCode:
    """What became of a wish for a code.

    `early`: the last one is young; `often`: too many went out; `held`: the SIM was
    changed, and nothing goes to it before `held_until`. In `retry_after` seconds at
    most one may be asked for again.
    """

    outcome: Literal["sent", "early", "often", "held"]
    retry_after: int = 0
    held_until: datetime | None = None

    @property
    def sent(self) -> bool:
        """Say whether a code is on its way."""
        return self.outcome == "sent"


class SmsCodes:
    """Codes by SMS on the provider's stores, gateway and carrier."""

    def __init__(self, services: Services) -> None:
        config, key = services.config, services.secrets.key("otp")
        self._services = services
        self._codes = SentCodes(
            services.ephemeral, key, "sms", ttl=config.lifetimes.sms_otp
        )
        self._limits = SendLimits(services.ephemeral, key, "sms", config.throttle)

    def send(
        self, errand: Errand, *, source: str | None, locale: str, now: datetime
    ) -> SentCode:
        """Send a code, unless it is too soon, too often or the SIM too new.

        What was not sent counts as never asked for. Raises `GatewayError` or
        `CarrierError` when a partner does not answer.
        """
        services = self._services
        pause = f"sms-wait:{errand.account_id}:{errand.purpose}:{errand.binding}"
        wait = services.config.throttle.sms_resend_after
        if not services.ephemeral.claim(pause, ttl=wait):
            return SentCode("early", wait)
        passage = self._limits.admit(errand, source)
        if not passage.allowed:
            services.ephemeral.drop(pause)
            return SentCode("often", passage.retry_after)
        try:
            held_until = self._held_until(errand, now)
            if held_until is None:
                otp = self._codes.make(errand, now=now, counters=passage.counters)
                text = message(errand, otp, locale=locale, config=services.config)
                services.messages.send(errand.address, text, now)
                return SentCode("sent", wait)
        except (GatewayError, CarrierError):
            self._codes.drop(errand)
            services.ephemeral.drop(pause)
            self._limits.give_back(passage.counters)
            raise
        services.ephemeral.drop(pause)
        self._limits.give_back(passage.counters)
        return SentCode("held", held_until=held_until)

    def check(self, errand: Errand, otp: str, *, now: datetime) -> bool:
        """Say once whether this is the errand's code: who types it has the phone."""
        return self._codes.take(errand, otp, now=now)

    def verify(  # noqa: PLR0913 - the store, then the proof
        self,
        session: Session,
        account_id: UUID,
        *,
        purpose: Purpose,
        binding: str,
        otp: str,
        now: datetime,
    ) -> VerifiedFactor | None:
        """Accept the code as the account's enrolled factor, unless that is held back.

        It must have gone to the phone that the account has now.
        """
        services = self._services
        phone = read_contacts(session, services.sealer, account_id).phone
        credential_id = _usable(session, account_id, now)
        if phone is None or credential_id is None:
            return None
        errand = Errand(account_id, phone, purpose, binding)
        if not self._codes.take(errand, otp, now=now):
            return None
        session.execute(
            sa.update(Credential)
            .where(Credential.id == credential_id)
            .values(last_used_at=now)
        )
        used = CredentialUsed(account_id, credential_id, "sms")
        services.audit.record(session, used, now=now)
        return VerifiedFactor("sms", now, credential_id)

    def _held_until(self, errand: Errand, now: datetime) -> datetime | None:
        if errand.purpose in ("contact", "enrol"):
            # A new phone may have a new SIM: it is held back once it is set, and at
            # enrolment the carrier says whose it is, and the face who applies.
            return None
        changed_at = self._services.carrier.sim_changed_at(errand.address, now)
        if changed_at is None:
            return None
        held = timedelta(seconds=self._services.config.lifetimes.held_factor)
        return changed_at + held if changed_at > now - held else None


def enrol(
    session: Session,
    audit: AuditLog,
    account_id: UUID,
    *,
    now: datetime,
    usable_from: datetime | None = None,
) -> UUID:
    """Let the account's phone receive codes, held back until `usable_from`."""
    credential_id = uuid4()
    session.add(
        Credential(
            id=credential_id,
            account_id=account_id,
            kind="sms",
            label="",
            created_at=now,
            usable_from=usable_from,
        )
    )
    audit.record(session, CredentialEnrolled(account_id, credential_id, "sms"), now=now)
    return credential_id


def message(errand: Errand, otp: str, *, locale: str, config: Config) -> str:
    """Return the text: the operator, what the code is for, a warning, never a link."""
    locale = locale if locale in _TEXTS else "vi"
    return _TEXTS[locale].format(
        operator=plain(config.pages.operator)[:30],
        what=_WHAT[locale][errand.purpose],
        otp=otp,
        minutes=max(1, config.lifetimes.sms_otp // 60),
    )


def plain(text: str) -> str:
    """Return the text in letters that one part of a message can carry (GSM-7)."""
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return letters.encode("ascii", "ignore").decode()


def _usable(session: Session, account_id: UUID, now: datetime) -> UUID | None:
    query = sa.select(Credential.id).where(
        Credential.account_id == account_id,
        Credential.kind == "sms",
        Credential.retired_at.is_(None),
        sa.or_(Credential.usable_from.is_(None), Credential.usable_from <= now),
    )
    return session.execute(query.limit(1)).scalar_one_or_none()
