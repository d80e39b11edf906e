"""`idp keys` as an operator runs it: start, look, rotate, repeat, emergency."""

import re

import pytest
from click.testing import CliRunner

from idp.cli import main

_SETTINGS = """\
[database]
url = "sqlite:///{folder}/provider.db"
[ephemeral]
url = "embedded:{folder}/ephemeral.db"
[sandbox]
enabled = true
[log]
level = "WARNING"
format = "text"
"""


@pytest.fixture
def idp(tmp_path):
    """Return a function that runs `idp` on a configuration of its own."""
    config = tmp_path / "config.toml"
    config.write_text(_SETTINGS.format(folder=tmp_path))

    def run(*arguments):
        result = CliRunner().invoke(main, ["--config", str(config), *arguments])
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def started(idp):
    """Return the same with a migrated database and first keys."""
    assert idp("db", "upgrade").exit_code == 0
    assert idp("keys", "init", "--create-kek").exit_code == 0
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
    assert len(kids(first.output)) == 2
    assert second.output == "Nothing to do: the secrets and both rings exist.\n"
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
    """One line a key: ring, kid, state, since when, what comes next."""
    published = kids(started("keys", "rotate", "--ring", "ES256").output)[0]

    lines = [
        line for line in started("keys", "status").output.split("\n") if kids(line)
    ]

    assert len(lines) == 3
    assert "ES256" in lines[0]
    assert "active" in lines[0]
    assert "retires 2" in lines[0]
    assert published in lines[1]
    assert "next" in lines[1]
    assert "signs 2" in lines[1]
    assert "RS256" in lines[2]


def test_rotate_repeats_without_effect(started):
    """Both rings get a next key; a second run says that it waits, and until when."""
    first = started("keys", "rotate")
    second = started("keys", "rotate")

    assert first.output.count("published ") == 2
    assert second.output.count("is published already") == 2
    assert set(kids(first.output)) == set(kids(second.output))
    assert set(re.findall(r"signs from (.*?) on", first.output)) == set(
        re.findall(r"signs from (.*?) on", second.output)
    )


def test_rotate_now_replaces_and_records(started):
    """The waiting key signs at once, the old one still verifies."""
    waiting = kids(started("keys", "rotate", "--ring", "RS256").output)[0]

    result = started("keys", "rotate", "--ring", "RS256", "--now")

    assert f"RS256: {waiting} signs from now on" in result.output
    assert re.search(r"the key before it verifies until \d{4}-", result.output)
    assert f"recorded that {waiting} is activated" in result.output
    status = started("keys", "status").output
    assert re.search(r"RS256.*retired.*gone 2", status)


def test_rotate_now_destroys_a_stolen_key(started):
    """Nothing of it is left; a key that does not sign yet replaces it first."""
    refused = started("keys", "rotate", "--destroy")

    result = started("keys", "rotate", "--ring", "ES256", "--now", "--destroy")

    assert refused.exit_code == 2
    (old,) = re.findall(r"recorded that (\S+) is destroyed", result.output)
    assert f"recorded that {old} is retired" in result.output
    assert re.search(rf"{old}\s.*gone", started("keys", "status").output)


def test_an_open_kek_file_is_refused(started, tmp_path):
    """Every command stops while others can read the key."""
    (tmp_path / "kek").chmod(0o644)

    for command in ("init", "status", "rotate"):
        result = started("keys", command)
        assert result.exit_code == 1
        assert "chmod 600" in result.output
