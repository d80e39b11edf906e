"""Nothing personal and no secret stands in clear in the stores or in the log."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from idp.config import Config
from idp.sandbox.citizens import all_citizens

# The sandbox's outbox is there to be read by anybody; production never fills it.
_OPEN = {"sandbox_outbox"}


@pytest.fixture
def config_file(config: Config, tmp_path: Path) -> Path:
    """Return a file with `config` that logs everything."""
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        [database]
        url = "{config.database.url}"
        [ephemeral]
        url = "{config.ephemeral.url}"
        [keys]
        kek_file = "{config.keys.kek_file}"
        [sandbox]
        enabled = true
        [log]
        level = "DEBUG"
        """
    )
    return file


def personal_values() -> list[str]:
    """Return what must not be found: long enough not to occur by chance."""
    values: list[str | None] = []
    for person in all_citizens():
        account = person.account
        values += [
            account.number,
            account.phone and account.phone.removeprefix("+84"),
            account.email,
            account.identity.full_name,
            account.identity.birth_date
            if len(account.identity.birth_date) > 4
            else None,
            person.password,
            person.totp_secret,
        ]
        if person.record and person.record.residence:
            stay = person.record.residence.permanent
            values.append(stay and stay.address.detail)
        if person.record and person.record.household:
            values.append(person.record.household.file_number)
    return [value for value in values if value and len(value) >= 8]


def rows(path: Path) -> dict[str, str]:
    """Return each table's rows as text."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        return {
            name: "\n".join(
                str(row) for row in connection.execute(f'SELECT * FROM "{name}"')
            )
            for (name,) in tables.fetchall()
        }


def test_stores_and_log(config_file: Path, tmp_path: Path) -> None:
    """Names, numbers, phones, seeds, codes, cookies and tokens are nowhere in clear."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.story"],
        env={**os.environ, "IDP_CONFIG": str(config_file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    hidden = [*personal_values(), *json.loads(told.stdout)]

    kept = {
        f"{path.name}:{table}": text
        for path in tmp_path.glob("*.db")
        for table, text in rows(path).items()
        if table not in _OPEN
    }
    assert any(name.endswith(":accounts") for name in kept)
    assert any(name.startswith("ephemeral") for name in kept)
    kept["log"] = told.stderr
    _check_requests(told.stderr)
    assert "DD-AUTH-001" in kept["log"], "the log was caught"
    found = {
        (where, value)
        for where, text in kept.items()
        for value in hidden
        if value in text and not _by_chance(value, where)
    }
    assert not found


def _by_chance(value: str, where: str) -> bool:
    # Six digits occur in any blob.
    return len(value) == 6 and where != "log"


def _check_requests(log: str) -> None:
    """Each line names its request; one line a request tells what came of it."""
    lines = [json.loads(line) for line in log.splitlines()]
    answered = [line for line in lines if line["event"] == "request"]
    ids = [line["request_id"] for line in answered]
    assert len(set(ids)) == len(ids)
    # What a citizen reads out leads to the request, and so to its other lines.
    assert {line["request_id"] for line in lines if "error_id" in line} <= set(ids)
    assert any("error_id" in line for line in lines)
    seen = {(line["method"], line["route"], line["status"]) for line in answered}
    assert ("POST", "/login/<transaction>", 303) in seen
    of_token = [line for line in answered if line["route"] == "/token"]
    assert {line["client_id"] for line in of_token} == {"clinic"}
    names = {"event", "level", "timestamp", "request_id", "client_id"}
    names |= {"method", "route", "status", "ms"}
    assert {name for line in answered for name in line} == names
