"""Where an application stands: in the browser that sent it, or by receipt and code.

A receipt is looked up behind the answer, where the code is sent; whoever types a wrong
one sees the same pages.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

import structlog
from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import browser
from idp.enrolment import queue, record
from idp.enrolment.draft import DraftError
from idp.enrolment.queue import DossierView
from idp.enrolment.receipts import InvalidReceiptError, parse_receipt, receipt_text
from idp.errors import IdpError
from idp.factors.sent_codes import Errand
from idp.factors.sms import SmsCodes
from idp.provider import Provider
from idp.web import language, presentation, proofs, visit, way_back_case
from idp.web.enrol import pages
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("enrol_status", __name__)

_FORM = "enrol-status"
_MINUTE = 60
STATES = {
    "submitted": phrase("arrived, and waits to be looked at"),
    "in_review": phrase("is being looked at by an officer"),
    "granted": phrase("granted: activate the account now"),
    "granted_ward": phrase("granted: you act for this person with your own account"),
    "refused": phrase("not accepted"),
    "withdrawn": phrase("taken back"),
}
REASONS = {
    "registry_mismatch": phrase("The details are not those of the registry."),
    "phone_not_own": phrase("The phone number is not in the applicant’s own name."),
    "face_mismatch": phrase("The photo could not be recognised as the applicant."),
    "document_invalid": phrase("The card or paper is not valid."),
    "not_eligible": phrase("This person cannot have such an account yet."),
    "other": phrase("Call the hotline to hear why."),
}

# Whether the person is known is no business of whoever is not shown to be them.
UNPROVEN = phrase(
    "Nothing showed that the applicant is the person who was named: neither the phone "
    "nor the photo. Take the card to any commune police office."
)

log = structlog.get_logger("idp.web")


@dataclass(frozen=True, slots=True)
class _Case:
    """A receipt that was typed in one browser."""

    id: str
    receipt: str
    browser: str
    blind_id: UUID


@blueprint.get("/enrol/status")
def show() -> ResponseReturnValue:
    """Ask for the receipt."""
    return _receipt_page(way_back_case.named())


@blueprint.post("/enrol/status")
def begin() -> ResponseReturnValue:
    """Send a code behind the answer, if the receipt is one."""
    here = way_back_case.named()
    typed = here.check(_FORM, "receipt")["receipt"]
    try:
        receipt = parse_receipt(typed)
    except InvalidReceiptError as error:
        mend = gettext("Type the 12 letters and digits of the receipt")
        return _receipt_page(here, notice(error.code).at("receipt", mend))
    throttle = here.provider.config.throttle
    counter = f"enrol-status-from:{here.source}"
    if here.provider.ephemeral.count(counter, ttl=throttle.window) > (
        throttle.sms_per_source
    ):
        too_many = proofs.too_many(throttle.window)
        return _receipt_page(here, too_many, wait=throttle.window)
    case = _open(here, receipt)
    _send(here, case)
    address = url_for("enrol_status.ask", status_id=case.id)
    response = make_response(redirect(address, HTTPStatus.SEE_OTHER))
    return way_back_case.keep_name(here, response)


@blueprint.get("/enrol/status/<status_id>")
def ask(status_id: str) -> ResponseReturnValue:
    """Ask for the code."""
    here = visit.begin()
    return _code_page(here, _load(here, status_id))


@blueprint.post("/enrol/status/<status_id>")
def prove(status_id: str) -> ResponseReturnValue:
    """Check the code and show where the application stands."""
    here = visit.begin()
    case = _load(here, status_id)
    otp = here.check(f"{_FORM}:{case.id}", "otp")["otp"].strip()
    admission = here.provider.throttle.admit(
        "otp", subject=f"enrol:{case.blind_id}", source=here.source, device=None
    )
    if not admission.allowed:
        wait = admission.retry_after
        return _code_page(here, case, proofs.too_many(wait), wait=wait)
    errand = Errand(case.blind_id, _phone(here.provider, case), "enrol", case.id)
    if not SmsCodes(here.provider).check(errand, otp, now=here.now):
        wrong = notice("DD-AUTH-003").at("otp", gettext("Type the newest 6 digits"))
        return _code_page(here, case, wrong)
    here.provider.throttle.succeeded(admission)
    return filed_page(here, case.receipt)


def filed_page(here: Visit, receipt: str) -> ResponseReturnValue:
    """Show receipt, due date and state, to print."""
    with here.provider.database.read() as connection:
        dossier = queue.find_by_receipt(connection, receipt)
    if dossier is None:
        raise DraftError("no such application")
    is_ward = dossier.state == "granted" and dossier.kind == "level1_child"
    return render_template(
        "enrol/filed.html",
        receipt=receipt_text(receipt),
        state=gettext(STATES[f"{dossier.state}_ward" if is_ward else dossier.state]),
        dossier=dossier,
        is_ward=is_ward,
        reason=_reason(dossier),
        submitted_at=presentation.moment_text(dossier.submitted_at),
        due_on=presentation.date_text(_last_day(dossier)),
        is_overdue=dossier.is_overdue(here.now),
    )


def _reason(dossier: DossierView) -> str:
    if dossier.refusal is None:
        return ""
    return gettext(REASONS[dossier.refusal] if dossier.account_id else UNPROVEN)


def _last_day(dossier: DossierView) -> datetime:
    # A term ends at 24:00, which belongs to the day before.
    return presentation.later(dossier.due_at, seconds=-1)


def _open(here: Visit, receipt: str) -> _Case:
    blind = here.provider.sealer.index(receipt, context="enrolment.receipt").first
    case = _Case(
        id=secrets.token_urlsafe(24),
        receipt=receipt,
        browser=browser.digest(here.browser or "").hex(),
        blind_id=UUID(bytes=blind[:16]),
    )
    ttl = here.provider.config.lifetimes.transaction
    value = {"receipt": case.receipt, "browser": case.browser}
    here.provider.ephemeral.put(_key(case.id), value, ttl=ttl)
    return case


def _load(here: Visit, status_id: str) -> _Case:
    value = here.provider.ephemeral.get(_key(status_id))
    own = browser.digest(here.browser or "").hex()
    if value is None or value["browser"] != own:
        raise DraftError("no such question")
    receipt = value["receipt"]
    blind = here.provider.sealer.index(receipt, context="enrolment.receipt").first
    return _Case(status_id, receipt, own, UUID(bytes=blind[:16]))


def _send(here: Visit, case: _Case) -> None:
    provider, now, source = here.provider, here.now, here.source
    locale = language.current()

    def send() -> None:
        phone = _phone(provider, case)
        if not phone:
            return
        errand = Errand(case.blind_id, phone, "enrol", case.id)
        try:
            SmsCodes(provider).send(errand, source=source, locale=locale, now=now)
        except IdpError as error:
            log.warning("code not sent", code=error.code, detail=error.detail)

    provider.courier.later(send)


def _phone(provider: Provider, case: _Case) -> str:
    """Return the phone that this dossier is told to, or nothing."""
    with provider.database.read() as connection:
        found = queue.evidence_by_receipt(connection, case.receipt)
    if found is None or not found[1]:  # unknown, or erased with its account
        return ""
    evidence = record.open_evidence(provider.sealer, found[1], found[0])
    return record.contact_of(evidence).phone or ""


def _key(status_id: str) -> str:
    return f"enrol-status:{status_id}"


def _receipt_page(
    here: Visit, problem: Problem | None = None, *, wait: int = 0
) -> ResponseReturnValue:
    response = make_response(
        pages.page(
            "enrol/status.html",
            problem,
            wait=wait,
            action=url_for("enrol_status.begin"),
            token=here.token(_FORM),
        )
    )
    return way_back_case.keep_name(here, response)


def _code_page(
    here: Visit, case: _Case, problem: Problem | None = None, *, wait: int = 0
) -> ResponseReturnValue:
    config = here.provider.config
    return pages.page(
        "enrol/code.html",
        problem,
        wait=wait,
        action=url_for("enrol_status.prove", status_id=case.id),
        token=here.token(f"{_FORM}:{case.id}"),
        resend="",
        minutes=max(1, config.lifetimes.sms_otp // _MINUTE),
        phone="",
        sent=False,
    )
