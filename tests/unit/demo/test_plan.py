"""The demo's addresses and ports."""

import socket
from pathlib import Path

import pytest

from idp.demo.plan import DemoPlan, check_ports, is_free
from idp.errors import ConfigError

PLAN = DemoPlan(Path("/somewhere"), 9000, tls=False)


def test_portals_are_on_another_site():
    """SameSite is told by host name, not port: localhost and 127.0.0.1 differ."""
    assert PLAN.issuer == "http://localhost:9000"
    assert list(PLAN.portals.values()) == [
        "http://127.0.0.1:9001",
        "http://127.0.0.1:9002",
        "http://127.0.0.1:9003",
    ]
    assert PLAN.ca_file is None


def test_tls_changes_every_scheme():
    """With TLS nothing is plain."""
    plan = DemoPlan(Path("/somewhere"), 9000, tls=True)

    assert plan.issuer.startswith("https://")
    assert all(url.startswith("https://") for url in plan.portals.values())
    assert plan.ca_file == Path("/somewhere/ca.pem")


def loopback_addresses() -> list[str]:
    """Return the loopback addresses of this machine; some have no IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return ["127.0.0.1"]
    return ["127.0.0.1", "::1"]


@pytest.mark.parametrize("host", loopback_addresses())
def test_a_busy_port_is_seen_on_either_protocol(host):
    """A browser may ask localhost by IPv6 first, so both must be free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        port = listener.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(ConfigError, match=rf"port {port} is in use.*PORT="):
            check_ports(DemoPlan(Path("/somewhere"), port, tls=False))
