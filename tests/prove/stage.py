"""What the proofs stand on: a provider on fresh stores, its settings, its server."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from idp.provider import Provider, build_provider
from tests.performance.stage import await_discovery
from tests.services import Services
from tests.stores import configuration, fresh_database, fresh_ephemeral


@contextmanager
def provider_on(
    services: Services, backend: str, folder: Path, **sections: Any
) -> Iterator[Provider]:
    """Yield a sandbox's provider on a database and an ephemeral store of its own."""
    choice = {"backend": backend, "folder": folder}
    ephemeral = fresh_ephemeral(services, **choice)
    with fresh_database(services, template="loaded", **choice) as database:
        config = configuration(
            services, database=database, ephemeral=ephemeral, **sections
        )
        provider = build_provider(config)
        with closing(provider.database), closing(provider.ephemeral):
            yield provider


def write_settings(provider: Provider, path: Path, more: str = "") -> Path:
    """Write the file by which commands find the same stores."""
    config = provider.config
    path.write_text(
        more + f"[database]\nurl = {json.dumps(config.database.url)}\n"
        f"[ephemeral]\nurl = {json.dumps(config.ephemeral.url)}\n"
        f"[keys]\nkek_file = {json.dumps(os.fspath(config.keys.kek_file))}\n"
        f"publish_lead = {config.keys.publish_lead}\n"
        f"jwks_max_age = {config.keys.jwks_max_age}\n"
        f"reread_after = {config.keys.reread_after}\n"
        "[sandbox]\nenabled = true\n[staff]\ntwo_persons = false\n"
    )
    return path


def command(settings: Path, *words: str) -> list[str]:
    """Return an `idp` command."""
    return [sys.executable, "-m", "idp", "--config", str(settings), *words]


def without_coverage() -> dict[str, str]:
    """Return the environment for a command whose figures are its own."""
    return {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}


@contextmanager
def serving(settings: Path, issuer: str) -> Iterator[int]:
    """Run `idp serve` meanwhile; yield its process."""
    process = subprocess.Popen(
        command(settings, "serve"), env=without_coverage(), stdout=subprocess.DEVNULL
    )
    try:
        await_discovery(issuer)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
