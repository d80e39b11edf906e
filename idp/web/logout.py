"""Signing out at a portal's wish: ask first, then end the session and go back."""

from http import HTTPStatus

from flask import (
    Blueprint,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from idp.authentication import browser, sign_in
from idp.authentication import logout as logouts
from idp.authentication.logout import LogoutRequest
from idp.authentication.transaction import source_of
from idp.web import visit
from idp.web.visit import Visit

blueprint = Blueprint("logout", __name__)


@blueprint.get("/logout/<transaction>")
def confirm(transaction: str) -> ResponseReturnValue:
    """Ask whether to sign out."""
    here = visit.begin()
    wish = _load(here, transaction)
    party = wish.client_id and here.provider.relying_parties.find(wish.client_id)
    return render_template(
        "logout.html",
        action=request.path,
        token=here.token(f"logout:{transaction}"),
        party=visit.asker_of(party) if party else None,
    )


@blueprint.post("/logout/<transaction>")
def answer(transaction: str) -> ResponseReturnValue:
    """Sign out on yes; return to the portal if its address was verified."""
    here = visit.begin()
    wish = _load(here, transaction)
    fields = here.check(f"logout:{transaction}", "decision")
    logouts.end(here.provider.ephemeral, wish)
    if fields["decision"] != "yes":
        return redirect(url_for("logout.stayed"), HTTPStatus.SEE_OTHER)
    address = wish.return_uri or url_for("logout.done")
    response = make_response(redirect(address, HTTPStatus.SEE_OTHER))
    sign_out_here(here, "citizen")
    secure = here.provider.config.is_secure
    visit.set_cookie(response, browser.expired_cookie(browser.SESSION, secure=secure))
    return response


@blueprint.get("/logged-out")
def done() -> ResponseReturnValue:
    """Say that the citizen is signed out."""
    return render_template("logged_out.html", still=False)


@blueprint.get("/signed-in")
def stayed() -> ResponseReturnValue:
    """Say that nothing has changed."""
    return render_template("logged_out.html", still=True)


def sign_out_here(here: Visit, reason: str) -> None:
    """End the session of this browser, if it has one."""
    signed_in = here.signed_in()
    if signed_in is None:
        return
    with here.provider.database.transaction() as database:
        sign_in.sign_out(
            here.provider,
            database,
            session=signed_in.session,
            reason=reason,
            now=here.now,
        )


def _load(here: Visit, transaction: str) -> LogoutRequest:
    wish = logouts.load(here.provider.ephemeral, transaction, browser=here.browser)
    g.form_action_origin = source_of(wish.return_uri) if wish.return_uri else ""
    return wish
