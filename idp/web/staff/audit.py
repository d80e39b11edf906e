"""Auditors search the log: by time, kind, officer, portal, account and error id.

Each search is itself an event. What is personal stays closed here (`audit_entry`), and
an account is looked up by its number with a reason, as everywhere.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import MAXYEAR, MINYEAR, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import heads, search
from idp.audit.search import Filters, Found, Place
from idp.audit.staff_events import AuditSearched
from idp.staff import people, units
from idp.staff.officer import Officer
from idp.web import error_ids, presentation
from idp.web.language import gettext
from idp.web.presentation import VIETNAM
from idp.web.problem import Problem
from idp.web.staff import access, account_view, event_names, finding, frame
from idp.web.visit import Visit

blueprint = Blueprint("staff_audit", __name__)

ROLE = "auditor"
TAB = "staff_audit.show"
_FIND = "audit-account"
_SHOWN = 50
_LONGEST = 255
_UNKNOWN = "unknown"
NAMES = ("since", "until", "type", "officer", "portal", "error", "case")


@blueprint.get("/staff/audit")
def show() -> ResponseReturnValue:
    """Show the form, and what fits once a search is asked for by the address."""
    here, officer = access.enter(request.path, ROLE)
    return officer if isinstance(officer, Response) else _page(here, officer)


@blueprint.post("/staff/audit")
def find() -> ResponseReturnValue:
    """Look an account up by its number; its events are searched under a drawn name."""
    here, officer = access.enter(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, _FIND), *finding.FIELDS)
    typed = finding.trimmed(typed)
    found = finding.open_account(here, officer, typed)
    if isinstance(found, Problem):
        return _page(here, officer, typed, found)
    return redirect(url_for(TAB, case=found), HTTPStatus.SEE_OTHER)


def name_of(kind: str) -> str:
    """Return what a kind of event is called; one of a later release has no name."""
    return gettext(event_names.NAMES[kind]) if kind in event_names.NAMES else ""


def officers(here: Visit, connection: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names of officers, and those of units, by the ids of events."""
    everyone = people.list_people(connection, here.provider.sealer)
    offices = units.list_units(connection)
    return (
        {str(person.id): person.name for person in everyone},
        {str(unit.id): unit.name for unit in offices},
    )


def told(data: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what an event holds, officers and units by their names."""
    lines = []
    for name, value in data.items():
        several = value if isinstance(value, list) else [value]
        shown = ", ".join(names.get(str(one), str(one)) for one in several)
        lines.append((name, shown or gettext("none")))
    return lines


def place_text(place: Place) -> str:
    """Return a place as addresses and pages name it."""
    return f"{place.month}.{place.shard}.{place.seq}"


def place_of(text: str) -> Place | None:
    """Return the place of this name, or None."""
    month, _, rest = text.partition(".")
    shard, _, seq = rest.partition(".")
    if not (shard.isascii() and shard.isdigit() and seq.isascii() and seq.isdigit()):
        return None
    return Place(month[:7], int(shard[:2]), int(seq[:18]))


def _page(
    here: Visit,
    officer: Officer,
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    asked = {name: request.args.get(name, "").strip()[:_LONGEST] for name in NAMES}
    with here.provider.database.read() as connection:
        names, offices = officers(here, connection)
        extent, head = search.extent(connection), heads.latest(connection)
    is_search = bool(request.args.keys() & {*NAMES, "after"}) and problem is None
    found = _search(here, officer, asked) if is_search else []
    rows = [_row(one, names | offices) for one in found[:_SHOWN]]
    return frame.page(
        here,
        officer,
        "audit",
        gettext("Audit log"),
        tab=TAB,
        problem=problem,
        typed=typed or {},
        asked=asked,
        extent=extent,
        head=head,
        head_at=presentation.exact_moment_text(head.at) if head.at else "",
        types=_kinds(),
        officers=names,
        is_search=is_search,
        rows=rows,
        after=_next(asked, found) if len(found) > _SHOWN else "",
        purposes={name: gettext(text) for name, text in finding.PURPOSES.items()},
        longest=finding.LONGEST,
        token=here.token(access.purpose(officer, _FIND)),
    )


def _kinds() -> dict[str, str]:
    """Return what may be chosen, by its name, and beside it what the chain holds."""
    named = {kind: f"{name_of(kind)} — {kind}" for kind in event_names.NAMES}
    return dict(sorted(named.items(), key=lambda item: item[1].casefold()))


def _search(here: Visit, officer: Officer, asked: Mapping[str, str]) -> list[Found]:
    """Return what fits, one more than is shown; the search is written down first."""
    provider, after = here.provider, _after(request.args.get("after", ""))
    filters, told = _filters(here, officer, asked)
    with provider.database.transaction() as database:
        event = AuditSearched(officer.id, officer.unit.id, told)
        provider.audit.record(database, event, now=here.now)
    if filters is None:
        return []
    with provider.database.read() as connection:
        return search.find(connection, filters, after=after, limit=_SHOWN + 1)


def _filters(
    here: Visit, officer: Officer, asked: Mapping[str, str]
) -> tuple[Filters | None, dict[str, str]]:
    """Return what is looked for, None where nothing could fit, and what is kept of it.

    The log keeps it unsealed for good: of what was typed only a word that we know.
    """
    since, until = _moment(asked["since"]), _moment(asked["until"])
    kind = _logged(here, asked["type"], Filters(type=asked["type"]))
    portal = _logged(here, asked["portal"], Filters(client_id=asked["portal"]))
    officer_id, case, account_id = _uuid(asked["officer"]), _uuid(asked["case"]), None
    if case:
        account_id = account_view.open_case(here, officer, case)
    known = {
        "since": since and since.isoformat(),
        "until": until and until.isoformat(),
        "type": kind,
        "officer": officer_id and str(officer_id),
        "portal": portal,
        "error": error_ids.spelled(asked["error"]),
        "case": account_id and str(account_id),
    }
    told = {name: known[name] or _UNKNOWN for name, text in asked.items() if text}
    is_unknown = _UNKNOWN in told.values()
    if "case" in told:
        told["account"] = told.pop("case")
    if is_unknown:
        return None, told
    if asked["error"]:
        since = error_ids.minute_of(asked["error"], now=here.now)
        until = since and since + timedelta(minutes=1)
    return Filters(since, until, kind, officer_id, portal, account_id), told


def _logged(here: Visit, typed: str, only: Filters) -> str | None:
    """Return a word that was typed if the log already has an event that names it."""
    if not typed or not typed.isprintable():
        return None
    with here.provider.database.read() as connection:
        found = search.find(connection, only, after=None, limit=1)
    return typed if found else None


def _row(one: Found, names: Mapping[str, str]) -> dict[str, Any]:
    place = place_text(one.place)
    return {
        "at": presentation.exact_moment_text(one.at),
        "type": one.type,
        "name": name_of(one.type),
        "place": place,
        "account": str(one.account_id or ""),
        "data": told(one.data, names),
        "sealed": url_for("staff_audit_entry.show", place=place)
        if one.is_sealed
        else "",
    }


def _next(asked: Mapping[str, str], found: list[Found]) -> str:
    last = found[_SHOWN - 1]
    key = f"{round(last.at.timestamp() * 1_000_000)}.{place_text(last.place)}"
    kept: dict[str, Any] = {name: text for name, text in asked.items() if text}
    return url_for(TAB, after=key, **kept)


def _after(text: str) -> tuple[datetime, Place] | None:
    at, _, rest = text.partition(".")
    place = place_of(rest)
    if place is None or not (at.isascii() and at.isdigit() and len(at) < 18):
        return None
    seconds, rest_of = divmod(int(at), 1_000_000)
    moment = datetime.fromtimestamp(seconds, VIETNAM)
    return moment + timedelta(microseconds=rest_of), place


def _moment(text: str) -> datetime | None:
    with suppress(ValueError):
        moment = datetime.fromisoformat(text).replace(tzinfo=VIETNAM)
        # The first and the last year have no room for another time zone.
        return moment if MINYEAR < moment.year < MAXYEAR else None
    return None


def _uuid(text: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(text)
    return None
