"""Keys come in, public ones go out, and a ceremony makes keys before witnesses."""

import hashlib
import json
import re
import subprocess
from contextlib import closing

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from joserfc.jwk import ECKey

from idp.audit.models import AuditEvent
from idp.cli import main
from idp.storage.database import Database
from keys.algorithms import generate
from keys.pkcs11.uri import KeyUri
from tests.hsm import LABEL, soft_hsm
from tests.prove.stage import command, without_coverage
from tests.stores import fresh_database

SETTINGS = """\
[database]
url = "{database}"
[ephemeral]
url = "embedded:ephemeral.db"
[keys]
kek_file = "{kek_file}"
kek_source = "{kek_source}"
signers = "{signers}"
[sandbox]
enabled = true
[staff]
two_persons = false
[log]
level = "WARNING"
format = "text"
"""
WITNESSES = ("--witness", "Nguyễn Văn An", "--witness", "Trần Thị Bình")
RING = "id_token.ES256"


def write(folder, *, hsm=None, **settings):
    """Write the configuration, with the token's section if there is one."""
    settings = {
        "kek_file": "kek",
        "kek_source": "file",
        "signers": "software",
        **settings,
    }
    text = SETTINGS.format(**settings)
    if hsm:
        text += "[pkcs11]\n" + "".join(
            f"{name} = {json.dumps(value)}\n" for name, value in hsm.settings.items()
        )
    (folder / "config.toml").write_text(text)
    return folder / "config.toml"


def idp(config, *arguments, **options):
    """Run a command in this process."""
    result = CliRunner().invoke(main, ["--config", str(config), *arguments], **options)
    assert "Traceback" not in result.output
    return result


@pytest.fixture
def started(config, tmp_path):
    """Return the configuration's file of a migrated database with first keys."""
    return write(tmp_path, database=config.database.url, kek_file=config.keys.kek_file)


def events(url):
    """Return what the audit log tells, by type."""
    with (
        closing(Database(sa.make_url(url))) as database,
        database.read() as connection,
    ):
        rows = connection.execute(sa.select(AuditEvent.type, AuditEvent.data))
        told = {}
        for kind, data in rows:
            told.setdefault(kind, []).append(json.loads(data))
    return told


def exported(config, *options):
    """Return the keys of the JWK set that the command prints."""
    result = idp(config, "keys", "export-public", *options)
    assert result.exit_code == 0, result.output
    return {key["kid"]: key for key in json.loads(result.output)["keys"]}


def test_an_imported_key_waits_to_be_published(started, config, tmp_path):
    """It is sealed, noted, exported on demand alone, and never taken twice."""
    key = generate("ES256")
    pem = tmp_path / "key.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    kid = ECKey(key, key).thumbprint()

    result = idp(started, "keys", "import", "--ring", RING, str(pem))

    assert result.exit_code == 0, result.output
    assert kid in result.output
    assert "still holds the private key" in result.output
    assert pem.exists()
    assert events(config.database.url)["KeyImported"] == [{"kid": kid, "ring": RING}]
    assert kid not in exported(started)
    assert exported(started, "--generated", "--ring", RING)[kid]["alg"] == "ES256"
    again = idp(started, "keys", "import", "--ring", RING, "-", input=pem.read_bytes())
    assert (again.exit_code, "is or was one of our keys" in again.output) == (1, True)
    for ring, told in (("id_token.RS256", "RSA"), ("audit.ES256", "one of our keys")):
        refused = idp(started, "keys", "import", "--ring", ring, str(pem))
        assert (refused.exit_code, told in refused.output) == (1, True)

    published = idp(started, "keys", "publish", kid, "--reason", "Nghi lễ khóa")
    assert published.exit_code == 0, published.output
    assert kid in exported(started)


def test_public_keys_are_exported_in_pem(started):
    """Each under its ring's name; the private parts are not there to be seen."""
    result = idp(started, "keys", "export-public", "--format", "pem")

    blocks = re.findall(r"# (\S+) \S+\n(-----BEGIN PUBLIC KEY.+?END[^\n]+)",
                        result.output, re.DOTALL)  # fmt: skip
    assert len(blocks) == len(exported(started)) == 9
    for _, pem in blocks:
        assert serialization.load_pem_public_key(pem.encode())
    assert "PRIVATE" not in result.output


def test_a_ceremony_needs_witnesses_and_a_purpose(started, config, tmp_path):
    """Refused before anything is made."""
    record = ("--record", str(tmp_path / "record.txt"))
    for words, told in (
        ((*WITNESSES, *record), "say what to make"),
        (("--ring", RING, *WITNESSES[:2] * 2, *record), "2 witnesses or more"),
        (("--kek", "new", *WITNESSES, *record), "exists: say how it lies"),
        (("--ring", RING, *WITNESSES, "--record", str(started)), "replaces no other"),
    ):
        result = idp(started, "keys", "ceremony", *words)
        assert (result.exit_code != 0, told in result.output) == (True, True)
    before = events(config.database.url)
    wrong = "y\n" + "0000\n" * 3
    result = idp(
        started, "keys", "ceremony", "--ring", RING, *WITNESSES, *record, input=wrong
    )
    assert "3 times another: nothing was written" in result.output
    assert events(config.database.url) == before
    assert not (tmp_path / "record.txt").exists()


def hold(config, *words):
    """Hold a ceremony as its witnesses do: read each fingerprint, type it back."""
    with subprocess.Popen(
        command(config, "keys", "ceremony", *words),
        env=without_coverage(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        said = ["y"]
        process.stdin.write("y\n")
        process.stdin.flush()
        for line in process.stdout:
            said.append(line)
            if re.fullmatch(r"    ([0-9a-f]{4} ?){8}\n", line):
                process.stdin.write(line.upper())
                process.stdin.flush()
    return process.returncode, "".join(said)


@pytest.mark.timeout(600)
def test_a_ceremony_from_nothing(services, tmp_path):
    """The key-encryption key in a token, first keys, one generated, and a record."""
    choice = {"backend": "embedded", "template": "empty", "folder": tmp_path}
    with fresh_database(services, **choice) as url, soft_hsm(tmp_path) as hsm:
        config = write(tmp_path, database=url, kek_source="pkcs11", hsm=hsm)
        record = tmp_path / "record.txt"

        code, said = hold(
            config, "--kek", "new", "--ring", RING, *WITNESSES, "--record", str(record)
        )

        assert code == 0, said
        assert json.loads((tmp_path / "kek").read_text())["kek"] == "pkcs11"
        text, told = record.read_text(), events(url)
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert digest in said
        assert text.count("Read aloud by Nguyễn Văn An, typed back by Trần") == 1
        assert text.count("Read aloud by Trần Thị Bình, typed back by Nguyễn") == 1
        (made,), (kept,) = told["KeyGenerated"], told["KekKept"]
        assert made["ring"] == RING
        assert made["record"] == kept["record"] == digest
        assert made["kid"] in text
        assert "An" not in json.dumps(told), "witnesses stand on paper alone"
        assert made["kid"] in exported(config, "--generated")
        assert made["kid"] not in exported(config)

        moved = write(tmp_path, database=url, signers="pkcs11", hsm=hsm)
        code, said = hold(
            moved, "--kek", "pkcs11", "--ring", RING, *WITNESSES,
            "--record", str(tmp_path / "second.txt"),
        )  # fmt: skip

        assert code == 0, said
        assert b"kek" not in (tmp_path / "kek").read_bytes()
        assert idp(moved, "audit", "verify").exit_code == 0
        second = (tmp_path / "second.txt").read_text()
        assert KeyUri.read(re.search(r"pkcs11:\S+", second)[0]).token == LABEL
