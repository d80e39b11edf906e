"""One request within a way back in: the browser, its case, and what the account has."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from flask import Response, url_for

from idp.accounts import contacts
from idp.accounts.contacts import Contacts
from idp.accounts.standing import read_standing
from idp.authentication import browser, recovery
from idp.authentication.recovery import Case
from idp.factors import enrolled, recovery_codes
from idp.factors.sent_codes import Errand, Purpose
from idp.factors.throttle import Admission
from idp.locks import hotline
from idp.locks.grounds import HOLDER_REQUEST
from idp.provider import Provider
from idp.web import visit
from idp.web.visit import Visit

LOCKED_BY_HOLDER = ("active", (HOLDER_REQUEST,))
_UNKNOWN = Contacts(phone=None, email=None, email_verified=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What a way back needs to know of an account; nothing, where there is none."""

    contacts: Contacts
    factors: frozenset[str]
    now: datetime

    @property
    def email(self) -> str:
        """Return the address that letters go to, unless it is new, or nothing."""
        return self.contacts.usable_email(self.now)

    @property
    def phone(self) -> str:
        """Return the phone that codes go to, or nothing."""
        return (self.contacts.phone or "") if "sms" in self.factors else ""


@dataclass(frozen=True, slots=True)
class Here:
    """A visit to one case of this browser."""

    visit: Visit
    case: Case

    @property
    def provider(self) -> Provider:
        """Return the running provider."""
        return self.visit.provider

    @property
    def hub(self) -> str:
        """Return the address that every step ends at."""
        return url_for("way_back.hub", case_id=self.case.id)

    @property
    def held_until(self) -> datetime:
        """Return until when a factor that is set now is held back."""
        held = self.provider.config.lifetimes.held_factor
        return self.visit.now + timedelta(seconds=held)

    def purpose(self, form: str) -> str:
        """Return the purpose that binds a form to this case."""
        return f"{form}:{self.case.id}"

    def token(self, form: str) -> str:
        """Return the token of a form of this case."""
        return self.visit.token(self.purpose(form))

    def known(self) -> Known:
        """Return what the account has; the same look-ups where there is none."""
        return read_known(self.provider, self.case.holder, now=self.visit.now)

    def errand(self, address: str) -> Errand:
        """Return the errand of a code that is sent for this case."""
        purpose: Purpose = "reset" if self.case.is_by_number else "recover"
        return Errand(self.case.holder, address, purpose, self.case.id)

    def admit(self) -> Admission:
        """Count a try of a proof, however often the case was begun anew."""
        return self.provider.throttle.admit(
            "otp",
            subject=f"recovery:{self.case.subject}",
            source=self.visit.source,
            device=None,
        )

    def proofs(self) -> frozenset[str]:
        """Return what was proven, and with the phone the hotline's word if it holds."""
        proofs = self.case.proofs
        if "sms" not in proofs:
            return proofs
        with self.provider.database.read() as connection:
            holder, now = self.case.holder, self.visit.now
            is_permitted = hotline.is_permitted(connection, holder, now=now)
        return proofs | {recovery.HOTLINE} if is_permitted else proofs

    def prove(self, method: str) -> None:
        """Keep that something was proven."""
        self.save(self.case.proven(method))

    def save(self, case: Case) -> None:
        """Store the case as this step left it."""
        recovery.save(
            self.provider.ephemeral,
            case,
            now=self.visit.now,
            ttl=self.provider.config.lifetimes.transaction,
        )

    def take(self, change: recovery.Change) -> None:
        """Use the case up for a change that it opens, or raise `RecoveryError`."""
        recovery.take(
            self.provider.ephemeral,
            self.case,
            change,
            beside=self.proofs() - self.case.proofs,
            now=self.visit.now,
            ttl=self.provider.config.lifetimes.transaction,
        )


def enter(case_id: str) -> Here:
    """Load the case of this browser; raises `RecoveryError`."""
    here = visit.begin()
    return Here(here, load(here, case_id))


def enter_for(case_id: str, change: recovery.Change) -> Here:
    """Load a case whose proofs open this change for an account in good standing."""
    here = enter(case_id)
    if change not in recovery.opens(here.proofs()):
        raise recovery.RecoveryError("not proven enough")
    return here


def load(here: Visit, case_id: str) -> Case:
    """Return the live case of this browser, or raise `RecoveryError`."""
    return recovery.load(
        here.provider.ephemeral,
        case_id,
        browser=here.browser,
        now=here.now,
        ttl=here.provider.config.lifetimes.transaction,
    )


def refusal(here: Here) -> tuple[str, tuple[str, ...]] | None:
    """Return state and locks of an account that may not be changed, or None."""
    with here.provider.database.read() as connection:
        standing = read_standing(connection, here.case.holder)
    if standing.effective == "active":
        return None
    return standing.state, standing.locks


def named() -> Visit:
    """Return this visit of a browser that has a name, be it a new one."""
    here = visit.begin()
    return here if here.browser else replace(here, browser=browser.new_value())


def keep_name(here: Visit, response: Response) -> Response:
    """Give the browser the name that this visit began under."""
    if here.browser and visit.begin().browser is None:
        here.keep(response, (browser.BROWSER, here.browser, None))
    return response


def read_known(provider: Provider, account_id: UUID, *, now: datetime) -> Known:
    """Return what an account has; the same look-ups for an id that no account has."""
    with provider.database.read() as connection:
        known = contacts.find_contacts(connection, provider.sealer, account_id)
        factors = enrolled.usable_kinds(connection, account_id, now=now)
        codes = recovery_codes.remaining(connection, account_id)
    kinds = factors | ({"recovery"} if codes else set())
    return Known(known or _UNKNOWN, kinds, now)
