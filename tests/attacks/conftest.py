"""A provider that listens on a port of this machine, for attacks over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from clients.attack.target import Target
from idp import clock
from idp.app import bare_app, connect
from idp.config import Config
from idp.logs import configure_logging
from idp.provider import build_provider
from idp.sandbox import target as targets
from tests.services import Services
from tests.stores import configuration, fresh_database, fresh_ephemeral

# Half of them find out each weakened provider; fifty come at once in test_races.
_AT_ONCE = 16


class _Quiet(WSGIRequestHandler):
    def log(self, *args):
        """Say nothing: a test's own failure says enough."""


@contextmanager
def later(seconds: float) -> Iterator[None]:
    """Be so much later, and then back in the present."""
    present = clock.now
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: present() + timedelta(seconds=seconds))
        yield


@contextmanager
def listening(config: Config, app: Flask | None = None) -> Iterator[Target]:
    """Serve a provider on a free port and yield it as the suite knows it."""
    server = make_server(
        "127.0.0.1", 0, lambda *args: [], threaded=True, request_handler=_Quiet
    )
    server.daemon_threads = False
    issuer = f"http://127.0.0.1:{server.server_port}"
    lifetimes = replace(config.lifetimes, refresh_grace=0)
    provider = build_provider(replace(config, issuer=issuer, lifetimes=lifetimes))
    configure_logging(config.log.level, config.log.format)
    server.app = app or bare_app()
    connect(server.app, provider)
    known = targets.prepare(provider, clock.now())
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Target(issuer, **known, parallel=_AT_ONCE, patience=3600, later=later)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        provider.courier.wait()
        provider.database.close()
        provider.ephemeral.close()


@pytest.fixture
def alone(config: Config, bare_app: Flask) -> Iterator[Target]:
    """Return a provider as it is, for one attack that uses up what others need."""
    with listening(config, bare_app) as target:
        yield target


@pytest.fixture(scope="module")
def sound(services: Services, tmp_path_factory) -> Iterator[Target]:
    """Return a provider as it is, for all attacks of one module."""
    choice = {"backend": "embedded", "folder": Path(tmp_path_factory.mktemp("sound"))}
    ephemeral = fresh_ephemeral(services, **choice)
    with fresh_database(services, template="loaded", **choice) as database:
        urls = {"database": database, "ephemeral": ephemeral}
        with listening(configuration(services, **urls)) as target:
            yield target
