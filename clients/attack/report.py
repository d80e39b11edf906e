"""What a run of the suite tells: a line for each attack, then what has to be done."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from clients.attack.suite import Finding, Outcome

_MARKS: dict[Outcome, str] = {
    "refused": "ok",
    "breached": "BREACH",
    "not tried": "--",
    "broken": "BROKEN",
}


def line(finding: Finding) -> str:
    """Return the line of one attack: its line of the checklist, outcome and promise."""
    one, mark = finding.attack, _MARKS[finding.outcome]
    told = f"\n{'':14}{finding.told}" if finding.told else ""
    return f"{one.line:4}{mark:8}  {one.promise}  [{' '.join(one.weaknesses)}]{told}"


def summary(findings: Sequence[Finding]) -> str:
    """Return the last lines: how many ended how, and the names to run again."""
    counted = Counter(finding.outcome for finding in findings)
    told = ", ".join(f"{counted[name]} {name}" for name in _MARKS if counted[name])
    bad = [finding.attack.name for finding in findings if not finding.is_good]
    again = f"\nRun them again: {' '.join(f'--only {name}' for name in bad)}"
    return f"{len(findings)} attacks: {told}." + (again if bad else "")


def as_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return the findings for programs."""
    return [
        {
            "line": finding.attack.line,
            "name": finding.attack.name,
            "weaknesses": list(finding.attack.weaknesses),
            "promise": finding.attack.promise,
            "outcome": finding.outcome,
            "told": finding.told,
        }
        for finding in findings
    ]
