"""A sealed archive of the database comes back whole, on either kind, or not at all."""

import json
import re
from contextlib import closing, contextmanager
from io import BytesIO

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from idp.app import connect
from idp.cli import main
from idp.doctor import stores
from idp.provider import build_provider
from idp.sandbox.citizens import all_citizens
from idp.storage.database import Database
from idp.storage.tables import all_tables, fills_itself
from keys.kek import create_kek, fingerprint, read_kek
from keys.stream import SealedWriter, StreamError, open_stream, read_head
from tests.driver import Browser, Portal, answer, citizen
from tests.integration.test_authority_requests import send
from tests.integration.test_reseal import renewed, wait
from tests.services import BACKENDS
from tests.staff import sign_in_officer
from tests.stores import configuration, fresh_database

KEY = b"k" * 32


def run(tmp_path, url, kek, *arguments, former=None):
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
        {f'former_kek_file = "{former}"' if former else ""}
        [staff]
        two_persons = false
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


@contextmanager
def serving(services, bare_app, url, tmp_path):
    """Serve a database."""
    config = configuration(
        services, database=url, ephemeral=f"embedded:{tmp_path}/restored.db"
    )
    provider = build_provider(config)
    with closing(provider.database), closing(provider.ephemeral):
        connect(bare_app, provider)
        yield provider


def signs_in(services, bare_app, url, tmp_path):
    """Sign a citizen in on a database, up to the ID token."""
    with serving(services, bare_app, url, tmp_path) as provider:
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
        assert "These keys live" in restored.output
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


def test_a_changed_label_is_found(config, tmp_path):
    """It is in clear, and nobody makes another of it."""
    source, kek = config.database.url, config.keys.kek_file
    archive = tmp_path / "archive.sealed"
    assert run(tmp_path, source, kek, "backup", "create", archive).exit_code == 0
    content, ours = archive.read_bytes(), fingerprint(read_kek(kek)).encode()
    changes = {
        b'"seal": 1,': b'"seal": 2,',
        b'"key": "A': b'"key": "B',
        ours: ours[::-1],
        b'"seal":': b'"zeal":',
        b"DDSEAL\x00\x02": b"DDSEAL\x00\x01",
    }
    assert all(content.count(old, 0, 400) == 1 for old in changes)
    spoiled = [content.replace(old, new, 1) for old, new in changes.items()]
    for number, bytes_ in enumerate((*spoiled, content[:80])):
        file = tmp_path / f"spoiled-{number}"
        file.write_bytes(bytes_)

        refused = run(tmp_path, source, kek, "backup", "verify", file)

        assert refused.exit_code == 1, number
        assert re.search("altered|cut off|no release had", refused.output), number


def test_archives_follow_the_sealing_key(config, provider, tmp_path):
    """A renewed key seals the next archive; that before opens without the old one."""
    source, kek = config.database.url, config.keys.kek_file
    before, after = tmp_path / "before.sealed", tmp_path / "after.sealed"
    for archive, renews in ((before, True), (after, False)):
        made = run(tmp_path, source, kek, "backup", "create", archive)
        assert made.exit_code == 0, made.output
        if renews:
            renewed(provider, "seal")
            assert run(tmp_path, source, kek, "keys", "reseal").exit_code == 0
            wait(provider, config.keys.sealing_kept)
            destroy = ("keys", "reseal", "--destroy", 1)
            assert run(tmp_path, source, kek, *destroy).exit_code == 0

    told = run(tmp_path, source, kek, "backup", "verify", before).output
    assert "version 1 of the sealing key" in told
    told = run(tmp_path, source, kek, "backup", "verify", after).output
    assert "version 2 of the sealing key" in told


def test_an_archive_names_the_key_that_opens_it(config, tmp_path):
    """After a change of the key-encryption key nobody guesses which file it was."""
    source, kek = config.database.url, config.keys.kek_file
    archive, new = tmp_path / "archive.sealed", tmp_path / "new"
    create_kek(new)
    assert run(tmp_path, source, kek, "backup", "create", archive).exit_code == 0

    refused = run(tmp_path, source, new, "backup", "verify", archive)
    whole = run(tmp_path, source, new, "backup", "verify", archive, former=kek)

    assert refused.exit_code == 1
    assert f"of fingerprint {fingerprint(read_kek(kek))}" in refused.output
    assert f"not with {fingerprint(read_kek(new))}" in refused.output
    assert whole.exit_code == 0, whole.output
    assert f"key-encryption key {fingerprint(read_kek(kek))}" in whole.output


def test_what_was_killed_since_is_dead_before_anybody_serves(
    services, config, bare_app, tmp_path
):
    """Whoever restores names the keys; all see that it was restored, until two know."""
    source, kek = config.database.url, config.keys.kek_file
    archive, choice = tmp_path / "archive.sealed", {"backend": "embedded"}
    assert run(tmp_path, source, kek, "backup", "create", archive).exit_code == 0
    choice |= {"template": "empty", "folder": tmp_path}
    with fresh_database(services, **choice) as target:
        (kid,) = access_keys(run(tmp_path, source, kek, "keys", "status", "--json"))
        named = ("restore", archive, "--killed", kid)
        refused = run(tmp_path, target, kek, *named, "--killed", "misspelt")
        assert refused.exit_code == 1
        assert "no signing key misspelt" in refused.output
        assert rows_in(target) == 0
        done = run(tmp_path, target, kek, *named)
        assert done.exit_code == 0, done.output
        assert f"{kid} is dead" in done.output
        assert f"access_token.ES256: {kid}" not in done.output
        board = run(tmp_path, target, kek, "keys", "status", "--json")
        (moment,) = json.loads(board.output)["restored_from"]
        keys = access_keys(board)
        assert keys.pop(kid)["compromised_at"]
        assert [key["state"] for key in keys.values()] == ["active"]
        shown = run(tmp_path, target, kek, "keys", "status").output
        assert f"! Restored from the archive of {moment}" in shown
        with serving(services, bare_app, target, tmp_path) as provider:
            keys = bare_app.test_client().get("/jwks.json").get_json()["keys"]
            assert kid not in {key["kid"] for key in keys}
            found = {one.name: one for one in stores.examine(provider)}
            assert moment in found["restored"].what
            both_acknowledge(bare_app, provider, moment)
            assert "restored" not in {one.name for one in stores.examine(provider)}


def access_keys(done):
    """Return what `idp keys status --json` tells of the keys of access tokens."""
    rings = json.loads(done.output)["rings"]
    (ring,) = (one for one in rings if one["purpose"] == "access_token")
    return {key["kid"]: key for key in ring["keys"]}


def both_acknowledge(app, provider, moment):
    """Have two officers see it on the pages of health and of alarms, and end it."""
    for name in ("First", "Second"):
        browser = Browser(app.test_client())
        sign_in_officer(browser, provider, roles=("security",), name=name)
        health = browser.visit("/staff/health?lang=en").text
        assert "Restored from an archive" in health
        assert moment in health
        assert moment in browser.visit("/staff/alarms?lang=en").text
        send(browser)
    assert "Restored" not in browser.visit("/staff/health?lang=en").text


def opened(content):
    """Return the chunks of a stream under the key of this test."""
    file = BytesIO(content)
    return list(open_stream(file, read_head(file), KEY))


def chunks_of(content):
    """Return the head and the chunks of a stream."""
    head, rest, chunks = content[:42], content[42:], []
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

    assert len(b"".join(opened(file.getvalue()))) == 131_073
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
            opened(head + b"".join(spoiled))
