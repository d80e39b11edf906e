"""Signing out at a portal's wish: ask first, then end the session and go back."""

from http import HTTPStatus

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.urls import iri_to_uri

from idp.authentication import browser, farewell, sign_in
from idp.authentication import logout as logouts
from idp.authentication.farewell import Farewell, Left
from idp.authentication.logout import LogoutRequest
from idp.authentication.session import Session
from idp.authentication.transaction import source_of
from idp.web import language, portals_left, visit
from idp.web.visit import Visit

blueprint = Blueprint("logout", __name__)

# WCAG 2.2 SC 2.2.1: at least so long to choose to stay before the page goes on.
SECONDS_TO_STAY = 20


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
    return leave(
        here,
        return_uri=wish.return_uri,
        client_id=wish.client_id,
        ui_locales=wish.ui_locales,
    )


@blueprint.get("/logged-out")
@blueprint.get("/logged-out/<handle>")
def done(handle: str | None = None) -> ResponseReturnValue:
    """Say that the citizen is signed out, and what is known of each portal.

    Once the frames had their time, the browser goes on to the portal that asked for it
    (RP-Initiated Logout 1.0 §3), without scripts and unless the citizen stays.
    """
    here = visit.begin()
    ephemeral = here.provider.ephemeral
    told = handle and farewell.find(ephemeral, handle, browser=here.browser)
    if not told:
        return render_template("logged_out.html", still=False)
    language.hint(told.ui_locales)
    rows = portals_left.rows(here, told)
    g.frame_origins = " ".join(sorted(portals_left.frame_origins(told)))
    back = portals_left.way_back(here, told)
    goes_on = back is not None and "stay" not in request.args
    page = render_template(
        "logged_out.html",
        still=False,
        portals=rows,
        back=back,
        seconds=SECONDS_TO_STAY if goes_on else None,
        stay=url_for("logout.done", handle=handle, stay=1),
    )
    response = make_response(page)
    if back and goes_on:
        address = iri_to_uri(back["href"])
        response.headers["Refresh"] = f"{SECONDS_TO_STAY}; url={address}"
    return response


@blueprint.get("/signed-in")
def stayed() -> ResponseReturnValue:
    """Say that nothing has changed."""
    return render_template("logged_out.html", still=True)


def leave(
    here: Visit,
    *,
    return_uri: str | None = None,
    client_id: str | None = None,
    ui_locales: tuple[str, ...] = (),
) -> Response:
    """End this browser's session at the citizen's wish, and go where that is told.

    `return_uri` is verified. The browser goes there at once, unless a portal can be
    signed out on our page only.
    """
    ended = sign_out_here(here, "citizen")
    left: tuple[Left, ...] = ()
    if ended:
        left = farewell.portals_left(here.provider, ended, asker=client_id)
    told = Farewell(left, return_uri, client_id, ui_locales)
    address = url_for("logout.done")
    if told.return_uri and not told.needs_page:
        address = told.return_uri
    elif here.browser:
        handle = farewell.keep(here.provider.ephemeral, here.browser, told)
        address = url_for("logout.done", handle=handle)
    response = make_response(redirect(address, HTTPStatus.SEE_OTHER))
    secure = here.provider.config.is_secure
    visit.set_cookie(response, browser.expired_cookie(browser.SESSION, secure=secure))
    return response


def sign_out_here(here: Visit, reason: str) -> Session | None:
    """End the session of this browser and return it, if it has one."""
    signed_in = here.signed_in()
    if signed_in is None:
        return None
    with here.provider.database.transaction() as database:
        sign_in.sign_out(
            here.provider,
            database,
            session=signed_in.session,
            reason=reason,
            now=here.now,
        )
    return signed_in.session


def _load(here: Visit, transaction: str) -> LogoutRequest:
    wish = logouts.load(here.provider.ephemeral, transaction, browser=here.browser)
    language.hint(wish.ui_locales)
    g.form_action_origin = source_of(wish.return_uri) if wish.return_uri else ""
    return wish
