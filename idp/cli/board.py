"""`idp keys status`: the departures board for people, the same as JSON for machines."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from idp.sealing.versions import Line
from keys.board import Departure
from keys.ring import RingKey, State, state


def show(departures: Iterable[Departure], now: datetime, console: Console) -> None:
    """Print one line a ring, then its other keys, then what needs somebody."""
    lines = list(departures)
    table = Table(title=f"Signing keys · departures at {moment(now)}")
    for heading in ("Ring", "Status", "Signs now", "Since", "Departs", "Next"):
        table.add_column(heading, overflow="fold")
    for line in lines:
        table.add_row(
            line.ring.name,
            line.status,
            line.active.kid,
            moment(line.active.activates_at),
            moment(line.departs_at),
            line.waiting.kid[:8] + "…" if line.waiting else "–",
        )
    console.print(table)
    others = [key for line in lines for key in line.others]
    if others:
        console.print(_others(others, now))
    for line in lines:
        for warning in line.warnings:
            console.print(f"! {line.ring.name}: {warning}", soft_wrap=True)


def _others(keys: Iterable[RingKey], now: datetime) -> Table:
    table = Table("Ring", "Key", "State", "Since", "Then", title="Other keys")
    for key in keys:
        where = state(key, now)
        since, then = {
            State.GENERATED: (key.generated_at, ""),
            State.NEXT: (key.published_at, f"signs {moment(key.activates_at)}"),
            State.RETIRED: (key.retired_at, f"gone {moment(key.destroyed_at)}"),
        }.get(where, (key.destroyed_at, "killed" if key.compromised_at else ""))
        table.add_row(key.ring.name, key.kid, where.value, moment(since), then)
    return table


def as_json(
    departures: Iterable[Departure],
    sealing: Iterable[Line],
    restored: Sequence[str],
    now: datetime,
) -> str:
    """Return the board with the field names that docs/keys.md promises."""
    rings = [
        {
            "ring": line.ring.name,
            "purpose": line.ring.purpose,
            "algorithm": line.ring.alg,
            "status": line.status.replace(" ", "_"),
            "boards_at": _iso(line.boards_at),
            "departs_at": _iso(line.departs_at),
            "warnings": list(line.warnings),
            "keys": [_key(key, now) for key in (line.active, *line.others)],
        }
        for line in departures
    ]
    told = {
        "at": _iso(now),
        "rings": rings,
        "sealing": [_version(line) for line in sealing],
        "restored_from": list(restored),
    }
    return json.dumps(told, indent=2)


def show_sealing(lines: Iterable[Line], console: Console) -> None:
    """Print the versions of the keys that seal and index columns."""
    table = Table("Key", "State", "Since", "Next change", title="Sealing keys")
    for line in lines:
        then = f"{line.then} {moment(line.at)}" if line.at else line.then or "–"
        table.add_row(line.name, line.state.value, moment(line.since), then)
    console.print(table)


def _version(line: Line) -> dict[str, Any]:
    return {
        "purpose": line.purpose,
        "version": line.number,
        "state": line.state.value,
        "since": _iso(line.since),
        "changes_at": _iso(line.at),
    }


def _key(key: RingKey, now: datetime) -> dict[str, Any]:
    return {
        "kid": key.kid,
        "state": state(key, now).value,
        "in_hardware": key.handle is not None,
        "generated_at": _iso(key.generated_at),
        "published_at": _iso(key.published_at),
        "signs_at": _iso(key.activates_at),
        "retires_at": _iso(key.retired_at),
        "destroyed_at": _iso(key.destroyed_at),
        "compromised_at": _iso(key.compromised_at),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def moment(at: datetime | None) -> str:
    """Return a moment for people."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "–"
