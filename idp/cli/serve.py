"""`idp serve`: the provider on a production server, checked before it opens its port.

One process tree: the parent holds the socket and respawns workers that crash; each
worker builds the application by itself. SIGINT and SIGTERM let running requests end.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from granian.constants import Interfaces, SSLProtocols
from granian.log import LogLevels
from granian.server.mp import MPServer

from idp.cli.context import CliContext, pass_cli
from idp.config import Config
from idp.errors import ConfigError
from idp.relying_parties.record import unsafe_in_production
from idp.storage import migration
from idp.storage.key_material import check_token, close_token
from idp.storage.opening import open_database
from keys.errors import KeysError

BACKLOG = 1024
STOP_WITHIN = 10
_ARENAS, _MAPPED_FROM = -8, -3  # M_ARENA_MAX, M_MMAP_THRESHOLD of mallopt(3)
_LARGE = 4 * 2**20  # bytes


@click.command()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="The same as `idp --config`.",
)
@pass_cli
def group(cli: CliContext, config_path: Path | None) -> None:
    """Run the provider, with as many workers as `server.workers` says.

    Refuses to start without a migrated database and keys, with a client that is unsafe
    outside a sandbox, and on a port that is in use.
    """
    if config_path is not None:
        cli = CliContext(config_path)
    config = cli.config
    with metrics_folder(config) as folder:
        check_stores(config)
        check_port(config.server.host, config.server.port, setting="server.port")
        os.environ["IDP_CONFIG"] = str(Path(cli.config_path or "").absolute())
        click.echo(f"Serving {config.issuer} with {config.server.workers} workers")
        share_memory()
        with exporting(config, folder):
            server(config).serve()


@contextmanager
def metrics_folder(config: Config) -> Iterator[Path | None]:
    """Make the empty folder of the workers' metrics, if anybody may see them.

    Their library decides where values live when it is loaded: nothing that this module
    imports at its top may load it.
    """
    if not config.metrics.enabled:
        yield None
        return
    check_port(config.metrics.host, config.metrics.port, setting="metrics.port")
    with tempfile.TemporaryDirectory(prefix="dinhdanh-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield Path(folder)


def exporting(
    config: Config, folder: Path | None
) -> contextlib.AbstractContextManager[None]:
    """Return the time in which the metrics' port is open."""
    if folder is None:
        return contextlib.nullcontext()
    exporter = importlib.import_module("idp.exporter")
    opened: contextlib.AbstractContextManager[None] = exporter.exporting(config, folder)
    return opened


def share_memory() -> None:
    """Load what workers run before they are forked, so that they share its pages.

    Without limits each thread would also keep an allocator's arena of its own, with the
    last password hash's 19 MiB in it: large blocks go back to the system at once.
    """
    gc.disable()
    importlib.import_module("idp.app")
    gc.collect()
    gc.freeze()
    gc.enable()
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc; other allocators know no arenas
        mallopt(_ARENAS, 2)
        mallopt(_MAPPED_FROM, _LARGE)


def check_stores(config: Config) -> None:
    """Raise `ConfigError` that says what is missing or unsafe, and what to run."""
    # With it come the metrics, see above.
    from idp.provider import build_provider  # noqa: PLC0415

    database = open_database(config)
    try:
        if not migration.is_current(database):
            raise ConfigError("the database is not migrated: run `idp db upgrade`")
    finally:
        database.close()
    try:
        check_token(config)
        provider = build_provider(config)
    except KeysError as error:
        raise ConfigError(str(error)) from error
    try:
        provider.ephemeral.ping()
        with provider.database.read() as connection:
            parties = provider.relying_parties.all(connection)
    finally:
        # Workers are forked and open connections of their own.
        provider.database.close()
        provider.ephemeral.close()
        close_token(config)
    flaws = [
        f"{party.client_id}: {flaw}"
        for party in parties
        if (flaw := unsafe_in_production(party))
    ]
    if flaws and not config.sandbox.enabled:
        raise ConfigError(f"unsafe outside a sandbox: client {'; '.join(flaws)}")


def check_port(host: str, port: int, *, setting: str) -> None:
    """Raise `ConfigError` if the address is in use; workers would share it silently."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise ConfigError(
            f"{setting}: cannot listen on {host}:{port}: {error.strerror}"
        ) from error


def server(config: Config) -> MPServer:
    """Return the WSGI server as configured."""
    settings = config.server
    return MPServer(
        "idp.app:create_worker",
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        blocking_threads=settings.threads,
        backlog=BACKLOG,
        websockets=False,
        ssl_cert=settings.tls_certificate,
        ssl_key=settings.tls_key_file,
        ssl_protocol_min=SSLProtocols.tls12,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_WITHIN,
        log_level=LogLevels.warning,
    )
