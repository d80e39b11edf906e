"""What the demo is: addresses, files, the ports of the portals and of the agent."""

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

from idp.errors import ConfigError

PORTALS = ("services", "bank", "insurance")
LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """One demo: its folder, its block of five ports, with or without TLS.

    With `pcsc` the reader agent uses this machine's card readers instead of its own.
    """

    folder: Path
    port: int
    tls: bool
    pcsc: bool = False

    @property
    def scheme(self) -> str:
        """Return `http`, or `https` with TLS."""
        return "https" if self.tls else "http"

    @property
    def issuer(self) -> str:
        """Return the provider's address."""
        return f"{self.scheme}://localhost:{self.port}"

    @property
    def portals(self) -> dict[str, str]:
        """Return portal → address: another site than the issuer's (SameSite)."""
        return {
            name: f"{self.scheme}://127.0.0.1:{self.port + offset}"
            for offset, name in enumerate(PORTALS, start=1)
        }

    @property
    def agent_port(self) -> int:
        """Return where the chip reader's agent listens: after the portals."""
        return self.port + len(PORTALS) + 1

    @property
    def agent(self) -> str:
        """Return the reader agent's address: never TLS, never beyond this machine."""
        return f"http://127.0.0.1:{self.agent_port}"

    @property
    def cards(self) -> Path:
        """Return the folder of the sandbox's chip cards."""
        return self.folder / "cards"

    @property
    def config_file(self) -> Path:
        """Return the one configuration that the demo writes."""
        return self.folder / "config.toml"

    @property
    def ca_file(self) -> Path | None:
        """Return the demo CA's certificate, with TLS."""
        return self.folder / "ca.pem" if self.tls else None

    def portal_file(self, name: str, kind: str) -> Path:
        """Return the portal's `settings` or `metadata` file."""
        return self.folder / "portals" / f"{name}.{kind}.json"

    def log_file(self, name: str) -> Path:
        """Return where a process writes its output."""
        return self.folder / "logs" / f"{name}.log"


def check_ports(plan: DemoPlan) -> None:
    """Raise a `ConfigError` that names the busy port and another block to take."""
    for port in range(plan.port, plan.agent_port + 1):
        if not is_free(port):
            raise ConfigError(
                f"port {port} is in use by another program (is a demo running?); "
                f"choose another block of five: PORT={_free_block(plan.port)}"
            )


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether nothing listens at `port`; a server that we start may reuse it."""
    # A browser may try localhost's IPv6 address first.
    hosts = (host, "::1") if host == "127.0.0.1" else (host,)
    return all(_can_bind(address, port) for address in hosts)


def _can_bind(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except PermissionError:
        return False
    except OSError as error:
        # A machine without IPv6 has nobody listening there either.
        return host == "::1" and error.errno != errno.EADDRINUSE
    return True


def _free_block(port: int) -> int:
    size = 2 + len(PORTALS)
    for first in range(port + 10, LAST_PORT - size, 10):
        if all(is_free(first + offset) for offset in range(size)):
            return first
    return port + 1000
