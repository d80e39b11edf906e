"""What the sign-in and one-time-code pages share once a proof was tried."""

from uuid import UUID

from flask import Response

from idp.authentication import browser
from idp.authentication.session import SignedIn
from idp.authentication.steps import ONE_TIME_CODES
from idp.factors import devices, enrolled
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

_MINUTE = 60


def too_many(wait: int) -> Problem:
    """Return the problem of a citizen who has to wait `wait` seconds at most."""
    if wait < 2 * _MINUTE:
        mend = gettext("Try again in %(seconds)s seconds", seconds=wait)
    else:
        mend = gettext("Try again in %(minutes)s minutes", minutes=-(-wait // _MINUTE))
    return notice("DD-AUTH-002").at("main", mend)


def remember(
    visit: Visit, response: Response, account_id: UUID, token: str, *, is_whole: bool
) -> None:
    """Give the browser its new session cookie and, at a whole sign-in, its mark."""
    cookies: list[tuple[str, str, int | None]] = [(browser.SESSION, token, None)]
    if is_whole:
        with visit.provider.database.transaction() as database:
            mark = devices.remember(
                database,
                visit.provider.audit,
                account_id,
                cookie=visit.device,
                now=visit.now,
            )
        lifetime = int(devices.LIFETIME.total_seconds())
        cookies.append((browser.DEVICE, mark, lifetime))
    visit.keep(response, *cookies)


def needs_code(visit: Visit, account_id: UUID) -> bool:
    """Say whether the account asks for a one-time code after its password."""
    with visit.provider.database.read() as connection:
        return bool(enrolled.enrolled_kinds(connection, account_id) & ONE_TIME_CODES)


def has_code(signed_in: SignedIn) -> bool:
    """Say whether this session has proven a one-time code since its password."""
    return any(event.method in ONE_TIME_CODES for event in signed_in.session.events)
