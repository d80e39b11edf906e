"""Sending the one-time code by text message, as the one-time-code page needs it."""

from idp.accounts import contacts
from idp.authentication.session import SignedIn
from idp.factors import sms
from idp.factors.gateway import GatewayError
from idp.web import language
from idp.web.problem import log
from idp.web.visit import Step

SENT, EARLY, FAILED = "sent", "early", "failed"
# What the page shows for an outcome that is no success.
FAILURES = {EARLY: "DD-AUTH-004", FAILED: "DD-SMS-001"}


def send_first(step: Step, signed_in: SignedIn) -> str:
    """Send the code of this transaction; opening the page again sends no other.

    A code that came while the page was read again would make the one that is just
    being typed worthless.
    """
    ephemeral = step.visit.provider.ephemeral
    key, ttl = _key(step, signed_in), step.visit.provider.config.lifetimes.sms_otp
    if not ephemeral.claim(key, ttl=ttl):
        return ""
    outcome = _send(step, signed_in)
    if outcome == FAILED:
        ephemeral.drop(key)
    return "" if outcome == SENT else outcome


def send_again(step: Step, signed_in: SignedIn) -> str:
    """Send a new code because the citizen asks for it; the last one ends."""
    outcome = _send(step, signed_in)
    if outcome == SENT:
        ttl = step.visit.provider.config.lifetimes.sms_otp
        step.visit.provider.ephemeral.put(_key(step, signed_in), {}, ttl=ttl)
    return outcome


def masked_phone(step: Step, signed_in: SignedIn) -> str:
    """Return where the code goes, to be recognised by its end."""
    return contacts.mask_phone(_phone(step, signed_in))


def _send(step: Step, signed_in: SignedIn) -> str:
    provider = step.visit.provider
    try:
        code = sms.send_code(
            provider.ephemeral,
            provider.messages,
            provider.secrets.key("otp"),
            account_id=signed_in.account.id,
            phone=_phone(step, signed_in),
            binding=step.transaction.id,
            locale=language.current(),
            now=step.visit.now,
            config=provider.config,
        )
    except GatewayError as error:
        log.warning("message not sent", code=error.code, detail=error.detail)
        return FAILED
    return SENT if code.sent else EARLY


def _phone(step: Step, signed_in: SignedIn) -> str:
    provider, account_id = step.visit.provider, signed_in.account.id
    with provider.database.read() as connection:
        known = contacts.read_contacts(connection, provider.sealer, account_id)
    return known.phone or ""


def _key(step: Step, signed_in: SignedIn) -> str:
    return f"sms-first:{step.transaction.id}:{signed_in.account.id}"
