"""`idp serve` as an operator starts it: several workers, on stores of one's choice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import requests
from urllib3.util import Retry

from clients.attack.target import Target
from idp import clock
from idp.config import load_config
from idp.provider import build_provider
from idp.sandbox import target as targets
from tests.e2e.running import free_block
from tests.services import Services
from tests.stores import fresh_database, fresh_ephemeral

_CONFIG = """\
issuer = "{issuer}"
[server]
port = {port}
workers = {workers}
threads = 32
[database]
url = "{database}"
[ephemeral]
url = "{ephemeral}"
[keys]
kek_file = "{folder}/kek"
[password]
memory_kib = 256
iterations = 1
concurrent = 2
waiting = 24
[sandbox]
enabled = true
[metrics]
enabled = true
port = {metrics}
[staff]
two_persons = false
[log]
level = "DEBUG"
"""


@contextmanager
def serving(services: Services, folder: Path, *, backend: str) -> Iterator[Target]:
    """Serve with four workers, on the embedded stores or those of production."""
    with stores(services, folder, backend=backend) as chosen:
        port = free_block(3)
        issuer = f"http://127.0.0.1:{port}"
        file = settings(folder, chosen, issuer=issuer, port=port, workers=4)
        known = prepared(file)
        with program(file, issuer):
            yield Target(issuer, **known)


@contextmanager
def stores(
    services: Services, folder: Path, *, backend: str
) -> Iterator[dict[str, object]]:
    """Yield where the data of one sandbox are, for `settings`."""
    choice = {"backend": backend, "folder": folder}
    with fresh_database(services, template="loaded", **choice) as url:
        ephemeral = fresh_ephemeral(services, **choice)
        yield {"folder": services.folder, "database": url, "ephemeral": ephemeral}


def settings(
    folder: Path, chosen: dict[str, object], *, issuer: str, port: int, workers: int
) -> Path:
    """Write the configuration of one machine and return its file."""
    file = folder / f"config-{port}.toml"
    text = _CONFIG.format(
        **chosen, issuer=issuer, port=port, workers=workers, metrics=metrics_port(port)
    )
    file.write_text(text, encoding="utf-8")
    return file


def metrics_port(port: int) -> int:
    """Return where the machine of this port tells its metrics."""
    return port + 2  # beside two machines


def prepared(file: Path) -> dict[str, Any]:
    """Register what the suite works with; return it for its `Target`."""
    provider = build_provider(load_config(file))
    with closing(provider.database), closing(provider.ephemeral):
        return targets.prepare(provider, clock.now())


@contextmanager
def program(file: Path, address: str) -> Iterator[None]:
    """Run `idp serve` and stop it as an operator does."""
    command = [sys.executable, "-m", "idp", "--config", str(file), "serve"]
    process = subprocess.Popen(command, start_new_session=True)
    file.with_suffix(".pid").write_text(str(process.pid))
    try:
        _await(address, process)
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _await(address: str, process: subprocess.Popen) -> None:
    with patient() as session:
        answered = session.get(f"{address}/.well-known/openid-configuration")
    assert answered.status_code == 200
    assert process.poll() is None


@contextmanager
def patient() -> Iterator[requests.Session]:
    """Yield a session that tries again where nobody listens yet."""
    tries = Retry(600, backoff_factor=0.05, backoff_max=0.2)
    with requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=tries))
        yield session
