"""One request within an application: the browser, its draft, and the code to it."""

from dataclasses import dataclass

import structlog
from flask import url_for

from idp.enrolment import draft as drafts
from idp.enrolment.draft import Applicant, Draft
from idp.errors import IdpError
from idp.factors.sent_codes import Errand
from idp.factors.sms import SmsCodes
from idp.factors.throttle import Admission
from idp.provider import Provider
from idp.web import language, visit
from idp.web.visit import Visit

log = structlog.get_logger("idp.web")


@dataclass(frozen=True, slots=True)
class Here:
    """A visit to one draft of this browser."""

    visit: Visit
    draft: Draft

    @property
    def provider(self) -> Provider:
        """Return the running provider."""
        return self.visit.provider

    @property
    def address(self) -> str:
        """Return the address that shows what comes next."""
        return url_for("enrol_steps.show", draft_id=self.draft.id)

    def purpose(self, form: str) -> str:
        """Return the purpose that binds a form to this draft."""
        return f"enrol-{form}:{self.draft.id}"

    def token(self, form: str) -> str:
        """Return the token of a form of this draft."""
        return self.visit.token(self.purpose(form))

    def applicant(self) -> Applicant:
        """Return what was typed."""
        return drafts.open_applicant(self.provider.sealer, self.draft)

    def errand(self, applicant: Applicant) -> Errand:
        """Return the errand of the code that proves the phone."""
        draft = self.draft
        return Errand(draft.blind_id, applicant.phone, "enrol", draft.id)

    def admit(self) -> Admission:
        """Count a try of the code, however often the application was begun anew."""
        return self.provider.throttle.admit(
            "otp",
            subject=f"enrol:{self.draft.subject}",
            source=self.visit.source,
            device=None,
        )

    def save(self, draft: Draft) -> "Here":
        """Store the draft as this step left it."""
        ttl = self.provider.config.enrolment.draft_lifetime
        drafts.save(self.provider.ephemeral, draft, now=self.visit.now, ttl=ttl)
        return Here(self.visit, draft)


def enter(draft_id: str) -> Here:
    """Load the draft of this browser; raises `DraftError`."""
    here = visit.begin()
    loaded = drafts.load(
        here.provider.ephemeral,
        draft_id,
        browser=here.browser,
        now=here.now,
        ttl=here.provider.config.enrolment.draft_lifetime,
    )
    return Here(here, loaded)


def send_code(here: Here, applicant: Applicant) -> None:
    """Send a code behind the answer, be the person known or not."""
    provider, now, source = here.provider, here.visit.now, here.visit.source
    errand, locale = here.errand(applicant), language.current()

    def send() -> None:
        try:
            SmsCodes(provider).send(errand, source=source, locale=locale, now=now)
        except IdpError as error:
            log.warning("code not sent", code=error.code, detail=error.detail)

    provider.courier.later(send)
