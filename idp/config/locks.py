"""The settings of locks and of citizens' rights."""

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
class RightsConfig:
    """Terms of the rights over one's data, in seconds.

    No term of Law 91/2025 for them is known to us; both keep the 72 hours that Decree
    13/2023 gave, by analogy.
    """

    correction: int = 259_200
    closing: int = 259_200
