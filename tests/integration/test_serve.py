"""`idp serve` opens its port only when everything behind it is ready and safe."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from idp import clock
from idp.cli import main
from idp.cli.serve import check_port, check_stores, server
from idp.config import (
    Config,
    DatabaseConfig,
    KeysConfig,
    SandboxConfig,
    ServerConfig,
)
from idp.errors import ConfigError

UNSAFE = {
    "client_id": "unsafe",
    "redirect_uris": ["http://127.0.0.1/callback"],
    "require_pkce": False,
    "require_nonce": False,
}


def in_production(config: Config) -> Config:
    """Return the same configuration without the sandbox."""
    return replace(config, sandbox=SandboxConfig(enabled=False))


def test_what_is_ready_is_served(config):
    """A migrated database with keys passes."""
    check_stores(config)


def test_an_empty_database_is_refused(config, tmp_path):
    """The message names the command to run."""
    empty = replace(config, database=DatabaseConfig(f"sqlite:///{tmp_path}/empty.db"))

    with pytest.raises(ConfigError, match="idp db upgrade"):
        check_stores(empty)


def test_missing_keys_are_refused(config, tmp_path):
    """A key-encryption key that is not there is named."""
    keyless = replace(config, keys=KeysConfig(kek_file=tmp_path / "kek"))

    with pytest.raises(ConfigError, match="kek"):
        check_stores(keyless)


def test_an_unsafe_client_is_named(config, provider):
    """Neither PKCE nor nonce: fine in a sandbox, refused outside."""
    with provider.database.transaction() as session:
        provider.relying_parties.add(
            session, provider.audit, UNSAFE, sandbox=True, now=clock.now()
        )

    check_stores(config)
    with pytest.raises(ConfigError, match=r"client unsafe: .*require_pkce"):
        check_stores(in_production(config))


def test_a_busy_port_is_refused():
    """Workers could share it with another server and nobody would notice."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}"):
            check_port("127.0.0.1", port, setting="server.port")


def test_a_free_port_is_taken():
    """A port that was just closed is free."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    check_port("127.0.0.1", port, setting="server.port")


def test_the_server_follows_the_settings():
    """Workers, threads and address are the configuration's."""
    settings = ServerConfig(host="::1", port=8443, workers=3, threads=5)

    built = server(Config(server=settings))

    assert (built.bind_addr, built.bind_port) == ("::1", 8443)
    assert (built.workers, built.blocking_threads) == (3, 5)
    assert built.respawn_failed_workers


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_configuration_may_be_named_on_either_side(tmp_path: Path, place):
    """`idp --config FILE serve` and `idp serve --config FILE` are the same."""
    file = tmp_path / "config.toml"
    file.write_text('[sandbox]\nenabled = true\n[database]\nurl = "sqlite:///new.db"\n')
    named = ["--config", str(file)]
    arguments = [*named, "serve"] if place == "before" else ["serve", *named]

    result = CliRunner().invoke(main, arguments)

    assert result.exit_code == 1
    assert "idp db upgrade" in result.output


def test_without_a_configuration_it_says_how_to_name_one(monkeypatch):
    """Nothing is assumed."""
    monkeypatch.delenv("IDP_CONFIG", raising=False)

    result = CliRunner().invoke(main, ["serve"])

    assert result.exit_code == 1
    assert "--config" in result.output
