"""One rule for every figure: whole steps, rounded down, and none below the first step.

What is told of a count is a step that it has reached, so it may be any of as many
values as a step has. Nothing else is told: a sum is that of the told figures, and none
and few look the same. Subtracting what one table tells from what another tells then
leaves the roundings of all of them together, never one count.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

Key = TypeVar("Key")
Cell = int | None  # None is less than a step, or nobody


def told(count: int, step: int) -> Cell:
    """Return the step that a count has reached, None below the first one."""
    return count - count % step or None


def listed(cells: Mapping[Key, int], step: int) -> dict[Key, int]:
    """Return the rows of a table that names only who or what has reached a step.

    A row for less would say that there is somebody.
    """
    return {key: count - count % step for key, count in cells.items() if count >= step}


def total(cells: Iterable[Cell]) -> Cell:
    """Return the sum of what is told."""
    return sum(cell or 0 for cell in cells) or None
