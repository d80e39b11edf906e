"""Where the key-encryption key comes from, as commands and workers open it."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.prove.stage import command, without_coverage

PASSPHRASE = "năm con ngựa ăn cỏ trên đồi"
SETTINGS = """\
[database]
url = "sqlite:///provider.db"
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


@pytest.fixture
def settings(tmp_path):
    """Return a configuration whose key-encryption key is under a passphrase."""
    file = tmp_path / "config.toml"
    file.write_text(SETTINGS)
    return file


def started(settings: Path, *words: str, lines: str | None = None):
    """Start a command without a terminal, with these lines on a descriptor."""
    if lines is None:
        return subprocess.Popen(
            command(settings, *words),
            env=without_coverage(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    read, write = os.pipe()
    os.write(write, lines.encode())
    os.close(write)
    try:
        return subprocess.Popen(
            [*command(settings, "--passphrase-fd", str(read)), *words],
            env=without_coverage(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            pass_fds=(read,),
        )
    finally:
        os.close(read)


def run(settings: Path, *words: str, lines: str | None = None) -> tuple[int, str]:
    """Return what a command ended with and said."""
    process = started(settings, *words, lines=lines)
    output = process.communicate(timeout=60)[0]
    return process.returncode, output


def test_a_passphrase_opens_the_keys(settings, tmp_path):
    """The right one does; another, and none without a terminal, are told."""
    assert run(settings, "db", "upgrade")[0] == 0
    code, said = run(settings, "keys", "init", "--create-kek", lines=f"{PASSPHRASE}\n")
    assert code == 0, said
    assert '"kek": "passphrase"' in (tmp_path / "kek").read_text()

    assert run(settings, "keys", "status", lines=f"{PASSPHRASE}\n")[0] == 0
    code, said = run(settings, "keys", "status", lines="một câu nào khác thế\n")
    assert (code, "the passphrase is wrong" in said) == (1, True), said
    code, said = run(settings, "keys", "status")
    assert (code, "idp --passphrase-fd N" in said) == (1, True), said
