"""The provider in this process on the real stores, and a meter of what it spends.

What a thread spends inside it is its own CPU and nothing of the client's; the HTTP
server in front is left out.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from flask import Flask

from idp.provider import Provider, build_provider
from tests.services import Services
from tests.stores import configuration, fresh_database, fresh_ephemeral


class Meter:
    """Counts the CPU that this thread spends inside the application."""

    def __init__(self, app: Flask) -> None:
        self.seconds = 0.0
        self.latency = 0.0
        self._inner, app.wsgi_app = app.wsgi_app, self  # type: ignore[method-assign]

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"].startswith("/chip/sessions"):
            time.sleep(self.latency)
        before = time.thread_time()
        try:
            return self._inner(environ, start_response)
        finally:
            self.seconds += time.thread_time() - before


@contextmanager
def running_provider(throttle: Mapping[str, int]) -> Iterator[Provider]:
    """Build a provider with the sandbox's citizens on PostgreSQL and Redis."""
    services = Services.create()
    try:
        with tempfile.TemporaryDirectory() as folder:
            choice = {"backend": "production", "folder": Path(folder)}
            ephemeral = fresh_ephemeral(services, **choice)
            with fresh_database(services, template="loaded", **choice) as database:
                config = configuration(
                    services,
                    database=database,
                    ephemeral=ephemeral,
                    throttle=dict(throttle),
                )
                built = build_provider(config)
                with closing(built.database), closing(built.ephemeral):
                    yield built
    finally:
        services.stop()
