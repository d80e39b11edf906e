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

    `forecast` holds for this moment, and is shown as long as nobody has decided. What
    cannot be taken back is `final`, which says so on the button.
    """

    effects: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    obstacle: str = ""
    forecast: tuple[str, ...] = ()
    final: str = ""
