"""The settings of authorization requests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestsConfig:
    """What every client's request must be, whatever it registered (RFC 9126 §5)."""

    must_push: bool = False
