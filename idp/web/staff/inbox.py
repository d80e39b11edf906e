"""What waits for this officer of every two-person mechanism, as lines of one list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import url_for

from idp.approvals import proposals, register
from idp.approvals.proposals import Proposed
from idp.locks import requests as letters
from idp.locks.requests import Request as Letter
from idp.staff import people, requests
from idp.staff.officer import ADMINISTRATOR, Officer
from idp.staff.requests import OpenRequest
from idp.web import presentation
from idp.web.language import gettext, phrase
from idp.web.staff import proposal_texts
from idp.web.staff.locks import CHANGES
from idp.web.staff.locks import ROLE as LOCK_OFFICER
from idp.web.staff.people import KINDS as REQUESTS
from idp.web.visit import Visit

SOURCES = {
    "proposals": phrase("Proposals"),
    "officers": phrase("Officers' accounts"),
    "letters": phrase("Authorities' letters"),
}
STATES = {
    "approved": phrase("approved"),
    "agreed": phrase("carried out"),
    "refused": phrase("refused"),
    "withdrawn": phrase("withdrawn"),
    "open": phrase("expired"),
}
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that waits, or was decided: what, by whom, why, until when."""

    title: str
    href: str
    asked: str
    asked_at: datetime
    reason: str = ""
    until: str = ""
    state: str = ""
    is_own: bool = False
    error: str = ""


def waiting(here: Visit, officer: Officer, only: str = "") -> list[Line]:
    """Return what waits, oldest first; `only` names one source."""
    lines = [
        line
        for name, source in _SOURCES.items()
        if only in ("", name)
        for line in source(here, officer)
    ]
    return sorted(lines, key=lambda line: line.asked_at)


def decided(
    here: Visit, officer: Officer, only: str = "", *, offset: int, limit: int
) -> list[Line]:
    """Return what is over, newest first; `only` names one source."""
    most = offset + limit
    lines = [
        line
        for name, source in _OVER.items()
        if only in ("", name)
        for line in source(here, officer, most)
    ]
    lines.sort(key=lambda line: line.asked_at, reverse=True)
    return lines[offset:most]


def kinds(officer: Officer) -> tuple[str, ...]:
    """Return the kinds of proposals that this officer decides, or audits."""
    if officer.has("auditor"):
        return tuple(register.KINDS)
    return register.kinds_of(officer.roles)


def names_of(here: Visit, found: list[Proposed]) -> dict[UUID, str]:
    """Return who proposed and who decided, by name."""
    ids = {who for one in found for who in (one.asked_by, one.decided_by) if who}
    return _names(here, ids)


def _names(here: Visit, ids: set[UUID]) -> dict[UUID, str]:
    with here.provider.database.read() as connection:
        return people.names(connection, here.provider.sealer, ids)


def asked_text(one: Proposed, names: dict[UUID, str]) -> str:
    """Say who proposes it, and when."""
    time = presentation.moment_text(one.asked_at)
    if one.asked_by is None:
        return gettext("asked by command on the server, %(time)s", time=time)
    name = names[one.asked_by]
    if one.is_by_command:
        return gettext(
            "asked by command on the server, %(time)s; taken up by %(name)s",
            name=name,
            time=time,
        )
    return gettext("asked by %(name)s, %(time)s", name=name, time=time)


def _line(
    officer: Officer, one: Proposed, names: dict[UUID, str], *, is_over: bool = False
) -> Line:
    return Line(
        title=proposal_texts.title(one),
        href=url_for("staff_approvals.one", proposal_id=one.id),
        asked=asked_text(one, names),
        asked_at=one.asked_at,
        reason=one.reason,
        until=presentation.moment_text(one.expires_at),
        state=gettext(STATES[one.state]) if is_over else "",
        is_own=one.asked_by == officer.id,
        error=one.error,
    )


def _proposals(here: Visit, officer: Officer) -> Iterator[Line]:
    with here.provider.database.read() as connection:
        found = proposals.list_open(connection, kinds(officer), now=here.now)
    names = names_of(here, found)
    yield from (_line(officer, one, names) for one in found)


def _proposals_over(here: Visit, officer: Officer, most: int) -> Iterator[Line]:
    with here.provider.database.read() as connection:
        found = proposals.list_over(
            connection, kinds(officer), now=here.now, offset=0, limit=most
        )
    names = names_of(here, found)
    yield from (_line(officer, one, names, is_over=True) for one in found)


def _officers(here: Visit, officer: Officer) -> Iterator[Line]:
    if officer.has(ADMINISTRATOR):
        with here.provider.database.read() as connection:
            found = requests.list_open(connection, now=here.now)
        yield from _request_lines(here, officer, found)


def _officers_over(here: Visit, officer: Officer, most: int) -> Iterator[Line]:
    if officer.has(ADMINISTRATOR):
        with here.provider.database.read() as connection:
            found = requests.list_over(connection, now=here.now, limit=most)
        yield from _request_lines(here, officer, found, is_over=True)


def _request_lines(
    here: Visit, officer: Officer, found: list[OpenRequest], *, is_over: bool = False
) -> Iterator[Line]:
    ids = {who for one in found for who in (one.asked_by, one.staff_id) if who}
    names = _names(here, ids)
    for one in found:
        time = presentation.moment_text(one.asked_at)
        yield Line(
            title=gettext(REQUESTS[one.kind], name=names[one.staff_id]),
            href=url_for("staff_people.show"),
            asked=gettext(
                "asked by %(name)s, %(time)s", name=names[one.asked_by], time=time
            )
            if one.asked_by
            else gettext("asked by command on the server, %(time)s", time=time),
            asked_at=one.asked_at,
            until=presentation.moment_text(one.expires_at),
            state=gettext(STATES[one.state]) if is_over else "",
            is_own=officer.id in (one.asked_by, one.staff_id),
        )


def _letters(here: Visit, officer: Officer) -> Iterator[Line]:
    if officer.has(LOCK_OFFICER):
        with here.provider.database.read() as connection:
            found = letters.list_open(
                connection,
                here.provider.sealer,
                _MOST,
                province_code=officer.unit.province_code,
                state="forwarded",
            )
        yield from _letter_lines(here, officer, found)


def _letters_over(here: Visit, officer: Officer, most: int) -> Iterator[Line]:
    if officer.has(LOCK_OFFICER):
        with here.provider.database.read() as connection:
            found = letters.list_decided(
                connection,
                here.provider.sealer,
                most,
                province_code=officer.unit.province_code,
            )
        yield from _letter_lines(here, officer, found, is_over=True)


def _letter_lines(
    here: Visit, officer: Officer, found: list[Letter], *, is_over: bool = False
) -> Iterator[Line]:
    names = _names(here, {one.entered_by for one in found})
    for one in found:
        yield Line(
            title=f"{gettext(CHANGES[one.change])}: {one.authority}",
            href=url_for("staff_locks.detail", request_id=one.id),
            asked=gettext(
                "asked by %(name)s, %(time)s",
                name=names[one.entered_by],
                time=presentation.moment_text(one.received_at),
            ),
            asked_at=one.received_at,
            reason=one.document,
            until=presentation.end_text(one.due_at),
            state=gettext(STATES[one.state]) if is_over else "",
            is_own=one.entered_by == officer.id,
        )


_SOURCES = {"proposals": _proposals, "officers": _officers, "letters": _letters}
_OVER = {
    "proposals": _proposals_over,
    "officers": _officers_over,
    "letters": _letters_over,
}
