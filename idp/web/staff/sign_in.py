"""Officers sign in by passkey alone, prove it again before acting, and sign out."""

from http import HTTPStatus

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import browser
from idp.staff import sessions
from idp.staff.errors import StaffSignInError
from idp.web import visit
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, ceremony, frame
from idp.web.visit import Visit

blueprint = Blueprint("staff_sign_in", __name__)

_SIGN_IN, _CONFIRM = "staff-sign-in", "confirm"


@blueprint.get("/staff/sign-in")
def show() -> ResponseReturnValue:
    """Ask for an officer's passkey; the page is the same for everyone."""
    return _sign_in_page(access.begin())


@blueprint.post("/staff/sign-in/options")
def options() -> ResponseReturnValue:
    """Return what the script hands to the browser, with a challenge of its own."""
    here = visit.begin()
    here.check(_SIGN_IN)
    return ceremony.use_options(here, _binding(here))


@blueprint.post("/staff/sign-in")
def submit() -> ResponseReturnValue:
    """Check the passkey and start a session; a former one of this browser ends."""
    here = visit.begin()
    fields = here.check(_SIGN_IN, "credential", "next")
    if not fields["credential"]:  # its browser runs no scripts
        return _sign_in_page(here)
    try:
        known = ceremony.check_use(here, fields["credential"], _binding(here))
    except StaffSignInError as error:
        return _sign_in_page(here, notice(error.code, detail=error.detail))
    provider = here.provider
    _end_former(here)
    with provider.database.transaction() as database:
        token = sessions.start(
            database,
            provider.audit,
            staff_id=known.staff_id,
            passkey_id=known.id,
            now=here.now,
        )
    address = access.local(fields["next"])
    response = make_response(redirect(address, HTTPStatus.SEE_OTHER))
    here.keep(response, (access.COOKIE, token, None))
    return response


@blueprint.get("/staff/confirm")
def confirm() -> ResponseReturnValue:
    """Ask the signed-in officer for a passkey again."""
    here, officer = access.enter("/staff")
    if isinstance(officer, Response):
        return officer
    return _confirm_page(here)


@blueprint.post("/staff/confirm/options")
def confirm_options() -> ResponseReturnValue:
    """Return what the script hands to the browser, for this session."""
    here, officer = access.enter("/staff")
    if isinstance(officer, Response):
        return officer
    here.check(access.purpose(officer, _CONFIRM))
    return ceremony.use_options(here, f"{_CONFIRM}:{officer.session_id}")


@blueprint.post("/staff/confirm")
def confirmed() -> ResponseReturnValue:
    """Check that it is the very officer of this session, and go on."""
    here, officer = access.enter("/staff")
    if isinstance(officer, Response):
        return officer
    fields = here.check(access.purpose(officer, _CONFIRM), "credential", "next")
    if not fields["credential"]:
        return _confirm_page(here)
    binding = f"{_CONFIRM}:{officer.session_id}"
    try:
        known = ceremony.check_use(here, fields["credential"], binding)
    except StaffSignInError as error:
        return _confirm_page(here, notice(error.code, detail=error.detail))
    if known.staff_id != officer.id:
        problem = notice(StaffSignInError.code, detail="other_officer")
        return _confirm_page(here, problem)
    provider = here.provider
    with provider.database.transaction() as database:
        sessions.prove(database, provider.audit, officer, known.id, now=here.now)
    return redirect(access.local(fields["next"]), HTTPStatus.SEE_OTHER)


@blueprint.post("/staff/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session and forget its cookie."""
    here, officer = access.enter("/staff")
    if isinstance(officer, Response):
        return officer
    here.check(access.purpose(officer, "sign-out"))
    provider = here.provider
    with provider.database.transaction() as database:
        sessions.end(database, provider.audit, officer, now=here.now)
    address = url_for("staff_sign_in.show", done="signed-out")
    response = make_response(redirect(address, HTTPStatus.SEE_OTHER))
    secure = provider.config.is_secure
    visit.set_cookie(response, browser.expired_cookie(access.COOKIE, secure=secure))
    return response


def _end_former(here: Visit) -> None:
    provider = here.provider
    with provider.database.read() as connection:
        former = sessions.find(
            connection,
            provider.sealer,
            access.session_token(),
            config=provider.config.staff,
            now=here.now,
        )
    if former is not None:
        with provider.database.transaction() as database:
            sessions.end(database, provider.audit, former[0], now=here.now)


def _binding(here: Visit) -> str:
    return f"{_SIGN_IN}:{here.browser}"


def _sign_in_page(here: Visit, problem: Problem | None = None) -> Response:
    return frame.page(
        here,
        None,
        "sign_in",
        gettext("Officers' sign-in"),
        problem=problem,
        action=url_for("staff_sign_in.submit"),
        options=url_for("staff_sign_in.options"),
        token=here.token(_SIGN_IN),
        next=access.local(request.values.get("next", "")),
    )


def _confirm_page(here: Visit, problem: Problem | None = None) -> Response:
    _, officer = access.enter("/staff")
    if isinstance(officer, Response):
        return officer
    return frame.page(
        here,
        officer,
        "confirm",
        gettext("Confirm with your passkey"),
        problem=problem,
        action=url_for("staff_sign_in.confirmed"),
        options=url_for("staff_sign_in.confirm_options"),
        token=here.token(access.purpose(officer, _CONFIRM)),
        next=access.local(request.values.get("next", "")),
    )
