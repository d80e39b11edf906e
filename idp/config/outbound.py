"""The settings of what we call and tell on the outside."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutboundConfig:
    """Which machines are called at an address that somebody registered here.

    Networks by CIDR, and the word `public`; an empty list allows none (CWE-918).
    """

    allowed_networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BackchannelConfig:
    """How portals are told that a citizen is signed out (Back-Channel Logout 1.0)."""

    timeout: float = 5.0
    wait: float = 2.0
    portals_at_once: int = 8
    attempts: int = 8
    retry_after: int = 30
    look_every: int = 10
    token: int = 120


@dataclass(frozen=True, slots=True)
class SignalsConfig:
    """Security events for portals (Shared Signals Framework 1.0), in seconds."""

    keep: int = 604_800
    verification_interval: int = 60
