"""`python -m clients.portal SETTINGS.json` serves one portal."""

import os
import sys
from pathlib import Path

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from clients.portal.settings import SETTINGS_VARIABLE, load_settings


def main() -> None:
    """Serve the portal whose settings file is named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m clients.portal SETTINGS.json")
    path = Path(sys.argv[1]).absolute()
    settings = load_settings(path)
    os.environ[SETTINGS_VARIABLE] = str(path)
    if settings.ca_file:
        # Authlib's client is built on requests, which trusts what this names.
        os.environ["REQUESTS_CA_BUNDLE"] = settings.ca_file
    MPServer(
        "clients.portal.app:create_app",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=1,  # visits are kept in this one process
        blocking_threads=4,
        websockets=False,
        log_level=LogLevels.warning,
        ssl_cert=Path(settings.tls_certificate) if settings.tls_certificate else None,
        ssl_key=Path(settings.tls_key_file) if settings.tls_key_file else None,
        workers_kill_timeout=3,
    ).serve()


if __name__ == "__main__":
    main()
