"""JSON in which nothing can be read in two ways."""

import json
from typing import Any


def loads(text: str | bytes) -> Any:
    """Return the value; raises `ValueError` for NaN, infinities and doubled members.

    Text that nests too deeply raises `RecursionError`.
    """
    return json.loads(
        text, object_pairs_hook=unique_members, parse_constant=_refuse_constant
    )


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members, or raise `ValueError`: readers differ on which one counts."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _refuse_constant(name: str) -> float:
    raise ValueError(name)  # RFC 8259 §6
