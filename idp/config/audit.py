"""The settings of the audit log: signed heads, where they go, how long events stay."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AuditConfig:
    """When heads are signed, the file and the address they are told to, the term.

    Decree 59/2022 art. 21: what a citizen may see is kept for five years.
    """

    sign_every: int = 60
    sign_after: int = 10_000
    heartbeat: int = 3600
    heads_file: Path | None = None
    heads_url: str = ""
    heads_token_file: Path | None = None
    timeout: float = 5.0
    retry_after: int = 30
    keep_years: int = 5
