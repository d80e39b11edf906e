"""The settings of registration over HTTP."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RegistrationConfig:
    """How clients register and manage themselves (RFC 7591, RFC 7592), in seconds.

    And how their keys and lists of redirect URIs are fetched from their addresses.
    """

    initial_token: int = 604_800
    overlap: int = 86_400
    reserved_names: tuple[str, ...] = ()
    statement_issuers_file: Path | None = None
    require_statement: bool = False
    require_security_certificate: bool = False
    certificate_warning_days: int = 60
    fetch_timeout: float = 3.0
    fetch_bytes: int = 65_536
    fetches_at_once: int = 2
    fetch_patience: float = 0.5
    keys_max_age: int = 600
    keys_refresh_after: int = 60
