"""Settings of what watches a running server."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HealthConfig:
    """How a process looks whether it can do its work."""

    timeout: float = 2.0
    look_every: float = 1.0
    free_bytes: int = 268_435_456


@dataclass(frozen=True, slots=True)
class MetricsConfig:
    """Where Prometheus asks; apart from the port that the world reaches."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = 9464
