"""The one-time code by text message, as the one-time-code page needs it."""

from idp.accounts import contacts
from idp.authentication.session import SignedIn
from idp.errors import IdpError
from idp.factors import holds
from idp.factors.carrier import CarrierError
from idp.factors.gateway import GatewayError
from idp.factors.sent_codes import Errand
from idp.factors.sms import SmsCodes
from idp.web import language
from idp.web.problem import log
from idp.web.visit import Step

SENT, EARLY, OFTEN, HELD, FAILED = "sent", "early", "often", "held", "failed"
# What the page shows for an outcome that is no success.
FAILURES = {
    EARLY: "DD-AUTH-004",
    OFTEN: "DD-SMS-002",
    HELD: "DD-SMS-003",
    FAILED: "DD-SMS-001",
}


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
    if outcome in (FAILED, HELD):
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
    provider = step.visit.provider
    with provider.database.read() as connection:
        known = contacts.read_contacts(
            connection, provider.sealer, signed_in.account.id
        )
    return contacts.mask_phone(known.phone or "")


def _send(step: Step, signed_in: SignedIn) -> str:
    provider, now, account_id = (
        step.visit.provider,
        step.visit.now,
        signed_in.account.id,
    )
    with provider.database.read() as connection:
        known = contacts.read_contacts(connection, provider.sealer, account_id)
    if known.phone is None:
        return FAILED
    errand = Errand(account_id, known.phone, "sign_in", step.transaction.id)
    try:
        code = SmsCodes(provider).send(
            errand, source=step.visit.source, locale=language.current(), now=now
        )
    except (GatewayError, CarrierError) as error:
        _log(error)
        return FAILED
    if code.held_until is not None:
        with provider.database.transaction() as database:
            holds.hold(
                database,
                provider.audit,
                account_id,
                "sms",
                until=code.held_until,
                ground="sim_changed",
                now=now,
            )
    return code.outcome


def _log(error: IdpError) -> None:
    log.warning("message not sent", code=error.code, detail=error.detail)


def _key(step: Step, signed_in: SignedIn) -> str:
    return f"sms-first:{step.transaction.id}:{signed_in.account.id}"
