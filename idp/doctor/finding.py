"""One finding, as people and machines read it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["good", "note", "warning", "error"]
EXIT: dict[Severity, int] = {"good": 0, "note": 0, "warning": 1, "error": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, why it matters, and what to run or change."""

    name: str
    severity: Severity
    what: str
    why: str = ""
    run: str = ""


def good(name: str, what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(name, "good", what)


def note(name: str, what: str, why: str, run: str = "") -> Finding:
    """Return what somebody may have chosen, and should know."""
    return Finding(name, "note", what, why, run)


def warning(name: str, what: str, why: str, run: str = "") -> Finding:
    """Return what will hurt on a bad day."""
    return Finding(name, "warning", what, why, run)


def error(name: str, what: str, why: str, run: str = "") -> Finding:
    """Return what is unsafe or does not work now."""
    return Finding(name, "error", what, why, run)
