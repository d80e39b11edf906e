"""What a way back in changes, each once: the password, the app, the phone.

New factors are held back, and the contacts of before are told: who has stolen a card
and a password gains nothing today, and its owner can object.
"""

from base64 import b64decode, b64encode
from http import HTTPStatus

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.accounts.contacts import InvalidContactError, PhoneTakenError
from idp.audit.factor_events import RecoveryEnded
from idp.authentication.recovery import Change, RecoveryError
from idp.errors import IdpError
from idp.factors import enrolled, holds, notices, sms, totp
from idp.factors.sent_codes import Errand
from idp.factors.sms import SmsCodes
from idp.web import account_totp, language, new_password, proofs, way_back_case
from idp.web.counter_mode import refuse_at_counter
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.way_back_case import Here

blueprint = Blueprint("way_back_changes", __name__)

_SECONDS = 900
_MAX_TYPED = 24
DONE = ("password", "app", "phone")


@blueprint.get("/way-back/<case_id>/password")
def show_password(case_id: str) -> ResponseReturnValue:
    """Ask for a new password."""
    return _password_page(way_back_case.enter_for(case_id, "password"))


@blueprint.post("/way-back/<case_id>/password")
def set_password(case_id: str) -> ResponseReturnValue:
    """Set it and end every session; signing in anew is what comes next."""
    here = way_back_case.enter_for(case_id, "password")
    typed = here.visit.check(here.purpose("password"), *new_password.FIELDS)
    problem = new_password.problem_of(here.provider, here.case.holder, typed)
    if problem:
        return _password_page(here, problem)
    _begin_change(here, "password")
    new_password.set_password(
        here.visit, here.case.holder, typed["password"], what="password_reset"
    )
    return _done(here, "password")


@blueprint.get("/way-back/<case_id>/app")
def show_app(case_id: str) -> ResponseReturnValue:
    """Show the key of a new authenticator app."""
    return _app_page(_enter_own(case_id))


@blueprint.post("/way-back/<case_id>/app")
def add_app(case_id: str) -> ResponseReturnValue:
    """Add the app, held back, once it has shown that it has the key."""
    here = _enter_own(case_id)
    otp = here.visit.check(here.purpose("app"), "otp")["otp"]
    secret = _kept(here, "app")
    counter = totp.confirm(secret, otp, now=here.visit.now) if secret else None
    if secret is None or counter is None:
        wrong = notice("DD-AUTH-003").at("otp", gettext("Type the newest 6 digits"))
        return _app_page(here, wrong)
    _begin_change(here, "factors")
    account_totp.enrol(
        here.visit,
        here.case.holder,
        secret,
        label="",
        counter=counter,
        usable_from=here.held_until,
    )
    return _done(here, "app")


@blueprint.get("/way-back/<case_id>/phone")
def show_phone(case_id: str) -> ResponseReturnValue:
    """Ask for the new phone's number, or for the code that was sent to it."""
    here = _enter_own(case_id)
    return _phone_page(here, is_sent="sent" in request.args)


@blueprint.post("/way-back/<case_id>/phone")
def send_to_phone(case_id: str) -> ResponseReturnValue:
    """Send a code to the new phone."""
    here = _enter_own(case_id)
    typed = here.visit.check(here.purpose("phone"), "phone")["phone"]
    try:
        phone = contacts.parse_phone(typed)
    except InvalidContactError:
        wrong = notice("DD-AUTH-006").at("phone", gettext("Type a mobile number"))
        return _phone_page(here, wrong, typed=typed[:_MAX_TYPED])
    errand = Errand(here.case.holder, phone, "contact", here.case.id)
    try:
        answer = SmsCodes(here.provider).send(
            errand,
            source=here.visit.source,
            locale=language.current(),
            now=here.visit.now,
        )
    except IdpError as error:
        return _phone_page(here, notice(error.code, detail=error.detail))
    if not answer.sent:
        early = "DD-AUTH-004" if answer.outcome == "early" else "DD-SMS-002"
        return _phone_page(here, notice(early), is_sent=answer.outcome == "early")
    _keep(here, "phone", phone)
    address = url_for("way_back_changes.show_phone", case_id=case_id, sent=1)
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/way-back/<case_id>/phone/confirm")
def change_phone(case_id: str) -> ResponseReturnValue:
    """Change the phone once its code was typed; codes to it are held back."""
    here = _enter_own(case_id)
    otp = here.visit.check(here.purpose("phone-code"), "otp")["otp"]
    phone, now = _kept(here, "phone"), here.visit.now
    admission = here.admit()
    if not admission.allowed:
        return _phone_page(here, proofs.too_many(admission.retry_after), is_sent=True)
    errand = Errand(here.case.holder, phone or "", "contact", here.case.id)
    if phone is None or not SmsCodes(here.provider).check(errand, otp, now=now):
        wrong = notice("DD-AUTH-003").at("otp", gettext("Type the newest 6 digits"))
        return _phone_page(here, wrong, is_sent=True)
    here.provider.throttle.succeeded(admission)
    _begin_change(here, "factors")
    try:
        _change_phone(here, phone)
    except PhoneTakenError:
        # Said to nobody who has not proven two things; the case is over with it.
        raise RecoveryError(
            "the phone is another account's", code="DD-BACK-002"
        ) from None
    return _done(here, "phone")


@blueprint.get("/way-back/done/<what>")
def done(what: str) -> ResponseReturnValue:
    """Say what was changed, and that signing in comes next."""
    if what not in DONE:
        raise RecoveryError("nothing was done")
    hours = way_back_case.named().provider.config.lifetimes.held_factor // 3600
    return render_template("back_done.html", what=what, hours=max(1, hours))


def _enter_own(case_id: str) -> Here:
    """Enter to set a factor anew, on a computer that is not a helper's."""
    here = way_back_case.enter_for(case_id, "factors")
    refuse_at_counter(here.visit)
    return here


def _change_phone(here: Here, phone: str) -> None:
    provider, account_id, now = here.provider, here.case.holder, here.visit.now
    with provider.database.transaction() as database:
        before = contacts.read_contacts(database, provider.sealer, account_id)
        stores = (database, provider.audit)
        holds.change_phone(
            *stores,
            provider.sealer,
            account_id,
            phone,
            held_until=here.held_until,
            now=now,
        )
        if "sms" not in enrolled.enrolled_kinds(database, account_id):
            sms.enrol(*stores, account_id, now=now, usable_from=here.held_until)
    notices.warn(provider, before, "phone_changed", now)


def _begin_change(here: Here, change: Change) -> None:
    """Use the case up, for an account in good standing, and record how it went."""
    if way_back_case.refusal(here):
        raise RecoveryError("the account may not be changed")
    here.take(change)
    provider = here.provider
    ended = RecoveryEnded(here.case.holder, change, tuple(sorted(here.case.proofs)))
    with provider.database.transaction() as database:
        provider.audit.record(database, ended, now=here.visit.now)


def _done(here: Here, what: str) -> ResponseReturnValue:
    here.provider.ephemeral.drop(*(_key(here, name) for name in ("app", "phone")))
    address = url_for("way_back_changes.done", what=what)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _keep(here: Here, name: str, text: str) -> None:
    key = _key(here, name)
    sealed = here.provider.sealer.seal(text.encode(), context=key)
    value = {"sealed": b64encode(sealed).decode()}
    here.provider.ephemeral.put(key, value, ttl=_SECONDS)


def _kept(here: Here, name: str) -> str | None:
    key = _key(here, name)
    value = here.provider.ephemeral.get(key)
    if value is None:
        return None
    sealed = b64decode(value["sealed"])
    return here.provider.sealer.open(sealed, context=key).decode()


def _key(here: Here, name: str) -> str:
    return f"recovery-{name}:{here.case.id}"


def _password_page(here: Here, problem: Problem | None = None) -> ResponseReturnValue:
    return _page("back_password.html", here, problem, token=here.token("password"))


def _app_page(here: Here, problem: Problem | None = None) -> ResponseReturnValue:
    secret = _kept(here, "app")
    if secret is None:
        secret = totp.new_secret()
        _keep(here, "app", secret)
    parts = account_totp.key_parts(here.visit, here.case.holder, secret)
    return _page("back_app.html", here, problem, token=here.token("app"), **parts)


def _phone_page(
    here: Here,
    problem: Problem | None = None,
    *,
    is_sent: bool = False,
    typed: str = "",
) -> ResponseReturnValue:
    phone = _kept(here, "phone") if is_sent else None
    return _page(
        "back_phone.html",
        here,
        problem,
        token=here.token("phone"),
        code_token=here.token("phone-code"),
        typed=typed,
        masked=contacts.mask_phone(phone) if phone else "",
        case_id=here.case.id,
    )


def _page(
    template: str, here: Here, problem: Problem | None, **values: object
) -> ResponseReturnValue:
    hours = max(1, here.provider.config.lifetimes.held_factor // 3600)
    body = render_template(
        template, problem=problem, hub=here.hub, hours=hours, **values
    )
    return make_response(
        body, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    )
