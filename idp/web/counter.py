"""The shared computer's own page: begin counter mode, go on, be done, leave it.

Every change ends the sign-in of this browser: no long one comes into the mode and no
short one goes out of it.
"""

from http import HTTPStatus

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import browser
from idp.web import logout, preferences, visit, way_back_case
from idp.web.counter_mode import DONE_FORM, lasting
from idp.web.visit import Visit

blueprint = Blueprint("counter", __name__)

_BEGIN, _LEAVE = "counter-begin", "counter-leave"
_YEAR = 31_536_000
_MINUTE = 60
# `cookies` is left out on purpose: it would sign people out of neighbouring sites of
# one registered domain. Ours are ended one by one.
_CLEAR = '"cache", "storage"'


@blueprint.get("/counter")
def show() -> ResponseReturnValue:
    """Explain the mode, or be the page that everyone at this computer begins on."""
    here = way_back_case.named()
    lifetimes = here.provider.config.lifetimes
    body = render_template(
        "counter.html",
        is_on=here.is_counter,
        token=here.token(_BEGIN),
        leave_token=here.token(_LEAVE),
        idle=max(1, lifetimes.counter_idle // _MINUTE),
        longest=max(1, lifetimes.counter_max // _MINUTE),
    )
    return way_back_case.keep_name(here, make_response(body))


@blueprint.post("/counter")
def begin() -> ResponseReturnValue:
    """Make this browser one that many people share."""
    here = way_back_case.named()
    here.check(_BEGIN)
    return _renewed(here, is_on=True)


@blueprint.post("/counter/done")
def finish() -> ResponseReturnValue:
    """End the sign-in and what it reached, and forget the person who was here."""
    here = visit.begin()
    lasting(here).check(DONE_FORM)
    response = _renewed(here, is_on=here.is_counter)
    response.headers["Clear-Site-Data"] = _CLEAR
    return response


@blueprint.post("/counter/leave")
def leave() -> ResponseReturnValue:
    """Let this browser be one person's again."""
    here = visit.begin()
    here.check(_LEAVE)
    return _renewed(here, is_on=False)


def _renewed(here: Visit, *, is_on: bool) -> Response:
    """Return to the start with nothing kept of whoever was signed in."""
    logout.sign_out_here(here, "counter")
    response = make_response(redirect(url_for("counter.show"), HTTPStatus.SEE_OTHER))
    secure = here.provider.config.is_secure
    kept = (browser.SESSION, browser.DEVICE, *preferences.COOKIES.values())
    for name in kept:
        visit.set_cookie(response, browser.expired_cookie(name, secure=secure))
    cookies: list[tuple[str, str, int | None]] = [
        (browser.BROWSER, browser.new_value(), None)
    ]
    if is_on:
        cookies.append((browser.COUNTER, browser.new_value(), _YEAR))
    else:
        gone = browser.expired_cookie(browser.COUNTER, secure=secure)
        visit.set_cookie(response, gone)
    here.keep(response, *cookies)
    return response
