"""`idp audit export`: every event once, nothing of a citizen, no secret."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from idp.audit import personal
from idp.audit.models import AuditEvent
from idp.cli import main
from idp.provider import Provider
from tests.integration.test_nothing_in_clear import personal_values
from tests.services import BACKENDS
from tests.story import Story

pytestmark = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def export(provider: Provider, tmp_path: Path):
    """Return the command on the provider's stores, and what it tells."""
    config, settings = provider.config, tmp_path / "config.toml"
    settings.write_text(
        f'[database]\nurl = "{config.database.url}"\n'
        f'[ephemeral]\nurl = "{config.ephemeral.url}"\n'
        f'[keys]\nkek_file = "{config.keys.kek_file}"\n'
        "[sandbox]\nenabled = true\n"
    )

    def run(*words: str) -> list[dict]:
        words = ("--config", str(settings), "audit", "export", *words)
        told = CliRunner().invoke(main, words)
        assert told.exit_code == 0, told.output
        return [json.loads(line) for line in told.output.splitlines()]

    return run


def test_a_story_is_told_once_and_keeps_its_secrets(
    app: Flask, provider: Provider, export, tmp_path: Path
) -> None:
    """Each event by its stable id, the next run only what is new.

    Neither an export nor an opened sealed part has a name, number, seed, code, password
    or picture in it.
    """
    cursor = tmp_path / "cursor.json"
    first = export("--cursor", str(cursor))
    story = Story(app, provider)
    story.tell()
    then = export("--cursor", str(cursor))
    nothing = export("--cursor", str(cursor))
    everything = export()

    with provider.database.read() as connection:
        rows = connection.execute(sa.select(AuditEvent.__table__)).all()
    ids = [told["event"]["id"] for told in everything]
    assert len(set(ids)) == len(ids) == len(rows) == len(first) + len(then)
    assert ids == sorted(ids, key=lambda name: tuple(map(_number, name.split("/"))))
    assert {told["event"]["id"] for told in first + then} == set(ids)
    assert nothing == []
    assert export("--since", "2100-01-01") == export("--until", "2001-01-01") == []

    sealed = [
        personal.unseal(provider.sealer, row) for row in rows if row.personal_sealed
    ]
    kept = json.dumps(
        [everything, sealed, [row.data for row in rows]], ensure_ascii=False
    )
    secrets = [value for value in story.secrets if len(value) > 6]
    found = [value for value in (*personal_values(), *secrets) if value in kept]
    assert found == []
    assert max(len(row.data) for row in rows) < 2000, "no picture fits in"


def _number(text: str) -> int:
    return int(text.replace("-", ""))
