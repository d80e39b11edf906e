"""Settings of the population and residence registry."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """The population and residence registry: `embedded` is a synthetic one.

    `soap` asks a provincial exchange at `url`. `officer` and `unit` are the codes under
    which citizens' own requests are asked. The sandbox's registry knows so many
    invented `people` of a `seed` too.
    """

    source: str = "embedded"
    officer: str = "dinhdanh"
    unit: str = "dinhdanh"
    url: str = ""
    certificate_file: Path | None = None
    key_file: Path | None = None
    ca_file: Path | None = None
    token_file: Path | None = None
    procedure: str = "dinhdanh"
    integration: str = "037"
    timeout: float = 5.0
    max_answer_bytes: int = 1_048_576
    attempts: int = 2
    retry_pause: float = 0.3
    breaker_failures: int = 5
    breaker_pause: int = 30
    stale_answers: bool = True
    stale_max_age: int = 604_800
    people: int = 100_000
    seed: str = "dinhdanh"
