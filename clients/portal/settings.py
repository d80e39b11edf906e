"""What one portal is told by its operator: its address, its provider, its secrets."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SETTINGS_VARIABLE = "PORTAL_SETTINGS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings file of one portal; exactly one of the two credentials is set."""

    site: str
    base_url: str
    issuer: str
    client_id: str
    session_key: str
    auth_method: str
    client_secret: str | None = None
    private_jwk: dict[str, Any] | None = None
    ca_file: str | None = None
    tls_certificate: str | None = None
    tls_key_file: str | None = None

    @property
    def host(self) -> str:
        """Return the host to listen on."""
        return urlsplit(self.base_url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        """Return the port to listen on."""
        parts = urlsplit(self.base_url)
        return parts.port or (443 if self.is_secure else 80)

    @property
    def is_secure(self) -> bool:
        """Say whether the portal is served over https."""
        return self.base_url.startswith("https://")


def load_settings(path: Path) -> Settings:
    """Read the settings file; an unknown member is a `TypeError` with its name."""
    return Settings(**json.loads(path.read_text(encoding="utf-8")))
