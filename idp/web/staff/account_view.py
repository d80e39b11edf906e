"""An account as an officer who looked it up sees it: no more than their roles need.

The hotline sees how far the account has come, and nothing of locks, places or portals
(it tells callers nothing); lock officers see the locks, security officers all.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from flask import Response, url_for

from idp.accounts import identifiers, places, timeline
from idp.accounts.standing import read_standing
from idp.accounts.timeline import Moment
from idp.authentication import session as sessions
from idp.factors import enrolled
from idp.locks.grounds import IN_WRITING
from idp.locks.requests import MAX_TEXT
from idp.staff import cases, own_case
from idp.staff.errors import CaseOverError
from idp.staff.officer import Officer
from idp.web import factor_rows, presentation
from idp.web.language import gettext, phrase
from idp.web.problem import Problem
from idp.web.staff import access, frame
from idp.web.staff.locks import CHANGES, GROUNDS
from idp.web.visit import Visit

TAB = "staff_accounts.show"
LOCK_ROLE, SECURITY_ROLE = "lock_officer", "security"
_LOCKING = frozenset({"locked", "unlocked"})
STATES = {
    "submitted": phrase("applied for"),
    "in_review": phrase("being checked"),
    "granted": phrase("granted, to be activated"),
    "active": phrase("active"),
    "closed": phrase("closed"),
}
_MOMENTS = {
    "created": phrase("The account was opened"),
    "granted": phrase("The account was granted"),
    "activated": phrase("The account was activated"),
    "restricted": phrase("The holder stopped the use of their data"),
    "locked": phrase("Locked: %(ground)s"),
    "unlocked": phrase("The lock ended: %(ground)s"),
}


def open_case(here: Visit, officer: Officer, case_id: UUID) -> UUID:
    """Return whose account it is, as long as it is the officer's to see.

    A unit that was changed and a tie that began since the look-up close it at once.
    """
    provider = here.provider
    found = cases.find(provider.ephemeral, officer, case_id)
    with provider.database.read() as connection:
        whose, stores = found.account_id, (connection, provider.sealer)
        own_case.refuse(*stores, officer, whose, now=here.now)
        if not officer.unit.serves(places.read_province(connection, whose)):
            raise CaseOverError
    return whose


def wishes(connection: Any, account_id: UUID) -> tuple[str, ...]:
    """Return what a letter may ask for: locks that do not hold, and the end of ones."""
    live = read_standing(connection, account_id).locks
    return tuple(
        f"{'unlock' if ground in live else 'lock'}:{ground}" for ground in IN_WRITING
    )


def page(
    here: Visit,
    officer: Officer,
    case_id: UUID,
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    """Draw the account, with the forms of the officer's roles."""
    provider, account_id = here.provider, open_case(here, officer, case_id)
    sees_locks = officer.has(LOCK_ROLE, SECURITY_ROLE)
    with provider.database.read() as connection:
        standing = read_standing(connection, account_id)
        number = identifiers.current_number(connection, provider.sealer, account_id)
        past = timeline.moments(connection, account_id)
        wished = wishes(connection, account_id)
        ways = list(_ways(connection, account_id))
    shown = [one for one in past if sees_locks or one.what not in _LOCKING]
    return frame.page(
        here,
        officer,
        "account",
        gettext("Account"),
        tab=TAB,
        problem=problem,
        typed=typed or {},
        number=identifiers.mask_number(number),
        level=standing.level,
        state=gettext(STATES[standing.state]),
        ways=ways,
        moments=[_moment(one) for one in shown],
        sees_locks=sees_locks,
        locks=[gettext(GROUNDS[ground]) for ground in standing.locks],
        wishes={wish: _wish(wish) for wish in wished} if officer.has(LOCK_ROLE) else {},
        longest=MAX_TEXT,
        letter_token=here.token(access.purpose(officer, f"letter:{case_id}")),
        case=case_id,
        hotline=_hotline(officer, standing.state),
        **_security(here, officer, account_id, case_id),
    )


def _moment(one: Moment) -> dict[str, str]:
    text, at = _MOMENTS[one.what], presentation.moment_text(one.at)
    if not one.ground:
        return {"text": gettext(text), "at": at}
    return {"text": gettext(text, ground=gettext(GROUNDS[one.ground])), "at": at}


def _wish(wish: str) -> str:
    change, _, ground = wish.partition(":")
    return f"{gettext(CHANGES[change])}: {gettext(GROUNDS[ground])}"


def _ways(connection: Any, account_id: UUID) -> Iterator[str]:
    """Yield the kinds of what signs in, and never which phone or key it is."""
    if timeline.has_password(connection, account_id):
        yield gettext("Password")
    for kind in sorted(enrolled.enrolled_kinds(connection, account_id)):
        yield gettext(factor_rows.NAMES.get(kind, kind))


def _hotline(officer: Officer, state: str) -> dict[str, str] | None:
    """Return the hotline's own way on, which asks the caller what only they know."""
    if not officer.has("hotline"):
        return None
    if state == "granted":
        label = gettext("Open the time to activate again")
        return {"href": url_for("staff_hotline.show"), "label": label}
    label = gettext("Let the holder unlock")
    return {"href": url_for("staff_hotline_unlock.show"), "label": label}


def _security(
    here: Visit, officer: Officer, account_id: UUID, case_id: UUID
) -> dict[str, Any]:
    if not officer.has(SECURITY_ROLE):
        return {}
    provider = here.provider
    with provider.database.read() as connection:
        live = sessions.list_for(
            connection,
            provider.sealer,
            account_id,
            now=here.now,
            lifetimes=provider.config.lifetimes,
        )
    address = url_for("staff_account_sessions.show", case=case_id)
    return {"sessions": {"href": address, "count": len(live)}}
