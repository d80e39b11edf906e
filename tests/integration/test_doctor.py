"""`idp doctor` on running deployments: each is broken in one way, and told so."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from idp import clock
from idp.cli import main
from idp.config import Config
from idp.provider import build_provider
from idp.storage.key_models import KeyRecord
from tests.attacks.conftest import listening
from tests.serving import serving

_CONFIG = """
issuer = "{issuer}"
[server]
threads = 32
trusted_proxies = {proxies}
[mtls]
enabled = {mtls}
[database]
url = "{database}"
[ephemeral]
url = "{ephemeral}"
[keys]
kek_file = "{kek}"
[sandbox]
enabled = true
[health]
free_bytes = {room}
"""


@dataclass
class Deployment:
    """A configuration file and what is behind it."""

    config: Config
    file: Path
    room: int = 1

    def write(self, **changes: Any) -> None:
        """Write the file of this configuration."""
        config = self.config
        values = {
            "issuer": config.issuer,
            "proxies": json.dumps(list(config.server.trusted_proxies)),
            "mtls": json.dumps(config.mtls.enabled),
            "database": config.database.url,
            "ephemeral": config.ephemeral.url,
            "kek": config.keys.kek_file,
            "room": self.room,
        } | changes
        self.file.write_text(_CONFIG.format(**values))
        self.file.chmod(0o600)

    def ask(self) -> tuple[dict[str, str], Result]:
        """Run the command; return each finding's severity by its name."""
        asked = ["--config", str(self.file), "doctor", "--json"]
        told = CliRunner().invoke(main, asked)
        assert told.exit_code in (0, 1, 2), told.output
        found = json.loads(told.stdout)
        assert all(one["why"] for one in found if one["severity"] != "good")
        return {one["name"]: one["severity"] for one in found}, told


@pytest.fixture
def deployment(config: Config, tmp_path: Path) -> Deployment:
    """Return one that nobody serves yet, its files closed to others."""
    for url in (config.database.url, config.ephemeral.url):
        file = Path(url.partition("sqlite:///")[2] or url.partition("embedded:")[2])
        file.touch()
        file.chmod(0o600)
    return Deployment(config, tmp_path / "config.toml")


@contextmanager
def served(deployment: Deployment, **changes: Any) -> Iterator[Deployment]:
    """Serve it at an address of its own, with these settings."""
    config = replace(deployment.config, **changes)
    with listening(config) as target:
        running = Deployment(replace(config, issuer=target.issuer), deployment.file)
        running.write()
        yield running


def test_a_sandbox_that_works(deployment: Deployment) -> None:
    """Only that it is one is found; the report for people says the same."""
    with served(deployment) as running:
        archive = str(deployment.file.with_name("archive"))
        command = ["--config", str(running.file), "backup", "create", archive]
        assert CliRunner().invoke(main, command).exit_code == 0
        found, told = running.ask()
        shown = CliRunner().invoke(main, ["--config", str(running.file), "doctor"])

    good = {name for name, severity in found.items() if severity == "good"}
    assert good >= {
        "discovery",
        "source",
        "client-cert",
        "schema",
        "keys",
        "key",
        "seal",
        "backup",
        "files",
        "database",
        "ephemeral",
    }
    assert {name for name, told in found.items() if told == "error"} == set()
    assert found["sandbox"] == found["issuer"] == "warning"
    assert told.exit_code == shown.exit_code == 1
    assert "The sandbox is on" in shown.output


def test_what_the_world_may_forge(deployment: Deployment) -> None:
    """A proxy that believes and passes on whatever it is sent, as we do here."""
    server = replace(deployment.config.server, trusted_proxies=("127.0.0.1/32",))
    mtls = replace(deployment.config.mtls, enabled=True)
    with served(deployment, server=server, mtls=mtls) as running:
        found, told = running.ask()

    assert found["forged-address"] == found["client-cert"] == "error"
    assert told.exit_code == 2


def test_another_server_has_the_name(deployment: Deployment) -> None:
    """It says another issuer, or ours and does not know our stores; it goes."""
    with serving({"issuer": "https://other.example"}) as place:
        issuer = place.uri.removesuffix("/place")
        deployment.write(issuer=issuer)
        foreign, _ = deployment.ask()
        place.show({"issuer": issuer})
        copied, _ = deployment.ask()
        place.asked, place.answers = 0, 1
        hung_up, _ = deployment.ask()
    gone, _ = deployment.ask()

    assert hung_up["unsteady"] == "warning"
    assert foreign["foreign-issuer"] == copied["other-stores"] == "error"
    assert gone["unreachable"] == "warning"


def _open_files(deployment: Deployment) -> None:
    deployment.file.chmod(0o666)
    Path(deployment.config.database.url.removeprefix("sqlite:///")).chmod(0o644)


def _lose_the_kek(deployment: Deployment) -> None:
    deployment.write(kek=deployment.file.with_name("nothing"))


def _fill_the_disk(deployment: Deployment) -> None:
    deployment.write(room=2**62)


def _change(deployment: Deployment, statement: sa.Executable) -> None:
    provider = build_provider(deployment.config)
    with (
        closing(provider.database),
        closing(provider.ephemeral),
        provider.database.transaction() as session,
    ):
        session.execute(statement)


def _fall_behind(deployment: Deployment) -> None:
    _change(deployment, sa.text("UPDATE alembic_version SET version_num = '0001'"))


def _run_ahead(deployment: Deployment) -> None:
    _change(deployment, sa.text("UPDATE alembic_version SET version_num = '9999'"))


def _age_a_key(deployment: Deployment) -> None:
    long_ago = clock.now() - timedelta(days=400)
    times = dict.fromkeys(("generated_at", "published_at", "activates_at"), long_ago)
    _change(deployment, sa.update(KeyRecord).values(times))


def _spoil_a_store(deployment: Deployment) -> None:
    spoilt = deployment.file.with_name("spoilt.db")
    spoilt.write_bytes(b"no database" * 1000)
    spoilt.chmod(0o600)
    deployment.write(database=f"sqlite:///{spoilt}")


def _forget_backups(_: Deployment) -> None:
    """Nothing was ever archived here."""


def _lose_a_key(deployment: Deployment) -> None:
    _change(deployment, sa.delete(KeyRecord).where(KeyRecord.ring == "jarm.RS256"))


@pytest.mark.parametrize(
    ("break_it", "names", "severity"),
    [
        (_open_files, ("file-writable", "file-open"), "error"),
        (_lose_the_kek, ("file-missing", "not-built"), "error"),
        (_fill_the_disk, ("disk-fails", "little-room"), "error"),
        (_fall_behind, ("database-fails",), "error"),
        (_run_ahead, ("schema-ahead",), "note"),
        (_age_a_key, ("old-key",), "warning"),
        (_forget_backups, ("no-backup", "old-head"), "warning"),
        (_spoil_a_store, ("no-store",), "error"),
        (_lose_a_key, ("not-built",), "error"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_broken_is_told(
    deployment: Deployment,
    break_it: Callable[[Deployment], None],
    names: tuple[str, ...],
    severity: str,
) -> None:
    """Files, keys, schema and room; the worst decides how the command ends."""
    deployment.write()
    break_it(deployment)

    found, told = deployment.ask()

    assert set(names) <= found.keys()
    assert found[names[0]] == severity
    assert (told.exit_code == 2) == ("error" in found.values())
