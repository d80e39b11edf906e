"""`idp serve` as an operator starts it: several workers, on stores of one's choice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

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
issuer = "http://127.0.0.1:{port}"
[server]
port = {port}
workers = 4
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
[log]
level = "ERROR"
"""


@contextmanager
def serving(services: Services, folder: Path, *, backend: str) -> Iterator[Target]:
    """Serve with four workers, on the embedded stores or those of production."""
    choice = {"backend": backend, "folder": folder}
    with fresh_database(services, template="loaded", **choice) as url:
        port, file = free_block(1), folder / "config.toml"
        values = {
            "port": port,
            "folder": services.folder,
            "database": url,
            "ephemeral": fresh_ephemeral(services, **choice),
        }
        file.write_text(_CONFIG.format(**values), encoding="utf-8")
        provider = build_provider(load_config(file))
        with closing(provider.database), closing(provider.ephemeral):
            known = targets.prepare(provider, clock.now())
        with _program(file, f"http://127.0.0.1:{port}") as issuer:
            yield Target(issuer, **known)


@contextmanager
def _program(file: Path, issuer: str) -> Iterator[str]:
    command = [sys.executable, "-m", "idp", "--config", str(file), "serve"]
    process = subprocess.Popen(command, start_new_session=True)
    try:
        _await(issuer, process)
        yield issuer
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _await(issuer: str, process: subprocess.Popen) -> None:
    tries = Retry(600, backoff_factor=0.05, backoff_max=0.2)
    patience = requests.adapters.HTTPAdapter(max_retries=tries)
    with requests.Session() as session:
        session.mount("http://", patience)
        answered = session.get(f"{issuer}/.well-known/openid-configuration")
    assert answered.status_code == 200
    assert process.poll() is None
