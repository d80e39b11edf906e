"""A sealed archive of the database comes back whole, on either kind, or not at all."""

from contextlib import closing
from io import BytesIO

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from idp.app import connect
from idp.cli import main
from idp.provider import build_provider
from idp.sandbox.citizens import all_citizens
from idp.storage.database import Database
from idp.storage.tables import all_tables, fills_itself
from keys.stream import SealedWriter, StreamError, open_stream
from tests.driver import Browser, Portal, answer, citizen
from tests.services import BACKENDS
from tests.stores import configuration, fresh_database

KEY = b"k" * 32


def run(tmp_path, url, kek, *arguments):
    """Run `idp` on a database."""
    file = tmp_path / "config.toml"
    file.write_text(
        f"""
        [database]
        url = "{url}"
        [ephemeral]
        url = "embedded:{tmp_path}/commands.db"
        [keys]
        kek_file = "{kek}"
        [sandbox]
        enabled = true
        """
    )
    result = CliRunner().invoke(main, ["--config", str(file), *map(str, arguments)])
    assert "Traceback" not in result.output, result.output
    return result


def rows_in(url):
    """Count the rows of every table."""
    with closing(Database(url)) as database, database.read() as connection:
        return sum(
            connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in all_tables()
            if not fills_itself(table)
        )


def signs_in(services, bare_app, url, tmp_path):
    """Sign a citizen in on a database, up to the ID token."""
    config = configuration(
        services, database=url, ephemeral=f"embedded:{tmp_path}/restored.db"
    )
    provider = build_provider(config)
    with closing(provider.database), closing(provider.ephemeral):
        connect(bare_app, provider)
        portal = Portal.register(provider, "bank")
        browser = Browser(bare_app.test_client())
        browser.visit(portal.url())
        browser.sign_in(citizen(provider, account_level=2, factors=["pwd", "totp"]))
        page = browser.submit(decision="allow")
        tokens = portal.redeem(browser.client, answer(page)["code"])
        provider.courier.wait()
    return tokens["claims"]["sub"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_archive_moves_to_the_other_database(
    services, backend, config, bare_app, tmp_path
):
    """Made on one kind, restored on the other: a citizen signs in with all they had.

    Nothing in it is in clear, and a database that is not empty is left alone.
    """
    source, kek = config.database.url, config.keys.kek_file
    other = next(name for name in BACKENDS if name != backend)
    archive = tmp_path / "archive.sealed"
    made = run(tmp_path, source, kek, "backup", "create", archive)
    assert made.exit_code == 0, made.output
    again = run(tmp_path, source, kek, "backup", "create", archive)
    assert "never replaced" in again.output
    assert "Whole" in run(tmp_path, source, kek, "backup", "verify", archive).output
    assert archive.stat().st_mode & 0o077 == 0
    content = archive.read_bytes()
    for person in all_citizens():
        assert person.account.number.encode() not in content
    assert b"accounts" not in content

    refused = run(tmp_path, source, kek, "restore", archive)
    assert "is not empty" in refused.output

    choice = {"backend": other, "template": "empty", "folder": tmp_path}
    with fresh_database(services, **choice) as target:
        restored = run(tmp_path, target, kek, "restore", archive)
        assert restored.exit_code == 0, restored.output
        assert "lives again" in restored.output
        assert "id_token.ES256" in restored.output
        assert signs_in(services, bare_app, target, tmp_path)
        assert run(tmp_path, target, kek, "audit", "verify").exit_code == 0


def test_an_archive_follows_no_link(config, tmp_path):
    """Whoever put a link where it is written first loses nothing, nor does anybody."""
    archive, other = tmp_path / "archive.sealed", tmp_path / "other"
    other.write_text("precious")
    archive.with_name("archive.sealed.part").symlink_to(other)

    made = run(
        tmp_path, config.database.url, config.keys.kek_file, "backup", "create", archive
    )

    assert made.exit_code == 1, made.output
    assert "cannot write" in made.output
    assert other.read_text() == "precious"
    assert not archive.exists()


def test_a_spoiled_archive_writes_nothing(services, config, tmp_path):
    """Altered, cut off, prolonged, or under another key: the database stays empty."""
    source, kek = config.database.url, config.keys.kek_file
    archive, other_kek = tmp_path / "archive.sealed", tmp_path / "other"
    assert run(tmp_path, source, kek, "backup", "create", archive).exit_code == 0
    content = archive.read_bytes()
    other_kek.write_bytes(b"a" * 43 + b"=\n")
    other_kek.chmod(0o600)
    middle = len(content) // 2
    altered = bytearray(content)
    altered[middle] ^= 1
    spoiled = {
        "altered": (bytes(altered), kek),
        "cut": (content[:middle], kek),
        "longer": (content + b"x", kek),
        "foreign": (content, other_kek),
        "none": (b"", kek),
    }
    choice = {"backend": "embedded", "template": "empty", "folder": tmp_path}
    with fresh_database(services, **choice) as target:
        for name, (bytes_, key) in spoiled.items():
            file = tmp_path / name
            file.write_bytes(bytes_)

            assert run(tmp_path, target, key, "backup", "verify", file).exit_code == 1
            refused = run(tmp_path, target, key, "restore", file)

            assert refused.exit_code == 1, name
            assert "archive" in refused.output
            assert rows_in(target) == 0, name


def chunks_of(content):
    """Return the head and the chunks of a stream."""
    head, rest, chunks = content[:40], content[40:], []
    while rest:
        length = int.from_bytes(rest[:4]) & 0x7FFF_FFFF
        chunks.append(rest[: 4 + length])
        rest = rest[4 + length :]
    return head, chunks


def test_chunks_stand_where_they_were_written():
    """No chunk may be swapped, repeated or left out, and the end cannot be moved."""
    file = BytesIO()
    writer = SealedWriter(file, KEY)
    for part in (b"a" * 65_536, b"b" * 65_536, b"c"):
        writer.write(part)
    writer.close()
    head, chunks = chunks_of(file.getvalue())
    first, second, last = chunks

    assert len(b"".join(open_stream(BytesIO(file.getvalue()), KEY))) == 131_073
    early_end = bytes([second[0] | 0x80]) + second[1:]
    for spoiled in (
        [second, first, last],
        [first, first, second, last],
        [first, last],
        [first, second],
        [first, early_end],
        [first, second, last, last],
    ):
        with pytest.raises(StreamError):
            list(open_stream(BytesIO(head + b"".join(spoiled)), KEY))
