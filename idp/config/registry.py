"""Settings of the population and residence registry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """The population and residence registry: `embedded` is a synthetic one.

    `officer` and `unit` are the codes under which citizens' own requests are asked.
    The sandbox's registry knows so many invented `people` of a `seed` too.
    """

    source: str = "embedded"
    officer: str = "dinhdanh"
    unit: str = "dinhdanh"
    people: int = 100_000
    seed: str = "dinhdanh"
