"""The form of what a reader is told for a code."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence and an advice; `technical` shows the developer's text beside them."""

    sentence: str
    advice: str
    technical: bool = False
