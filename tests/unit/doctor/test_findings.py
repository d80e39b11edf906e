"""What `idp doctor` finds in settings and in what stores tell of themselves."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from idp.config import Config, parse_config
from idp.doctor import files, settings, stores
from idp.doctor.finding import Finding

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SOUND: dict[str, Any] = {
    "issuer": "https://id.example",
    "server": {"trusted_proxies": ["10.0.0.1/32"], "workers": 4},
    "database": {"url": "postgresql+psycopg://a@db/a?sslmode=verify-full"},
    "ephemeral": {"url": "rediss://cache:6379/0"},
    "sms": {"gateway": "http", "url": "https://sms.example"},
    "mail": {"gateway": "smtp", "host": "mail.example", "sender": "a@example"},
    "carrier": {"check": "http", "url": "https://carrier.example"},
    "face": {"match": "http", "url": "https://face.example"},
    "card_database": {"match": "http", "url": "https://cards.example"},
    "outbound": {"allowed_networks": ["public"]},
    "audit": {"heads_file": "/elsewhere/heads"},
}


def config(**changes: Any) -> Config:
    """Return the sound configuration with some sections changed."""
    table = {
        name: {**SOUND.get(name, {}), **value} if isinstance(value, dict) else value
        for name, value in changes.items()
    }
    return parse_config({**SOUND, **table}, base=Path("/nowhere"))


def found(examined: Config) -> dict[str, Finding]:
    return {one.name: one for one in settings.examine(examined, cores=4)}


def test_a_sound_configuration_has_no_finding() -> None:
    """Nothing is said where nothing is to be done."""
    assert found(config()) == {}


@pytest.mark.parametrize(
    ("name", "severity", "changes"),
    [
        ("issuer", "warning", {"issuer": "http://localhost:8000"}),
        ("debug-log", "warning", {"log": {"level": "DEBUG"}}),
        ("addresses-in-log", "note", {"log": {"addresses": True}}),
        ("one-person", "warning", {"staff": {"two_persons": False}}),
        ("no-proxy", "error", {"server": {"trusted_proxies": []}}),
        ("wide-proxies", "error", {"server": {"trusted_proxies": ["0.0.0.0/0"]}}),
        ("no-mail", "warning", {"mail": {"gateway": "off"}}),
        ("services-off", "note", {"face": {"match": "off"}}),
        ("no-calls", "note", {"outbound": {"allowed_networks": []}}),
        (
            "database-tls",
            "warning",
            {"database": {"url": "postgresql+psycopg://a@db/a?sslmode=require"}},
        ),
        ("redis-tls", "warning", {"ephemeral": {"url": "redis://cache:6379/0"}}),
        ("open-metrics", "warning", {"metrics": {"enabled": True, "host": "0.0.0.0"}}),
        ("workers", "note", {"server": {"workers": 1}}),
        ("pool", "note", {"database": {"pool_size": 20}}),
    ],
)
def test_each_setting_is_found(
    name: str, severity: str, changes: dict[str, Any]
) -> None:
    """Alone, with why it matters."""
    (finding,) = found(config(**changes)).values()

    assert (finding.name, finding.severity) == (name, severity)
    assert finding.what
    assert finding.why


def test_a_sandbox_is_found() -> None:
    """With its loopback issuer: this is no production."""
    names = found(parse_config({"sandbox": {"enabled": True}}, base=Path())).keys()

    assert {"sandbox", "issuer"} <= names


def test_no_gateway_is_an_error() -> None:
    """The sandbox's outbox without a sandbox is refused at the start and here."""
    sound = config()
    silent = replace(sound, sms=replace(sound.sms, gateway="sandbox"))

    assert found(silent)["no-messages"].severity == "error"


def test_heads_that_stay_here_are_found() -> None:
    """Neither a file nor an address outside has the signed heads."""
    sound = config()
    kept = replace(sound, audit=replace(sound.audit, heads_file=None))

    assert found(kept)["no-heads-outside"].severity == "warning"


def test_a_key_beside_a_store_is_noted(tmp_path: Path) -> None:
    """One copy of the folder has both; it is no error."""
    sound = config(
        database={"url": f"sqlite:///{tmp_path}/db"},
        keys={"kek_file": f"{tmp_path}/kek"},
    )
    for name in ("db", "kek", "config.toml"):
        (tmp_path / name).touch(0o600)
    names = {one.name for one in files.examine(sound, tmp_path / "config.toml")}

    assert names == {"kek-beside", "files"}


FACTS = {
    "redis_version": "7.0.15",
    "maxmemory_policy": "noeviction",
    "maxmemory": "100",
    "used_memory": "50",
    "aof_enabled": "0",
    "time": str(NOW.timestamp()),
}


@pytest.mark.parametrize(
    ("name", "severity", "changes"),
    [
        ("clock", "good", {}),
        ("old-redis", "error", {"redis_version": "6.0.16"}),
        ("eviction", "error", {"maxmemory_policy": "allkeys-lru"}),
        ("redis-full", "warning", {"used_memory": "90"}),
        ("redis-keeps", "note", {"aof_enabled": "1"}),
        ("clocks-apart", "warning", {"time": str(NOW.timestamp() - 2)}),
        ("clocks-apart", "error", {"time": str(NOW.timestamp() + 9)}),
    ],
)
def test_what_redis_tells(name: str, severity: str, changes: dict[str, str]) -> None:
    """Version, memory, disk and clock."""
    told = [(one.name, one.severity) for one in stores.of_redis(FACTS | changes, NOW)]

    assert told[0] == (name, severity)
    assert len(told) == (1 if name.startswith("clock") else 2)


def test_what_postgresql_tells() -> None:
    """Version and clock."""
    told = stores.of_postgresql(140_011, NOW.timestamp() + 60, NOW)

    assert [one.name for one in told] == ["old-postgresql", "clocks-apart"]


def test_a_clock_that_nothing_keeps_in_step() -> None:
    """5 is TIME_ERROR, 0 is TIME_OK of adjtimex(2)."""
    assert [one.name for one in stores.of_step(5)] == ["no-ntp"]
    assert list(stores.of_step(0)) == []
