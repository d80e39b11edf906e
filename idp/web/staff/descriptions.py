"""What a proposal changes, line by line, as its approver reads it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One changed value; empty is absent. A risky one is marked in words."""

    label: str
    before: str
    after: str
    is_risky: bool = False


@dataclass(frozen=True, slots=True)
class Description:
    """What will happen in sentences, then what changes, then the rest as it is.

    What is final cannot be taken back, and its button warns.
    """

    effects: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    obstacle: str = ""
    is_final: bool = False
