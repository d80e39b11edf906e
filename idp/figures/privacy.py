"""Withhold figures of few people, and what would give them away by subtraction.

A cell below the threshold is withheld. Where a total is shown too, the withheld cells
together must be as good as unknown: there are at least two of them, and their sum is
not itself below the threshold; else the next smallest cell is withheld with them.
Nobody at all (0) is told: it says nothing of anyone.
"""

from collections.abc import Mapping
from typing import TypeVar

Key = TypeVar("Key")
Cell = int | None  # None is withheld


def shown(count: int, smallest: int) -> Cell:
    """Return a figure that stands alone, or None if it is withheld."""
    return None if 0 < count < smallest else count


def withhold(cells: Mapping[Key, int], smallest: int) -> dict[Key, Cell]:
    """Return the cells of one total, with None where a figure is withheld."""
    hidden = {key for key, count in cells.items() if 0 < count < smallest}
    others = sorted(
        (count, str(key), key)
        for key, count in cells.items()
        if count and key not in hidden
    )
    for _, _, key in others:
        if not hidden or _is_safe([cells[name] for name in hidden], smallest):
            break
        hidden.add(key)
    return {key: None if key in hidden else count for key, count in cells.items()}


def total(cells: Mapping[Key, int], smallest: int) -> Cell:
    """Return the sum of cells that `withhold` makes safe, unless it is small itself."""
    return shown(sum(cells.values()), smallest)


def rounded_down(count: int, smallest: int) -> int:
    """Return a figure that still grows, in steps of the threshold.

    Two looks at it on two days then tell of no smaller group who came in between.
    """
    return count - count % smallest


def _is_safe(counts: list[int], smallest: int) -> bool:
    return len(counts) > 1 and sum(counts) >= smallest
