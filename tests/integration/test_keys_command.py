"""`idp keys` as an operator runs it: start, look, rotate, repeat, emergency."""

import json
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from idp.cli import main
from keys.ring import RINGS

_SETTINGS = """\
[database]
url = "sqlite:///{folder}/provider.db"
[ephemeral]
url = "embedded:{folder}/ephemeral.db"
[sandbox]
enabled = true
[staff]
two_persons = false
[log]
level = "WARNING"
format = "text"
"""


def command(folder):
    """Return a function that runs `idp` on a configuration in a folder."""
    config = folder / "config.toml"
    config.write_text(_SETTINGS.format(folder=folder))

    def run(*arguments):
        result = CliRunner().invoke(main, ["--config", str(config), *arguments])
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def idp(tmp_path):
    """Return a function that runs `idp` on a configuration of its own."""
    return command(tmp_path)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Return a folder with a migrated database and first keys, made once."""
    folder = tmp_path_factory.mktemp("begun")
    run = command(folder)
    assert run("db", "upgrade").exit_code == 0
    assert run("keys", "init", "--create-kek").exit_code == 0
    return folder


@pytest.fixture
def started(begun, idp, tmp_path):
    """Return `idp` on a copy of that."""
    for name in ("provider.db", "kek"):
        shutil.copy(begun / name, tmp_path)
    return idp


def kids(output):
    """Return the kids that a command printed."""
    return re.findall(r"[A-Za-z0-9_-]{43}", output)


def test_init_says_what_it_made_and_repeats(idp, tmp_path):
    """The first run makes everything once; the second finds nothing to do."""
    idp("db", "upgrade")

    first = idp("keys", "init", "--create-kek")
    kek = (tmp_path / "kek").read_bytes()
    second = idp("keys", "init", "--create-kek")

    assert f"Created the key-encryption key {tmp_path / 'kek'}" in first.output
    assert "client, csrf, device, dpop, index, otp, seal, sid" in first.output
    assert len(kids(first.output)) == len(RINGS)
    assert second.output == "Nothing to do: the secrets and every ring exist.\n"
    assert (tmp_path / "kek").read_bytes() == kek


def test_init_needs_a_migrated_database(idp):
    """The message names the command to run first; no key file is made."""
    result = idp("keys", "init", "--create-kek")

    assert result.exit_code == 1
    assert "idp db upgrade" in result.output


def test_init_makes_no_kek_unasked(idp, tmp_path):
    """Losing the file must not pass for a first start."""
    idp("db", "upgrade")

    result = idp("keys", "init")

    assert result.exit_code == 1
    assert "--create-kek" in result.output
    assert not (tmp_path / "kek").exists()


def test_init_under_another_kek_is_refused(started, tmp_path):
    """A restored database with a foreign key file is told as such."""
    (tmp_path / "kek").unlink()

    result = started("keys", "init", "--create-kek")

    assert result.exit_code == 1
    assert "another key-encryption key" in result.output


def test_status_before_init_names_the_remedy(idp):
    """No table, no keys: one clear line each time."""
    assert idp("keys", "status").exit_code == 1
    idp("db", "upgrade")

    result = idp("keys", "status")

    assert result.exit_code == 1
    assert "idp keys init" in result.output


def test_status_shows_each_key_and_its_next_change(started):
    """One line a ring: who signs, since when, who is next; then the other keys."""
    published = kids(started("keys", "rotate", "--ring", "access_token.ES256").output)[
        0
    ]

    lines = [
        line for line in started("keys", "status").output.split("\n") if kids(line)
    ]

    assert len(lines) == len(RINGS) + 1
    active, waiting = (line for line in lines if "access_token.ES256" in line)
    assert "boarding" in active
    assert f"{published[:8]}…" in active
    assert published in waiting
    assert "next" in waiting
    assert "signs 2" in waiting


def test_status_as_json(started):
    """The field names that the handbook promises, and dates that machines read."""
    started("keys", "rotate", "--ring", "jarm.ES256")

    told = json.loads(started("keys", "status", "--json").output)

    rings = {ring["ring"]: ring for ring in told["rings"]}
    assert list(rings) == [ring.name for ring in RINGS]
    jarm, audit = rings["jarm.ES256"], rings["audit.ES256"]
    assert [ring["status"] for ring in (jarm, audit)] == ["boarding", "on_time"]
    assert [key["state"] for key in jarm["keys"]] == ["active", "next"]
    assert jarm["departs_at"] == jarm["keys"][1]["signs_at"]
    reign = datetime.fromisoformat(audit["departs_at"]) - datetime.fromisoformat(
        audit["keys"][0]["signs_at"]
    )
    assert reign == timedelta(days=90)
    assert audit["warnings"] == []
    promised = set(re.findall(r"`(\w+)`", _documented()))
    fields = {name for ring in told["rings"] for name in (*ring, *ring["keys"][0])}
    seal, index = told["sealing"]
    assert (seal["purpose"], seal["version"], seal["state"]) == ("seal", 1, "active")
    assert {*told, *fields, *seal, *index} <= promised


def _documented():
    text = (Path(__file__).parents[2] / "docs" / "keys.md").read_text("utf-8")
    return text.partition("--json")[2].partition("\n## ")[0]


def test_a_rehearsal_changes_nothing(started):
    """It tells the dates of each ring, and none is published."""
    before = started("keys", "status").output.splitlines()[3:]

    told = started("keys", "rotate", "--rehearse")

    assert told.output.count("Nothing was done.") == len(RINGS)
    assert started("keys", "status").output.splitlines()[3:] == before


def test_rotate_repeats_without_effect(started):
    """Each ring gets a next key; a second run says the same and records nothing."""
    first = started("keys", "rotate")
    second = started("keys", "rotate")

    assert first.output.count("is published.") == len(RINGS)
    assert "recorded" not in second.output
    assert set(kids(first.output)) == set(kids(second.output))
    assert set(re.findall(r"signs from (.*?) on", first.output)) == set(
        re.findall(r"signs from (.*?) on", second.output)
    )


def test_kill_destroys_a_stolen_key(started):
    """Nothing of it is left; the waiting key signs, and the reason is asked for."""
    first = started("keys", "rotate", "--ring", "event.RS256").output
    waiting, active = kids(first)[0], kids(first)[-1]
    refused = started("keys", "kill", active)

    result = started("keys", "kill", active, "--reason", "a lost backup")

    assert refused.exit_code == 2
    assert f"recorded that {active} is killed" in result.output
    assert f"recorded that {waiting} is activated" in result.output
    assert f"event.RS256: {waiting} signs." in result.output
    assert re.search(rf"{active}\s.*gone", started("keys", "status").output)
    again = started("keys", "kill", active, "--reason", "again")
    assert "destroyed before" in again.output


def test_an_open_kek_file_is_refused(started, tmp_path):
    """Every command stops while others can read the key."""
    (tmp_path / "kek").chmod(0o644)

    for command in ("init", "status", "rotate"):
        result = started("keys", command)
        assert result.exit_code == 1
        assert "chmod 600" in result.output
