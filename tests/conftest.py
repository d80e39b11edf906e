"""What tests start from: stores of their own, a provider with the sandbox, a client.

Tests choose their stores with `@pytest.mark.parametrize("backend", BACKENDS)` from
tests.services; without it they run on the embedded ones.
"""

import gc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import jinja2
import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.config import Config
from idp.storage.database import Database
from idp.storage.embedded import EmbeddedStore
from idp.storage.ephemeral import EphemeralStore
from idp.storage.redis_store import RedisStore
from tests.alphabet import know_utf8
from tests.compiled import share_compiled_statements
from tests.log_scan import LogScan
from tests.services import Services
from tests.stores import configuration, fresh_database, fresh_ephemeral

if TYPE_CHECKING:  # a test of one package does not wait for the import of all
    from idp.provider import Provider

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile(
    "unhurried",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("unhurried")

_SERVICES = pytest.StashKey[Services]()


def pytest_configure(config: pytest.Config) -> None:
    """Have one folder of servers for the whole run, whatever the number of workers."""
    shared = getattr(config, "workerinput", None)
    services = Services(Path(shared["services"])) if shared else Services.create()
    config.stash[_SERVICES] = services
    if shared is None:
        config.pluginmanager.register(LogScan(config, services.folder))
    know_utf8()
    share_compiled_statements()
    # Each test has an application of its own; all of them have the same templates.
    compiled = jinja2.FileSystemBytecodeCache(str(services.folder))
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": compiled}


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell an xdist worker where the servers are."""
    node.workerinput["services"] = str(node.config.stash[_SERVICES].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers once every worker is done."""
    if not hasattr(config, "workerinput"):
        config.stash[_SERVICES].stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: at the end one worker would wait for the other."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make, not among all that was imported."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def services(pytestconfig: pytest.Config) -> Services:
    """Return the real PostgreSQL and Redis, which start when first asked for."""
    return pytestconfig.stash[_SERVICES]


@pytest.fixture
def backend() -> str:
    """Name the stores of a test that does not choose."""
    return "embedded"


@pytest.fixture
def database(services: Services, backend: str, tmp_path: Path) -> Iterator[Database]:
    """Return an empty, migrated database."""
    choice = {"backend": backend, "template": "empty", "folder": tmp_path}
    with (
        fresh_database(services, **choice) as url,
        closing(Database(url, pool_size=20)) as opened,
    ):
        yield opened


@pytest.fixture
def ephemeral(
    services: Services, backend: str, tmp_path: Path
) -> Iterator[EphemeralStore]:
    """Return an empty ephemeral store."""
    url = fresh_ephemeral(services, backend=backend, folder=tmp_path)
    path = Path(url.removeprefix("embedded:"))
    store = EmbeddedStore(path) if backend == "embedded" else RedisStore(url)
    with closing(store):
        yield store


@pytest.fixture
def config(services: Services, backend: str, tmp_path: Path) -> Iterator[Config]:
    """Return the configuration of a provider whose database holds the sandbox."""
    choice = {"backend": backend, "folder": tmp_path}
    ephemeral = fresh_ephemeral(services, **choice)
    with fresh_database(services, template="loaded", **choice) as database:
        yield configuration(services, database=database, ephemeral=ephemeral)


@pytest.fixture
def provider(config: Config) -> Iterator["Provider"]:
    """Return a provider with keys and the sandbox's citizens."""
    from idp.provider import build_provider

    built = build_provider(config)
    with closing(built.database), closing(built.ephemeral):
        yield built
        built.courier.wait()  # an errand would open a connection that nobody closes


@pytest.fixture(scope="session")
def bare_app() -> Flask:
    """Return the routes and templates, made once for all tests of a worker."""
    from idp.app import bare_app

    return bare_app()


@pytest.fixture
def app(bare_app: Flask, provider: "Provider") -> Flask:
    """Return the application around `provider`."""
    from idp.app import connect
    from idp.logs import configure_logging

    configure_logging(provider.config.log.level, provider.config.log.format)
    connect(bare_app, provider)
    return bare_app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser without scripts, with cookies."""
    return app.test_client()
