"""From the code to the receipt: one address that shows whatever comes next.

Each form does one thing, stores the draft and leads back to that address, which asks
the draft's stage alone. A form that is out of turn changes nothing.
"""

from http import HTTPStatus

from flask import Blueprint, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.contacts import PhoneTakenError
from idp.accounts.identifiers import NumberTakenError
from idp.enrolment import matching, online, outcome
from idp.enrolment.draft import Applicant, Refusal
from idp.enrolment.matching import Match
from idp.enrolment.online import NotConsentedError, Proofs
from idp.factors import face
from idp.factors.carrier import CarrierError
from idp.factors.face import FaceError
from idp.factors.sms import SmsCodes
from idp.registry.port import RegistryDownError
from idp.web import csrf, proofs
from idp.web.enrol import pages, status
from idp.web.enrol.here import Here, enter, send_code
from idp.web.language import gettext
from idp.web.problem import notice

blueprint = Blueprint("enrol_steps", __name__)

_BESIDE_PHOTO = 65_536  # what a form with a photo has around it


@blueprint.get("/enrol/application/<draft_id>")
def show(draft_id: str) -> ResponseReturnValue:
    """Show what comes next."""
    here = enter(draft_id)
    stage = here.draft.stage
    if stage == "filed":
        return status.filed_page(here.visit, here.draft.receipt or "")
    if stage == "refused":
        return pages.refused(here)
    if stage == "finish":
        return pages.finish(here)
    if stage == "match":
        return pages.match(here)
    is_resent = request.args.get("outcome") == "sent"
    return pages.code(here, is_resent=is_resent)


@blueprint.post("/enrol/application/<draft_id>/code")
def prove(draft_id: str) -> ResponseReturnValue:
    """Check the code; only then is anybody asked about the person."""
    here = enter(draft_id)
    otp = here.visit.check(here.purpose("code"), "otp")["otp"].strip()
    if here.draft.stage != "code":
        return _on(here)
    if not otp:
        missing = notice("DD-AUTH-006").at("otp", gettext("Type the 6 digits"))
        return pages.code(here, missing)
    admission = here.admit()
    if not admission.allowed:
        wait = admission.retry_after
        return pages.code(here, proofs.too_many(wait), wait=wait)
    errand = here.errand(here.applicant())
    if not SmsCodes(here.provider).check(errand, otp, now=here.visit.now):
        wrong = notice("DD-AUTH-003").at("otp", gettext("Type the newest 6 digits"))
        return pages.code(here, wrong)
    here.provider.throttle.succeeded(admission)
    return _match(here.save(here.draft.proven()))


@blueprint.post("/enrol/application/<draft_id>/resend")
def resend(draft_id: str) -> ResponseReturnValue:
    """Send a new code behind the answer."""
    here = enter(draft_id)
    here.visit.check(here.purpose("resend"))
    if here.draft.stage == "code":
        send_code(here, here.applicant())
    return redirect(
        url_for("enrol_steps.show", draft_id=draft_id, outcome="sent"),
        HTTPStatus.SEE_OTHER,
    )


@blueprint.post("/enrol/application/<draft_id>/match")
def match_again(draft_id: str) -> ResponseReturnValue:
    """Ask the registries once more, when they gave no answer."""
    here = enter(draft_id)
    here.visit.check(here.purpose("match"))
    return _match(here) if here.draft.stage == "match" else _on(here)


@blueprint.post("/enrol/application/<draft_id>/submit")
def submit(draft_id: str) -> ResponseReturnValue:
    """Take consent and photo, and file the application."""
    request.max_content_length = face.MAX_PHOTO + _BESIDE_PHOTO
    here = enter(draft_id)
    csrf.check(
        here.provider.secrets.key("csrf"),
        browser=here.visit.browser,
        purpose=here.purpose("submit"),
        sent=request.form.get(csrf.FIELD),
    )
    if here.draft.stage != "finish":
        return _on(here)
    if request.form.get("consent") != "yes":
        mend = gettext("Tick the box if you agree; without it nothing is sent")
        return pages.finish(here, notice(NotConsentedError.code).at("consent", mend))
    sent = request.files.get("photo")
    photo = sent.read() if sent else b""
    if not face.is_photo(photo):
        missing = notice("DD-FACE-002").at("photo", gettext("Take a photo"))
        return pages.finish(here, missing)
    if _is_tried_out(here):
        wait = here.provider.config.throttle.window
        return pages.finish(here, proofs.too_many(wait), wait=wait)
    return _submit(here, photo)


def _submit(here: Here, photo: bytes) -> ResponseReturnValue:
    applicant = here.applicant()
    receipt = online.filed_as(here.provider, here.draft)
    if receipt is not None:  # it was filed, and the answer did not get through
        return _on(here.save(here.draft.filed(receipt)))
    try:
        found = matching.match(here.provider, applicant, now=here.visit.now)
        if found.is_proven and not found.is_whole:
            return _answer(here, found.refusal)
        likeness = here.provider.faces.recognises(applicant.number, photo)
    except (RegistryDownError, CarrierError, FaceError) as error:
        return pages.finish(here, notice("DD-ENR-503", detail=error.detail))
    if likeness == "mismatch":
        other = notice("DD-FACE-001").at("photo", gettext("Take another photo"))
        return pages.finish(here, other)
    given = Proofs(has_consented=True, likeness=likeness, photo=photo)
    return _file(here, applicant, found, given)


def _file(
    here: Here, applicant: Applicant, found: Match, given: Proofs
) -> ResponseReturnValue:
    if given.show(found) and not found.is_whole:
        return _answer(here, found.refusal)
    now = here.visit.now
    try:
        done = online.submit(
            here.provider, here.draft, applicant, found, given, now=now
        )
    except (NumberTakenError, PhoneTakenError):
        return _on(here.save(here.draft.answered("no_match")))
    if done.decided is not None:
        outcome.tell(here.provider, done.decided, now=now)
    return _on(here.save(here.draft.filed(done.receipt)))


def _match(here: Here) -> ResponseReturnValue:
    try:
        found = matching.match(here.provider, here.applicant(), now=here.visit.now)
    except (RegistryDownError, CarrierError) as error:
        return pages.match(here, notice("DD-ENR-503", detail=error.detail))
    # Where the carrier cannot tell whose the phone is, nobody hears what was found.
    return _answer(here, found.refusal if found.is_proven else None)


def _answer(here: Here, refusal: Refusal | None) -> ResponseReturnValue:
    return _on(here.save(here.draft.answered(refusal)))


def _is_tried_out(here: Here) -> bool:
    config = here.provider.config
    counter = f"enrol-photos:{here.draft.subject}"
    tries = here.provider.ephemeral.count(counter, ttl=config.throttle.window)
    return tries > config.enrolment.photos_per_draft


def _on(here: Here) -> ResponseReturnValue:
    return make_response(redirect(here.address, HTTPStatus.SEE_OTHER))
