"""Charts as numbers for inline SVG: where each bar and line stands. Pure.

Every chart is drawn from the rows of a table that stands beside it; a figure below
the first step has its row and no bar.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from idp.figures.privacy import Cell

WIDTH, HEIGHT = 640, 200
_LEFT, _TOP, _BOTTOM = 104, 12, 28
_LABELS = 6  # days that are named below a chart, at most
_LEADING = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Bar:
    """One row: what it counts, how many, and its length of 100 (None: not told)."""

    key: str | int
    count: Cell
    length: float | None


@dataclass(frozen=True, slots=True)
class Column:
    """One day: where it stands, how high it is, and whether it is named below."""

    key: str
    count: Cell
    x: float
    y: float
    width: float
    height: float
    is_named: bool

    @property
    def middle(self) -> float:
        """Return the middle of the column, where its name is centred."""
        return round(self.x + self.width / 2, 2)


@dataclass(frozen=True, slots=True)
class Columns:
    """A chart of days: its columns, and the lines that tell the height."""

    columns: tuple[Column, ...]
    lines: tuple[tuple[float, int], ...]
    left: int = _LEFT
    right: int = WIDTH
    floor: int = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


def bars(
    cells: Mapping[str, Cell] | Mapping[int, Cell], *, limit: int = 0
) -> list[Bar]:
    """Return a row for each cell; with a limit, the largest ones alone, ordered."""
    rows: Sequence[tuple[str | int, Cell]] = list(cells.items())
    if limit:
        rows = sorted(rows, key=lambda row: (-(row[1] or 0), str(row[0])))[:limit]
    top = max((count or 0 for _, count in rows), default=0)
    return [
        Bar(key, count, None if count is None else _part(count, top))
        for key, count in rows
    ]


def columns(cells: Mapping[str, Cell]) -> Columns:
    """Return the chart of a row of days."""
    top = _ceiling(max((count or 0 for count in cells.values()), default=0))
    floor, step = HEIGHT - _BOTTOM, (WIDTH - _LEFT) / max(len(cells), 1)
    every = -(-len(cells) // _LABELS)
    drawn = []
    for place, (key, count) in enumerate(cells.items()):
        height = (floor - _TOP) * (count or 0) / top
        drawn.append(
            Column(
                key=key,
                count=count,
                x=round(_LEFT + place * step + step * 0.15, 2),
                y=round(floor - height, 2),
                width=round(step * 0.7, 2),
                height=round(height, 2),
                is_named=place % every == 0,
            )
        )
    lines = tuple(
        (_TOP + (floor - _TOP) * part / 2, top - top * part // 2) for part in (0, 1, 2)
    )
    return Columns(tuple(drawn), lines)


def _part(count: int, top: int) -> float:
    return round(100 * count / top, 2) if top else 0.0


def _ceiling(largest: int) -> int:
    """Return the next even round number, so that half of it is one too."""
    size = 2
    while True:
        for leading in _LEADING:
            if leading * size >= largest:
                return leading * size
        size *= 10
