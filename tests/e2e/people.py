"""Choose citizens of the sandbox by what matters to a test."""

from typing import Any


def told(citizens: list[dict[str, Any]], words: str) -> dict:
    """Return the active citizen whose story has `words`."""
    return next(
        citizen
        for citizen in citizens
        if citizen["state"] == "active" and words in citizen["story"].lower()
    )
