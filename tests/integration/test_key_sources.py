"""Where the key-encryption key comes from, as commands and workers open it."""

import json
import os
import socket
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner
from joserfc import jwt
from joserfc.jwk import KeySet

from idp import clock
from idp.cli import main
from idp.config import Pkcs11Config
from idp.provider import build_provider
from idp.storage import key_material
from idp.storage.key_material import open_kek
from keys.kek import PassphraseCustody, create_kek
from tests.hsm import LABEL, soft_hsm
from tests.integration.token_side import register
from tests.log_scan import KEK_PASSPHRASE as PASSPHRASE
from tests.performance.stage import await_discovery
from tests.prove.stage import command, without_coverage
from tests.stores import fresh_database

SETTINGS = """\
[database]
url = "{database}"
[ephemeral]
url = "embedded:ephemeral.db"
[keys]
kek_source = "passphrase"
[sandbox]
enabled = true
[log]
level = "WARNING"
format = "text"
"""


def descriptor(line):
    """Return a file descriptor from which this line can be read."""
    read, write = os.pipe()
    os.write(write, f"{line}\n".encode())
    os.close(write)
    return read


def start(settings, *words, line=None):
    """Start a command without a terminal, with a line on a descriptor, if any."""
    given = [] if line is None else [descriptor(line)]
    options = [word for number in given for word in ("--passphrase-fd", str(number))]
    process = subprocess.Popen(
        [*command(settings, *options), *words],
        env=without_coverage(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        pass_fds=given,
    )
    for number in given:
        os.close(number)
    return process


def run(settings, *words, passphrase):
    """Run a command as a process of its own, but in this one: that is faster."""
    key_material._opened.clear()
    options = ["--config", str(settings), "--passphrase-fd"]
    arguments = [*options, str(descriptor(passphrase)), *words]
    return CliRunner().invoke(main, arguments)


def test_a_passphrase_opens_the_keys(services, tmp_path):
    """The right one does; another, and none without a terminal, are told."""
    choice = {"backend": "embedded", "template": "empty", "folder": tmp_path}
    settings = tmp_path / "config.toml"
    with fresh_database(services, **choice) as url:
        settings.write_text(SETTINGS.format(database=url))
        made = run(settings, "keys", "init", "--create-kek", passphrase=PASSPHRASE)
        right = run(settings, "keys", "status", passphrase=PASSPHRASE)
        wrong = run(settings, "keys", "status", passphrase="một câu nào khác thế")
        untold = start(settings, "keys", "status").communicate(timeout=110)[0]

    assert (made.exit_code, right.exit_code) == (0, 0), made.output + right.output
    assert '"kek": "passphrase"' in (tmp_path / "kek").read_text()
    assert (wrong.exit_code, "the passphrase is wrong" in wrong.output) == (1, True)
    assert "idp --passphrase-fd N" in untold


@pytest.fixture
def served(config, tmp_path):
    """Return settings, client and issuer: keys in a token, its owner's passphrase."""
    folder = tmp_path / "hsm"
    folder.mkdir()
    kek = open_kek(config)
    create_kek(tmp_path / "kek", PassphraseCustody(lambda _: PASSPHRASE), kek)
    with soft_hsm(folder) as hsm, socket.socket() as free:
        keys = replace(config.keys, signers="pkcs11")
        token = Pkcs11Config(hsm.module, LABEL, hsm.pin_file)
        provider = build_provider(replace(config, keys=keys, pkcs11=token))
        with closing(provider.database), closing(provider.ephemeral):
            client = register(provider, grant_types=["client_credentials"],
                              redirect_uris=[], scope="openid",
                              resources=["https://api.example/"])  # fmt: skip
            for key in provider.rotator.store.rows():
                if key.ring.purpose == "access_token":
                    provider.rotator.kill(key.kid, now=clock.now(), reason="moved")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        section = "".join(f"{k} = {json.dumps(v)}\n" for k, v in hsm.settings.items())
        issuer = f"http://localhost:{port}"
        (tmp_path / "config.toml").write_text(
            f'issuer = "{issuer}"\n[server]\nport = {port}\n'
            + SETTINGS.format(database=config.database.url).replace(
                "[keys]", '[keys]\nsigners = "pkcs11"'
            )
            + f"[pkcs11]\n{section}"
        )
        yield tmp_path / "config.toml", client, issuer


def test_workers_sign_in_the_token_after_one_passphrase(served):
    """The parent is asked alone; each worker has its own session, forked before it."""
    settings, client, issuer = served
    process = start(settings, "serve", line=PASSPHRASE)
    try:
        await_discovery(issuer)
        keys = KeySet.import_key_set(requests.get(f"{issuer}/jwks.json").json())
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        told = [process.pid, *map(int, children.read_text().split())]
        for _ in range(20):
            answered = requests.post(
                f"{issuer}/token",
                data={"grant_type": "client_credentials"},
                auth=(client.client_id, client.secret),
            )
            assert answered.status_code == 200, answered.text
            token = answered.json()["access_token"]
            assert jwt.decode(token, keys, algorithms=["ES256"]).claims["sub"]
        for pid in told:
            for place in ("environ", "cmdline"):
                assert (
                    PASSPHRASE.encode() not in Path(f"/proc/{pid}/{place}").read_bytes()
                )
    finally:
        process.terminate()
        output = process.communicate(timeout=110)[0]
    assert len(told) > 2, output
