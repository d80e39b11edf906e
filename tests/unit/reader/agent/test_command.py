"""The agent is started for named providers, one port and one reader."""

import builtins
import subprocess
import sys

import pytest

from clients.reader.agent import command
from clients.reader.agent.errors import ReaderMissingError
from clients.reader.agent.pcsc import PcscReader


def run(*arguments):
    """Return what the program says that does not start."""
    return subprocess.run(
        [sys.executable, "-m", "clients.reader", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "agent,issue"),
        (["else"], "agent,issue"),
        (["agent"], "--issuer"),
        (["agent", "--issuer", "http://id.example.vn", "--port", "1"], "not https"),
        (["agent", "--issuer", "https://a.example", "--port", "1"], "--pcsc"),
    ],
)
def test_what_is_missing_is_said(arguments, said):
    """A program for citizens' computers does not guess."""
    finished = run(*arguments)

    assert finished.returncode != 0
    assert said in finished.stderr


def test_a_machine_without_pcscd_is_told_what_to_install(monkeypatch, tmp_path):
    """The one command, and how the service is started."""
    monkeypatch.setenv("PCSCLITE_CSOCK_NAME", str(tmp_path / "nobody"))

    arguments = ["agent", "--issuer", "https://a.example", "--port", "1", "--pcsc"]
    finished = run(*arguments)

    assert finished.returncode == 1
    assert "sudo apt-get install -y pcscd" in finished.stderr


def test_a_machine_without_pyscard_is_told_what_to_install(monkeypatch):
    """It is an extra: the demo's own environment does not have it."""
    real = builtins.__import__

    def without(name, *rest):
        if name == "smartcard":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(ReaderMissingError, match="swig libpcsclite-dev") as refused:
        PcscReader("/venv/python")
    assert "/venv/python -m pip install 'pyscard" in str(refused.value)


def test_virtual_cards_need_no_pcsc(monkeypatch, tmp_path):
    """`--cards` never touches the machine's card service."""
    monkeypatch.delitem(sys.modules, "smartcard", raising=False)
    options = command._parse(
        ["--issuer", "https://a.example", "--port", "1", "--cards", str(tmp_path)]
    )

    reader = command._reader(options)

    assert reader.presence() == "empty"
    assert "smartcard" not in sys.modules
