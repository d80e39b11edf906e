"""The proofs of a way back in: codes, the password, the card and the face.

Before the first proof everyone sees the same page, is counted the same and waits the
same, whether the number has an account or not.
"""

from http import HTTPStatus

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers
from idp.authentication.recovery import RecoveryError
from idp.factors import password, recovery_codes, totp
from idp.factors.email import EmailCodes
from idp.factors.sms import SmsCodes
from idp.factors.throttle import Admission
from idp.web import forgotten, proofs, way_back, way_back_case
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.way_back_case import Here

blueprint = Blueprint("way_back_proofs", __name__)

_SENDS = {"email": forgotten.send_letter, "sms": forgotten.send_message}
_HEADINGS = {
    "first": phrase("Look into your mailbox, or at your phone"),
    "email": phrase("Type the code from the e-mail"),
    "sms": phrase("Type the code from the text message"),
    "totp": phrase("Type the code of your authenticator app"),
    "recovery": phrase("Type a recovery code"),
    "pwd": phrase("Type your password"),
}
_WRONG = {"recovery": "DD-AUTH-007", "pwd": "DD-AUTH-005"}


@blueprint.get("/way-back/<case_id>/prove/<way>")
def show(case_id: str, way: str) -> ResponseReturnValue:
    """Ask for a code or the password."""
    here = way_back_case.enter(case_id)
    if not _fits(here, way):
        return redirect(here.hub, HTTPStatus.SEE_OTHER)
    return _page(here, way)


@blueprint.post("/way-back/<case_id>/prove/<way>")
def prove(case_id: str, way: str) -> ResponseReturnValue:
    """Check it, and keep the proof."""
    here = way_back_case.enter(case_id)
    typed = here.visit.check(here.purpose(f"prove-{way}"), "proof")["proof"]
    if not _fits(here, way):
        return redirect(here.hub, HTTPStatus.SEE_OTHER)
    if not typed.strip():
        missing = notice("DD-AUTH-006").at("proof", gettext("Fill in this field"))
        return _page(here, way, missing)
    admission = _admit(here, way)
    if not admission.allowed:
        wait = admission.retry_after
        return _page(here, way, proofs.too_many(wait), wait=wait)
    method = here.case.channel if way == "first" else way
    if not _is_right(here, method, typed):
        code = _WRONG.get(way, "DD-AUTH-003")
        wrong = notice(code).at("proof", gettext("Look at it and type it again"))
        return _page(here, way, wrong)
    here.provider.throttle.succeeded(admission)
    here.prove(method)
    return redirect(here.hub, HTTPStatus.SEE_OTHER)


@blueprint.post("/way-back/<case_id>/send/<way>")
def send(case_id: str, way: str) -> ResponseReturnValue:
    """Send a code on its way, behind the answer, and ask for it."""
    here = way_back_case.enter(case_id)
    here.visit.check(here.purpose("send"))
    if way not in _SENDS and way != "first":
        raise RecoveryError("nothing that is sent")
    if not _fits(here, way):  # a stranger may have one code sent, and not every one
        return redirect(here.hub, HTTPStatus.SEE_OTHER)
    method = here.case.channel if way == "first" else way
    _SENDS[method](here, here.known())
    address = url_for("way_back_proofs.show", case_id=case_id, way=way, sent=1)
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/way-back/<case_id>/card")
def read_card(case_id: str) -> ResponseReturnValue:
    """Lead to the card reader."""
    here = way_back_case.enter(case_id)
    here.visit.check(here.purpose("send"))
    return way_back.lead_to_card(here)


def _fits(here: Here, way: str) -> bool:
    """Say whether this proof may be asked now; before the first, only the first is."""
    if way == "first":
        return here.case.is_by_number and not here.case.proofs
    is_begun = bool(here.case.proofs)
    return (
        is_begun and way in _HEADINGS and way in way_back.possible(here, here.known())
    )


def _admit(here: Here, way: str) -> Admission:
    if way != "pwd":
        return here.admit()
    provider = here.provider
    with provider.database.read() as connection:
        number = identifiers.current_number(
            connection, provider.sealer, here.case.holder
        )
    # Counted where the sign-in page counts: guessing here is guessing there.
    return provider.throttle.admit(
        "password",
        subject=identifiers.number_index(provider.sealer, number).hex(),
        source=here.visit.source,
        device=None,
    )


def _is_right(here: Here, method: str, typed: str) -> bool:
    provider, now, account_id = here.provider, here.visit.now, here.case.holder
    if method == "pwd":
        return bool(
            password.prove_again(
                provider.database,
                provider.passwords,
                provider.audit,
                account_id=account_id,
                password=typed,
                now=now,
            )
        )
    if method in way_back.SENT:
        return _is_sent_code(here, method, typed)
    verify = {"totp": _verify_totp, "recovery": _verify_recovery}[method]
    return verify(here, typed)


def _is_sent_code(here: Here, method: str, typed: str) -> bool:
    known = here.known()
    if method == "email":
        errand = here.errand(known.email)
        return EmailCodes(here.provider).check(errand, typed, now=here.visit.now)
    errand = here.errand(known.phone)
    return SmsCodes(here.provider).check(errand, typed, now=here.visit.now)


def _verify_totp(here: Here, typed: str) -> bool:
    provider = here.provider
    with provider.database.transaction() as database:
        factor = totp.verify(
            database,
            provider.audit,
            provider.sealer,
            here.case.holder,
            otp=typed,
            now=here.visit.now,
        )
    return factor is not None


def _verify_recovery(here: Here, typed: str) -> bool:
    provider = here.provider
    with provider.database.transaction() as database:
        factor = recovery_codes.verify(
            database,
            provider.audit,
            provider.sealer,
            here.case.holder,
            code=typed,
            now=here.visit.now,
        )
    return factor is not None


def _page(
    here: Here, way: str, problem: Problem | None = None, *, wait: int = 0
) -> ResponseReturnValue:
    lifetimes = here.provider.config.lifetimes
    body = render_template(
        "back_proof.html",
        way=way,
        heading=gettext(_HEADINGS[way]),
        action=request.path,
        token=here.token(f"prove-{way}"),
        case_id=here.case.id,
        send_token=here.token("send"),
        is_sent="sent" in request.args,
        minutes=max(1, lifetimes.sms_otp // 60),
        hub=here.hub,
        problem=problem,
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    response = make_response(body, HTTPStatus.TOO_MANY_REQUESTS if wait else status)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response
