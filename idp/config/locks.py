"""The settings of locks, of telling portals, and of citizens' rights."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocksConfig:
    """Authorities' requests in working days (Decree 69/2024 art. 15).

    In seconds, how long a link to lock lives, and the hotline's word that the holder
    may open the account.
    """

    forward_days: int = 1
    decide_days: int = 2
    freeze_link: int = 259_200
    hotline_permit: int = 86_400


@dataclass(frozen=True, slots=True)
class BackchannelConfig:
    """How portals are told that a citizen is signed out (Back-Channel Logout 1.0)."""

    timeout: float = 5.0
    portals_at_once: int = 8
    attempts: int = 8
    retry_after: int = 30
    token: int = 120
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class RightsConfig:
    """Terms of the rights over one's data, in seconds.

    No term of Law 91/2025 for them is known to us; both keep the 72 hours that Decree
    13/2023 gave, by analogy.
    """

    correction: int = 259_200
    closing: int = 259_200
