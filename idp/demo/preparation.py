"""Fill the state folder: every step finds what an earlier start has done already."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp import clock
from idp.audit.key_changes import initialise_keys
from idp.config import Config, load_config
from idp.demo.cards import prepare_cards
from idp.demo.plan import PORTALS, DemoPlan
from idp.demo.portals import write_portal
from idp.errors import ConfigError
from idp.provider import Provider, build_provider
from idp.sandbox import loader
from idp.storage import migration
from idp.storage.key_material import new_kek, open_kek
from idp.storage.opening import open_database
from keys.certificates import create_ca, issue, load_ca
from keys.errors import KeysError

Progress = Callable[[str], None]

_CONFIG = """\
# Written by `idp demo`, and kept as it is while the address stays the same.
# Everything that can be set here is explained in config.example.toml.

issuer = "{issuer}"

[server]
port = {port}
workers = 2
{tls}
[database]
url = "sqlite:///dinhdanh.db"

[ephemeral]
url = "embedded:ephemeral.db"

[keys]
kek_file = "kek"

[organisations]
source = "sandbox"

[sandbox]
enabled = true

# One person plays every part here.
[staff]
two_persons = false

[mail]
gateway = "sandbox"

[carrier]
check = "sandbox"

[face]
match = "sandbox"

[card_database]
match = "sandbox"

[chip]
agent_port = {agent_port}

# The portals are on this machine.
[outbound]
allowed_networks = ["127.0.0.0/8", "::1/128"]

# Trying things out takes many messages; a real service sends few.
[throttle]
sms_per_account = 100
sms_per_phone_a_day = 1000
sms_per_source = 1000
sms_resend_after = 5
recoveries_per_account = 100

[log]
format = "text"
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a prepared demo can tell: its configuration and its citizens."""

    config: Config
    citizens: list[dict[str, Any]]


def prepare(
    plan: DemoPlan, progress: Progress, serve: Callable[[], None] = lambda: None
) -> Prepared:
    """Bring the folder to where the demo can be served from; raises `ConfigError`.

    `serve` is called once programs find what they need to start: they load while the
    citizens and their cards are made.
    """
    for name in ("portals", "logs"):
        (plan.folder / name).mkdir(mode=0o700, exist_ok=True)
    now = clock.now()
    tls = _certificate(plan, now, progress) if plan.tls else {}
    config = _write_config(plan, tls)
    try:
        _prepare_stores(plan, config, now, progress)
        provider = build_provider(config)
    except KeysError as error:
        raise ConfigError(_start_afresh(plan, str(error))) from error
    try:
        for name in PORTALS:
            progress(f"Registering the portal: {name}")
            _register(plan, provider, name, tls, now)
        serve()
        progress("Loading the sandbox's citizens")
        loader.load(provider, now)
        progress("Preparing the citizens' chip cards")
        _prepare_cards(plan, provider, now)
        return Prepared(config, loader.citizens(provider))
    finally:
        provider.database.close()
        provider.ephemeral.close()


def _prepare_stores(
    plan: DemoPlan, config: Config, now: datetime, progress: Progress
) -> None:
    database_exists = (plan.folder / "dinhdanh.db").exists()
    kek_file = config.keys.kek_file
    if database_exists and not kek_file.exists():
        raise ConfigError(_start_afresh(plan, f"the key {kek_file} is missing"))
    progress("Migrating the database")
    database = open_database(config)
    try:
        migration.upgrade(database)
        progress("Creating the signing keys")
        kek = open_kek(config) if kek_file.exists() else new_kek(config)
        initialise_keys(database, kek, now=now)
    finally:
        database.close()


def _write_config(plan: DemoPlan, tls: dict[str, str]) -> Config:
    """Keep the configuration of an earlier start, unless the address has changed."""
    if plan.config_file.exists():
        try:
            config = load_config(plan.config_file)
        except ConfigError as error:
            raise ConfigError(_start_afresh(plan, str(error))) from error
        if config.issuer == plan.issuer and config.server.port == plan.port:
            return config
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in tls.items()]
    text = _CONFIG.format(
        issuer=plan.issuer,
        port=plan.port,
        agent_port=plan.agent_port,
        tls="".join(lines),
    )
    draft = plan.config_file.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(plan.config_file)
    return load_config(plan.config_file)


def _certificate(plan: DemoPlan, now: datetime, progress: Progress) -> dict[str, str]:
    progress("Making a certificate for this machine")
    is_made = (plan.folder / "ca.pem").exists() and (plan.folder / "ca.key").exists()
    try:
        authority = load_ca(plan.folder) if is_made else create_ca(plan.folder, now=now)
    except (ValueError, TypeError) as error:
        raise ConfigError(_start_afresh(plan, f"ca.pem: {error}")) from error
    server = issue(authority, plan.folder, now=now)
    return {
        "tls_certificate": str(server.certificate_file.absolute()),
        "tls_key_file": str(server.key_file.absolute()),
    }


def _register(
    plan: DemoPlan,
    provider: Provider,
    name: str,
    tls: dict[str, str],
    now: datetime,
) -> None:
    metadata_file = plan.portal_file(name, "metadata")
    before = metadata_file.read_bytes() if metadata_file.exists() else b""
    metadata = write_portal(plan, name, tls)
    is_known = provider.relying_parties.find(metadata["client_id"]) is not None
    if is_known and metadata_file.read_bytes() == before:
        return
    with provider.database.transaction() as session:
        provider.relying_parties.add(
            session, provider.audit, metadata, sandbox=True, now=now
        )


def _prepare_cards(plan: DemoPlan, provider: Provider, now: datetime) -> None:
    try:
        prepare_cards(plan, provider, now)
    except ConfigError as error:
        raise ConfigError(_start_afresh(plan, str(error))) from error


def _start_afresh(plan: DemoPlan, reason: str) -> str:
    return (
        f"{reason}. The demo's state in {plan.folder} is incomplete: RESET=1 "
        "(idp demo --reset) starts afresh"
    )
