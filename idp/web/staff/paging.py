"""Pages of a list by URL: `?page=2`, and the other filters stay."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import request, url_for

_Row = TypeVar("_Row")
PAGE = 20
_MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the neighbours of a page are; empty where there is none."""

    before: str
    after: str


def number() -> int:
    """Return the page that the address names, the first for anything odd."""
    typed = request.args.get("page", "1")
    is_number = typed.isascii() and typed.isdigit() and len(typed) < len("10000")
    return min(max(int(typed), 1), _MOST_PAGES) if is_number else 1


def part(rows: Sequence[_Row]) -> Sequence[_Row]:
    """Return what this page shows of a whole list."""
    return rows[(number() - 1) * PAGE : number() * PAGE]


def has_more(*lists: Sequence[object]) -> bool:
    """Say whether any of these whole lists goes on after this page."""
    return any(len(rows) > number() * PAGE for rows in lists)


def pages(endpoint: str, *, has_more: bool, **filters: str) -> Pages:
    """Return the addresses before and after this page, with its filters."""
    here = number()
    kept: dict[str, Any] = {name: value for name, value in filters.items() if value}
    return Pages(
        before=url_for(endpoint, page=here - 1, **kept) if here > 1 else "",
        after=url_for(endpoint, page=here + 1, **kept) if has_more else "",
    )
