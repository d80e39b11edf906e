"""The settings of acting for others, each with the law's value as default."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RepresentationConfig:
    """Ages in years, and how long a confirmation waits, in seconds.

    A child below `confirm_below_age` signs in with a parent's confirmation (Decree
    69/2024 art. 14.2); from `assent_from_age` on its own assent is asked (Law 91/2025);
    at `majority_age` parents no longer act (Civil Code 2015 art. 20).
    """

    confirm_below_age: int = 14
    assent_from_age: int = 7
    majority_age: int = 18
    confirmation: int = 300


@dataclass(frozen=True, slots=True)
class OrganisationsConfig:
    """The register of organisations: `off`, `sandbox`, or `http` that asks `url`."""

    source: str = "off"
    url: str = ""
    token_file: Path | None = None
    timeout: float = 5.0
