"""The settings of activation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActivationConfig:
    """Until when an account may be activated, and how long one attempt lives.

    `window_days` are calendar days from the grant notice (Decree 69/2024 art. 14);
    `permit` and `attempt` are seconds.
    """

    window_days: int = 7
    permit: int = 172_800
    attempt: int = 3600
