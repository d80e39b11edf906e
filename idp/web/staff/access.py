"""Who may open an officers' page: an active officer with the role, in this browser.

`enter` is for looking, `fresh` for acting: it asks for the passkey again where the last
proof is older than `lifetimes.fresh_factor`.
"""

import re
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

from flask import Response, make_response, redirect, request, url_for

from idp.authentication import browser
from idp.staff import sessions
from idp.staff.errors import RoleError
from idp.staff.officer import Officer
from idp.web import visit
from idp.web.staff import kept
from idp.web.visit import Visit

COOKIE = "dd_staff"
# Dots stand between signs only: no `..` leads out of officers' pages.
_PATH = re.compile(r"/staff(/[\w-]+(\.[\w-]+)*)*/?(\?[\w=&.%+:~-]*)?", re.ASCII)


def enter(path: str, *roles: str) -> tuple[Visit, Officer | Response]:
    """Return the officer, or the response that leads to signing in and back to `path`.

    Raises `RoleError` for an officer who has none of `roles`; none named is any.
    """
    here = begin()
    officer = _officer(here)
    if officer is None:
        return here, lead(here, "staff_sign_in.show", path)
    if not officer.has(*roles):
        raise RoleError(detail=f"needs {', '.join(roles)}")
    return here, officer


def fresh(path: str, *roles: str) -> tuple[Visit, Officer | Response]:
    """Return the officer whose passkey was proven just now, or how to prove it."""
    here, officer = enter(path, *roles)
    if isinstance(officer, Response):
        return here, officer
    max_age = timedelta(seconds=here.provider.config.lifetimes.fresh_factor)
    if here.now - officer.proven_at < max_age:
        return here, officer
    if request.method == "POST":
        kept.keep(here, officer, path)
    return here, lead(here, "staff_sign_in.confirm", path)


def purpose(officer: Officer, action: str) -> str:
    """Bind a form to this session: the desk's next officer cannot use it."""
    return f"staff:{officer.session_id}:{action}"


def begin() -> Visit:
    """Read the request's cookies; a browser without any gets its name now."""
    here = visit.begin()
    return here if here.browser else replace(here, browser=browser.new_value())


def keep(here: Visit, response: Response) -> Response:
    """Tell the browser the name that `begin` gave it."""
    name = browser.cookie_name(browser.BROWSER, secure=here.provider.config.is_secure)
    if here.browser and not request.cookies.get(name):
        here.keep(response, (browser.BROWSER, here.browser, None))
    return response


def lead(here: Visit, endpoint: str, path: str) -> Response:
    """Lead to a page of proof, and from there to `path`, with the filters of a list."""
    if request.method == "GET" and path == request.path:
        path = request.full_path.rstrip("?")
    address = url_for(endpoint, next=local(path))
    return keep(here, make_response(redirect(address, HTTPStatus.SEE_OTHER)))


def local(path: str) -> str:
    """Return `path` if it is an officers' page, else their first page."""
    return path if _PATH.fullmatch(path) else "/staff"


def session_token() -> str | None:
    """Return the cookie of the officer's session."""
    secure = visit.begin().provider.config.is_secure
    return request.cookies.get(browser.cookie_name(COOKIE, secure=secure)) or None


def _officer(here: Visit) -> Officer | None:
    provider = here.provider
    with provider.database.read() as connection:
        found = sessions.find(
            connection,
            provider.sealer,
            session_token(),
            config=provider.config.staff,
            now=here.now,
        )
    if found is None:
        return None
    officer, last_seen_at = found
    if sessions.needs_touch(last_seen_at, now=here.now):
        with provider.database.transaction() as database:
            sessions.touch(database, officer, last_seen_at, now=here.now)
    return officer
