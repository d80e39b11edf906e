"""Our own provider on the stage: PostgreSQL, Redis, audit on, many citizens."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyotp
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from idp import clock
from idp.accounts.identity import Identity
from idp.accounts.lifecycle import NewAccount, create_account
from idp.audit.key_changes import initialise_keys
from idp.config import load_config
from idp.factors import totp
from idp.factors.password import set_password
from idp.provider import Provider, build_provider
from idp.storage import migration
from idp.storage.opening import open_database
from keys.kek import create_kek, read_kek
from tests import servers, watcher
from tests.performance.measure import Target
from tests.performance.party import Citizen, Party

CLIENT_ID = "bench"
REDIRECT_URI = "https://portal.example.test/callback"
SCOPE = "openid profile offline_access"
PASSWORD = "bench-password-2026"
PLAIN_CITIZENS = 32

_CONFIG = """\
issuer = "http://localhost:{port}"

[server]
port = {port}
workers = {workers}

[database]
url = "postgresql+psycopg://postgres@/postgres?host={folder}/postgresql"

[ephemeral]
url = "unix://{folder}/redis/socket?db=0"

[throttle]
otps_per_account = 100000
passwords_per_source = 100000
unknown_sources_per_account = 100000

[password]
waiting = 6

[sandbox]
enabled = true

[staff]
two_persons = false

[log]
level = "ERROR"
"""


@contextmanager
def stage(*, port: int, workers: int, cores: str, citizens: int) -> Iterator[Target]:
    """Start stores and provider, register a client and citizens; stop all at the end.

    The server is pinned to `cores` (as taskset takes them); the stores float.
    """
    folder = Path(tempfile.mkdtemp(prefix="dd-bench-"))
    folder.chmod(0o755)
    process = None
    try:
        for name in ("postgresql", "redis"):
            (folder / name).mkdir()
        servers.start_postgresql(folder / "postgresql")
        servers.start_redis(folder / "redis")
        config = folder / "config.toml"
        text = _CONFIG.format(port=port, workers=workers, folder=folder)
        config.write_text(text, encoding="utf-8")
        party, people = populate(config, citizens=citizens)
        pin = ["taskset", "-c", cores] if cores else []
        command = [sys.executable, "-m", "idp", "--config", str(config), "serve"]
        process = subprocess.Popen([*pin, *command], stdout=subprocess.DEVNULL)
        party.endpoints = await_discovery(party.issuer)
        stores = tuple(
            int((folder / name / "pid").read_text()) for name in ("postgresql", "redis")
        )
        yield Target(party, people, process.pid, stores)
    finally:
        if process is not None:
            process.terminate()
            process.wait(20)
        watcher.stop_servers(folder)
        shutil.rmtree(folder, ignore_errors=True)


def populate(config_file: Path, *, citizens: int) -> tuple[Party, list[Citizen]]:
    """Migrate, make keys, register the client, create the citizens."""
    config = load_config(config_file)
    database = open_database(config)
    migration.upgrade(database)
    kek_file = config.keys.kek_file
    if not kek_file.exists():
        create_kek(kek_file)
    initialise_keys(database, read_kek(kek_file), now=clock.now())
    database.close()
    provider = build_provider(config)
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    register(provider, [key.as_dict(private=False)])
    people = create_citizens(provider, citizens)
    provider.database.close()
    private = key.private_key
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("an EC key has an EC private key")
    party = Party(
        config.issuer, CLIENT_ID, REDIRECT_URI, SCOPE, private, str(key.kid), {}
    )
    return party, people


def register(provider: Provider, keys: list[dict[str, Any]]) -> None:
    """Register the client that the load comes from."""
    metadata = {
        "client_id": CLIENT_ID,
        "client_name": "Bench portal",
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["authorization_code", "refresh_token"],
        "id_token_signed_response_alg": "ES256",
        "scope": SCOPE,
        "jwks": {"keys": keys},
    }
    now = clock.now()
    with provider.database.transaction() as database:
        provider.relying_parties.add(
            database, provider.audit, metadata, sandbox=True, now=now
        )


def create_citizens(provider: Provider, count: int, *, first: int = 0) -> list[Citizen]:
    """Create active level 2 citizens; all but a few have an authenticator app.

    Their numbers begin at `first`, above those that somebody else has.
    """
    now = clock.now()
    hashed = provider.passwords.hash(PASSWORD)
    people = []
    for index in range(count):
        identity = Identity(
            family_name="Thử",
            middle_name="Tải",
            given_name=f"Số {index}",
            birth_date="1990-01-01",
            gender="male",
            nationality="VNM",
        )
        number = f"999090{first + index:06d}"
        with provider.database.transaction() as database:
            account = create_account(
                database,
                provider.audit,
                provider.sealer,
                NewAccount(number=number, identity=identity, level=2, state="active"),
                now=now,
            )
            set_password(database, provider.audit, account, hashed, now=now)
            secret = None
            if index >= PLAIN_CITIZENS:
                secret = totp.enrol(
                    database,
                    provider.audit,
                    provider.sealer,
                    account,
                    now=now,
                    secret=pyotp.random_base32(),
                )
        people.append(Citizen(number, PASSWORD, secret))
    return people


def await_discovery(issuer: str, patience: float = 60.0) -> dict[str, str]:
    """Return the discovery document once the provider answers."""
    end = time.monotonic() + patience
    url = f"{issuer}/.well-known/openid-configuration"
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                document: dict[str, str] = json.load(answer)
                return document
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def pin_this_process(cores: str) -> None:
    """Keep the load itself off the server's cores."""
    if cores:
        os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
