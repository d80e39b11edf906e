"""The page behind a one-time link: an officer enrols a passkey and joins."""

import hashlib
from http import HTTPStatus

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from idp.errors import IdpError
from idp.factors.attestation import UntrustedModelError
from idp.factors.passkey_answers import PasskeyRefusedError
from idp.staff import invitations
from idp.staff.errors import InvitationError, StaffChangeError, UnverifiedPasskeyError
from idp.staff.invitations import OpenLink
from idp.web import passkey_names, presentation, visit
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, ceremony, frame
from idp.web.visit import Visit

blueprint = Blueprint("staff_invitation", __name__)

_REFUSALS = (PasskeyRefusedError, UntrustedModelError, UnverifiedPasskeyError)


@blueprint.get("/staff/join/<token>")
def show(token: str) -> ResponseReturnValue:
    """Say whom the link is for and what to do; opening it uses nothing up."""
    here = access.begin()
    return _page(here, token, _link(here, token))


@blueprint.post("/staff/join/<token>/options")
def options(token: str) -> ResponseReturnValue:
    """Return what the script hands to the browser, with a challenge of its own."""
    here = visit.begin()
    here.check(_purpose(token))
    link = _link(here, token)
    return ceremony.new_options(here, link.staff_id, link.name, _binding(here, token))


@blueprint.post("/staff/join/<token>")
def submit(token: str) -> ResponseReturnValue:
    """Check the new passkey and use the link up; of two at once one does."""
    here = visit.begin()
    fields = here.check(_purpose(token), "credential", "label", "code")
    link = _link(here, token)
    if not fields["credential"]:  # its browser runs no scripts
        return _page(here, token, link)
    try:
        new = ceremony.check_new(here, fields["credential"], _binding(here, token))
    except _REFUSALS as error:
        return _page(here, token, link, _problem(error))
    provider, label = here.provider, passkey_names.legible(fields["label"])
    try:
        with provider.database.transaction() as database:
            is_done = invitations.use(
                database,
                provider.audit,
                provider.sealer,
                provider.config.staff,
                token=token,
                code=fields["code"],
                new=new,
                label=label or passkey_names.proposed(),
                now=here.now,
            )
    except StaffChangeError as error:
        return _page(here, token, link, _problem(error))
    if not is_done:
        raise InvitationError("the link was used, or the code is wrong")
    address = url_for("staff_sign_in.show", done="joined")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _link(here: Visit, token: str) -> OpenLink:
    with here.provider.database.read() as connection:
        link = invitations.find(connection, here.provider.sealer, token, now=here.now)
    if link is None:
        raise InvitationError("no such link")
    return link


def _problem(error: IdpError) -> Problem:
    code = "DD-PASSKEY-003" if isinstance(error, StaffChangeError) else error.code
    return notice(code, detail=error.detail)


def _purpose(token: str) -> str:
    return f"staff-join:{hashlib.sha256(token.encode()).hexdigest()}"


def _binding(here: Visit, token: str) -> str:
    return f"{_purpose(token)}:{here.browser}"


def _page(
    here: Visit, token: str, link: OpenLink, problem: Problem | None = None
) -> Response:
    return frame.page(
        here,
        None,
        "join",
        gettext("Your first passkey")
        if link.purpose == "invite"
        else gettext("A new passkey in place of the lost one"),
        problem=problem,
        link=link,
        until=presentation.moment_text(link.expires_at),
        action=url_for("staff_invitation.submit", token=token),
        options=url_for("staff_invitation.options", token=token),
        token=here.token(_purpose(token)),
        label=passkey_names.proposed(),
    )
