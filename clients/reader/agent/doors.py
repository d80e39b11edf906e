"""Who may speak to the agent: exact Host, exact Origin, and nobody else at all.

Any page in the browser can send a request to 127.0.0.1. The Host check stops names that
were re-bound to it, the Origin check every site but the providers of the allow-list.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Doors:
    """The agent's own address and the providers that it works for."""

    port: int
    issuers: tuple[str, ...]

    @property
    def own_origin(self) -> str:
        """Return the agent's origin."""
        return f"http://{self.own_host}"

    @property
    def own_host(self) -> str:
        """Return the one Host that the agent answers to."""
        return f"127.0.0.1:{self.port}"

    def is_own_host(self, host: str | None) -> bool:
        """Say whether the request was sent to this address by this name."""
        return host == self.own_host

    def issuer(self, origins: list[str]) -> str | None:
        """Return the provider that sent the request; one whole header or nothing."""
        if len(origins) == 1 and origins[0] in self.issuers:
            return origins[0]
        return None


def parse_issuer(text: str) -> str:
    """Return the provider's origin; raises `ValueError` for anything but an origin.

    https, unless it is on this computer.
    """
    parts = urlsplit(text)
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError(f"{text} is not an https origin")
    if text.rstrip("/") != origin or "@" in parts.netloc or origin != origin.lower():
        raise ValueError(f"{text} is more than an origin")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError(f"{text} is not https")
    return origin
