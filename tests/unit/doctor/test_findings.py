"""What `idp doctor` finds in settings and in what stores tell of themselves."""

import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

from idp.audit.heads import AHEAD, Latest, Sink
from idp.config import Config, parse_config
from idp.doctor import ages, files, public, settings, stores
from idp.doctor.finding import Finding
from idp.outbound import Answer
from idp.sealing.versions import Line
from keys.ring import Clock, timeline
from keys.versions import VersionState
from tests.unit.keys.memory_store import START, begun, rotator_of

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
        ("slow-kill", "warning", {"keys": {"reread_after": 3}}),
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


def test_a_secret_of_another_user_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed to everybody else, it is still open to whoever owns it."""
    kek, own = tmp_path / "kek", tmp_path / "config.toml"
    for file in (kek, own):
        file.touch(0o600)
    examined = config(keys={"kek_file": str(kek)})
    ours = {one.name for one in files.examine(examined, own)}
    if os.geteuid() == 0:
        os.chown(kek, 4711, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 4712)

    (foreign,) = files.examine(examined, own)

    assert ours == {"files"}
    assert (foreign.name, foreign.severity) == ("file-owner", "error")
    assert foreign.run == f"chown 4712 {kek}"


@pytest.mark.parametrize(
    ("issuer", "headers", "names"),
    [
        ("https://id.example", {}, ["discovery", "hsts"]),
        (
            "https://id.example",
            {"Strict-Transport-Security": "max-age=63072000"},
            ["discovery"],
        ),
        ("https://other.example", {}, ["foreign-issuer"]),
    ],
)
def test_what_the_issuers_address_tells(
    issuer: str, headers: dict[str, str], names: list[str]
) -> None:
    """Its own name, and that browsers are to come by https alone."""
    message = HTTPMessage()
    for name, value in headers.items():
        message[name] = value
    answer = Answer(200, message, json.dumps({"issuer": issuer}).encode())

    assert [one.name for one in public.of_discovery(answer, config())] == names


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


@pytest.mark.parametrize(
    ("days", "rotate_every", "name"),
    [
        (364, 0, "key"),
        (366, 0, "old-key"),
        (119, 90, "key"),
        (121, 90, "old-key"),
        (366, 400, "old-key"),
    ],
)
def test_how_long_a_key_signs(days: int, rotate_every: int, name: str) -> None:
    """A year by itself; by a policy, until a month after its day."""
    clock = Clock(900, 900, rotate_every * 86_400)
    (ring,) = {row.ring for row in begun().rows() if row.ring.purpose == "audit"}
    keys = timeline(begun().rows(), ring, keep_retired=900)

    (told,) = ages.of_ring(keys, clock, START + timedelta(days=days))

    assert told.name == name


def test_the_next_key_is_told() -> None:
    """With the moment from which it signs; a ring that signs nothing is readiness'."""
    store = begun()
    (ring,) = {row.ring for row in store.rows() if row.ring.purpose == "audit"}
    rotator_of(store).rotate(ring, now=START)
    keys = timeline(store.rows(), ring, keep_retired=900)

    (told,) = ages.of_ring(keys, Clock(900, 900), START)

    assert "the next at" in told.what
    assert not list(ages.of_ring((), Clock(900, 900), START))


@pytest.mark.parametrize(("days", "names"), [(365, ["seal"]), (366, ["old-seal"])])
def test_how_long_values_are_sealed_under_a_key(days: int, names: list[str]) -> None:
    """By the version in use; a retired one and the index are not asked."""
    lines = [
        Line("seal", "seal", 1, VersionState.RETIRED, START, "", None),
        Line("seal.2", "seal", 2, VersionState.ACTIVE, START, "", None),
        Line("index", "index", 1, VersionState.ACTIVE, START, "", None),
    ]

    told = ages.of_sealing(lines, START + timedelta(days=days))

    assert [one.name for one in told] == names


def _latest(*sinks: Sink, ago: int | None = 60) -> Latest:
    at = None if ago is None else NOW - timedelta(seconds=ago)
    return Latest(number=7, at=at, uncovered=2, sinks=sinks)


@pytest.mark.parametrize(
    ("latest", "names"),
    [
        (_latest(), ["heads"]),
        (_latest(Sink("file", 3, NOW, None)), ["heads"]),
        (_latest(Sink("file", 4, NOW, None)), ["sink-behind"]),
        (_latest(Sink("url", 1, NOW, "503")), ["sink-behind"]),
        (_latest(Sink("url", 7, NOW, AHEAD), Sink("file", 0, NOW, None)),
         ["sink-behind"]),
        (_latest(ago=7200), ["heads"]),
        (_latest(ago=7201), ["old-head"]),
        (_latest(ago=None), ["old-head"]),
    ],
)  # fmt: skip
def test_heads_are_signed_and_leave(latest: Latest, names: list[str]) -> None:
    """Twice the heartbeat is too old; four heads are more than a moment's delay."""
    assert [one.name for one in ages.of_heads(latest, config(), NOW)] == names


@pytest.mark.parametrize(
    ("hours", "name"), [(48, "backup"), (49, "no-backup"), (None, "no-backup")]
)
def test_how_old_the_last_archive_is(hours: int | None, name: str) -> None:
    """Two days leave room for one night that failed."""
    made = None if hours is None else NOW - timedelta(hours=hours)

    assert [one.name for one in ages.of_archive(made, NOW)] == [name]


def test_every_finding_is_found_in_a_test() -> None:
    """By its name, here or on a running deployment."""
    root = Path(__file__).parents[3]
    source = "".join(file.read_text() for file in (root / "idp/doctor").glob("*.py"))
    said = r'(?:good|note|warning|error|say)\(\s*"([a-z-]+)"'
    names = set(re.findall(said, source))
    beside = (
        root / f"tests/integration/test_{name}.py" for name in ("doctor", "backup")
    )
    tests = "".join(place.read_text() for place in (Path(__file__), *beside))

    assert len(names) > 40
    assert {name for name in names if f'"{name}"' not in tests} == set()
