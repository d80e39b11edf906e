"""Choose citizens of the sandbox by what matters to a test."""

from typing import Any


def pick(citizens: list[dict[str, Any]], number: int = 0, **wanted: Any) -> dict:
    """Return the citizen of that number among those with these members."""
    found = [
        citizen
        for citizen in citizens
        if all(citizen[key] == value for key, value in wanted.items())
    ]
    return found[number]


def with_factors(citizens: list[dict[str, Any]], *factors: str) -> list[dict]:
    """Return the active citizens of level 2 with exactly these factors."""
    return [
        citizen
        for citizen in citizens
        if citizen["state"] == "active"
        and citizen["account_level"] == 2
        and set(citizen["factors"]) == set(factors)
    ]


def told(citizens: list[dict[str, Any]], words: str) -> dict:
    """Return the active citizen whose story has `words`."""
    return next(
        citizen
        for citizen in citizens
        if citizen["state"] == "active" and words in citizen["story"].lower()
    )
