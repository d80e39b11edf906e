"""What waits for an officer, by role: the lines of the first page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flask import url_for

from idp.approvals import proposals, register
from idp.enrolment import reviewing
from idp.locks import requests as letters
from idp.rights import corrections
from idp.staff import requests
from idp.staff.officer import Officer
from idp.web.language import gettext
from idp.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the first page: what, where, how many."""

    label: str
    href: str
    count: int
    is_urgent: bool = False


def _to_review(here: Visit, officer: Officer) -> Iterator[Item]:
    with here.provider.database.read() as connection:
        counts = reviewing.count_waiting(
            connection, now=here.now, province_code=officer.unit.province_code
        )
    page = url_for("staff_review.show")
    if counts.overdue:
        label = gettext("Overdue dossiers")
        yield Item(label, f"{page}?only=overdue", counts.overdue, is_urgent=True)
    if counts.open:
        yield Item(gettext("Dossiers to decide"), page, counts.open)


def _to_approve(here: Visit, officer: Officer) -> Iterator[Item]:
    with here.provider.database.read() as connection:
        waiting = requests.list_open(connection, now=here.now)
    others = [
        item for item in waiting if officer.id not in (item.asked_by, item.staff_id)
    ]
    if others:
        label = gettext("Requests of other administrators")
        yield Item(label, url_for("staff_people.show"), len(others))


def _proposals(here: Visit, officer: Officer) -> Iterator[Item]:
    """Yield what another officer proposed, or a command, and this one may decide."""
    kinds = register.kinds_of(officer.roles)
    with here.provider.database.read() as connection:
        waiting = proposals.list_open(connection, kinds, now=here.now)
    others = [one for one in waiting if one.asked_by != officer.id]
    if others:
        label = gettext("Proposals that wait for a second officer")
        yield Item(label, url_for("staff_approvals.show"), len(others))


def _letters(here: Visit, officer: Officer) -> Iterator[Item]:
    with here.provider.database.read() as connection:
        waiting, late = letters.count_open(
            connection, province_code=officer.unit.province_code, now=here.now
        )
    page = url_for("staff_locks.show")
    if late:
        label = gettext("Overdue requests to lock or unlock")
        yield Item(label, page, late, is_urgent=True)
    if waiting:
        yield Item(gettext("Requests to lock or unlock"), page, waiting)


def _corrections(here: Visit, officer: Officer) -> Iterator[Item]:
    with here.provider.database.read() as connection:
        waiting, late = corrections.count_waiting(
            connection, province_code=officer.unit.province_code, now=here.now
        )
    page = url_for("staff_corrections.show")
    if late:
        yield Item(gettext("Overdue corrections"), page, late, is_urgent=True)
    if waiting:
        yield Item(gettext("Corrections to answer"), page, waiting)


# Each area of officers' work adds its source, by role.
SOURCES: tuple[tuple[str, Callable[[Visit, Officer], Iterator[Item]]], ...] = (
    ("reviewer", _to_review),
    ("reviewer", _corrections),
    ("lock_officer", _letters),
    ("administrator", _to_approve),
    ("", _proposals),
)


def items(here: Visit, officer: Officer) -> list[Item]:
    """Return what waits for this officer's roles."""
    return [
        item
        for role, source in SOURCES
        if not role or officer.has(role)
        for item in source(here, officer)
    ]
