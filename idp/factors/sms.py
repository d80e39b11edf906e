"""One-time codes by SMS: six random digits, one transaction, three minutes, one use.

Only an HMAC under the server's `otp` key is kept, in the ephemeral store. A new code
makes the older one of its transaction worthless. Wrong tries are `throttle`'s affair
and consume nothing here.
"""

import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from idp import clock
from idp.audit.events import CredentialEnrolled
from idp.audit.log import AuditLog
from idp.config import Config
from idp.factors.gateway import GatewayError, MessageGateway
from idp.factors.models import Credential
from idp.factors.results import VerifiedFactor
from idp.storage.ephemeral import EphemeralStore

_SIX_DIGITS = re.compile(r"[0-9]{6}")
# Plain letters only, so that a message is one GSM-7 part that every phone shows.
_TEXTS = {
    "vi": "{operator}: ma xac thuc cua ban la {otp}, dung trong {minutes} phut. "
    "Khong dua ma nay cho bat ky ai, ke ca nguoi xung la can bo.",
    "en": "{operator}: your sign-in code is {otp}, valid for {minutes} minutes. "
    "Never share it with anyone, not even someone who claims to be an officer.",
}


@dataclass(frozen=True, slots=True)
class SentCode:
    """Whether a code went out, and in how many seconds at most one may be asked for."""

    sent: bool
    retry_after: int


def enrol(
    session: Session, audit: AuditLog, account_id: UUID, *, now: datetime
) -> UUID:
    """Let the account's phone receive codes."""
    credential_id = uuid4()
    session.add(
        Credential(
            id=credential_id,
            account_id=account_id,
            kind="sms",
            label="",
            created_at=now,
        )
    )
    audit.record(session, CredentialEnrolled(account_id, credential_id, "sms"), now=now)
    return credential_id


def send_code(  # noqa: PLR0913 - the ways out, then whom, what for, and when
    ephemeral: EphemeralStore,
    gateway: MessageGateway,
    otp_key: bytes,
    *,
    account_id: UUID,
    phone: str,
    binding: str,
    locale: str,
    now: datetime,
    config: Config,
) -> SentCode:
    """Send a code for the transaction `binding`, unless it is too soon or too often.

    A code that the gateway refuses counts as never asked for; raises `GatewayError`.
    """
    limits, ttl = config.throttle, config.lifetimes.sms_otp
    pause = f"sms-wait:{account_id}:{binding}"
    if not ephemeral.claim(pause, ttl=limits.sms_resend_after):
        return SentCode(sent=False, retry_after=limits.sms_resend_after)
    sent = _counter(account_id)
    if ephemeral.count(sent, ttl=limits.window) > limits.sms_per_account:
        ephemeral.drop(pause)
        return SentCode(sent=False, retry_after=limits.window)
    otp = f"{secrets.randbelow(1_000_000):06}"
    expires = clock.timestamp(now + timedelta(seconds=ttl))
    mac = _mac(otp_key, account_id, binding, otp)
    ephemeral.put(_key(account_id, binding), {"mac": mac, "exp": expires}, ttl=ttl)
    try:
        gateway.send(phone, message(otp, locale=locale, config=config), now)
    except GatewayError:
        ephemeral.drop(pause, _key(account_id, binding))
        ephemeral.count(sent, ttl=limits.window, by=-1)
        raise
    return SentCode(sent=True, retry_after=limits.sms_resend_after)


def verify_code(  # noqa: PLR0913 - the store, then the proof
    ephemeral: EphemeralStore,
    otp_key: bytes,
    *,
    account_id: UUID,
    binding: str,
    otp: str,
    now: datetime,
) -> VerifiedFactor | None:
    """Accept the transaction's latest code once: of parallel tries one succeeds."""
    digits = re.sub(r"\s", "", otp[:32])
    if not _SIX_DIGITS.fullmatch(digits):
        return None
    key, mac = _key(account_id, binding), _mac(otp_key, account_id, binding, digits)
    if not _fits(ephemeral.get(key), mac, now):
        return None
    # What is taken is compared again: a resend may have come in between.
    if not _fits(ephemeral.take(key), mac, now):
        return None
    # A message that did its work is no flood; the window itself stays as it was.
    ephemeral.count(_counter(account_id), ttl=1, by=-1)
    return VerifiedFactor("sms", now)


def message(otp: str, *, locale: str, config: Config) -> str:
    """Return the text in the locale, naming the operator, warning against sharing."""
    text = _TEXTS.get(locale, _TEXTS["vi"])
    minutes = max(1, config.lifetimes.sms_otp // 60)
    operator = _plain(config.pages.operator)[:30]
    return text.format(operator=operator, otp=otp, minutes=minutes)


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return letters.encode("ascii", "ignore").decode()


def _fits(value: dict[str, object] | None, mac: str, now: datetime) -> bool:
    if value is None or clock.timestamp(now) >= int(str(value["exp"])):
        return False
    return hmac.compare_digest(str(value["mac"]), mac)


def _mac(key: bytes, account_id: UUID, binding: str, otp: str) -> str:
    text = f"sms:{account_id}:{binding}:{otp}"
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _counter(account_id: UUID) -> str:
    return f"sms-sent:{account_id}"


def _key(account_id: UUID, binding: str) -> str:
    return f"sms-otp:{account_id}:{binding}"
