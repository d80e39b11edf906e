"""The scan of the run's log finds what must not be there, and fails the run."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from idp.sandbox.citizens import all_citizens
from tests.log_scan import (
    HSM_PINS,
    KEK_PASSPHRASE,
    PORTAL_SECRET,
    SHAPES,
    Secrets,
)

PYTEST = (sys.executable, "-m", "pytest")
ROOT = Path(__file__).parents[2]
PERSON = next(one for one in all_citizens() if one.totp_secret and one.password)
CONFTEST = """
from tests.log_scan import LogScan

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(LogScan(config))
"""
LEAKY = """
import sys

def test_that_passes(tmp_path):
    print({told!r}, file=sys.stderr)
    (tmp_path / "serve.log").write_text({written!r})
"""
TOLD = {
    "personal number": f"refused number={PERSON.account.number}",
    "phone": "message not sent to=0912345678",
    "code": json.dumps({"event": "sent", "code": "123456"}),
    "pin": json.dumps({"event": "card read", "can": "001234", "pin": "4821"}),
    "recovery code": "used recovery code=7KMNP-2QRST",
    "any seed": "enrolled otpauth://totp/A?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "token": "Issue token {'id_token': 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln'}",
    "opaque token": f"found session={'Ab1-' * 10}xyz",
    "key": f"read {b64encode(bytes(range(200, 232))).decode()}",
    "portal's secret": f"client_secret={PORTAL_SECRET}",
    "token's PIN": f"C_Login({HSM_PINS[0]})",
    "passphrase": json.dumps({"typed": KEK_PASSPHRASE}),
    "organisation's number": "found tax_code=9990000001",
    "name": json.dumps({"name": PERSON.account.identity.full_name}),
    "password": f"tried {PERSON.password}",
    "seed": f"seed={PERSON.totp_secret}",
}
HARMLESS = """\
{"method": "GET", "route": "/login/<transaction>", "status": 200, "ms": 12.5,
"request_id": "0af7651916cd43dd8448eb211c80319c", "client_id": "tax",
"event": "request", "level": "info", "timestamp": "2026-11-22T13:40:09.123456Z"}
Listening at http://127.0.0.1:10010
DETAIL:  Key (id)=(00000000-0000-0000-0000-000000000000) already exists.
"""


@pytest.mark.parametrize("kind", TOLD)
def test_each_kind_is_found(kind: str) -> None:
    """Shapes as well as the sandbox's own values, as JSON escapes them too."""
    assert kind in dict(Secrets().found_in(f"first\n{TOLD[kind]}\nlast"))


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        ("pin=4821", {"pin"}),
        ("'pin': b'482193'", {"code", "pin"}),
        ("CAN: 000085", {"code", "pin"}),
        ("passcode = 280461", {"code", "pin"}),
        ("totp=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", {"any seed"}),
        ('pin_file="/etc/pin" pins=4821 scan=1234 japan: 2026', set()),
        ("code=DD-AUTH-008 exit code: 143 status=4821", set()),
        ("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP=", set()),
    ],
)
def test_what_is_short_is_found_by_its_name(told: str, kinds: set[str]) -> None:
    """A PIN by the word before it, a seed by its letters; no other word is one."""
    assert {kind for kind, _ in Secrets().found_in(told)} == kinds


def test_ordinary_lines_tell_nothing() -> None:
    """Times, ports, request ids and routes are no secrets."""
    assert set(SHAPES) < set(TOLD)
    assert not list(Secrets().found_in(HARMLESS))


def test_a_keys_name_is_no_token() -> None:
    """Only where a key is named; the same word anywhere else is found."""
    kid = "zahIzi1MWMY2-PndNqZnsdCZI16yI0FUILBrnNb5I-o"
    told = (
        f"signing kid={kid}",
        json.dumps({"kid": kid}),
        f"signing key {kid} has a foreign public part",
        f"no signing key is called {kid}",
        f"Key (kid)=({kid}) already exists",
    )

    assert not [line for line in told if list(Secrets().found_in(line))]
    assert list(Secrets().found_in(f"cookie={kid}"))


def test_a_run_that_tells_something_fails() -> None:
    """Its test passes, on another worker; the run does not, and says where it was."""
    with TemporaryDirectory() as name:  # outside of what this run itself scans
        folder = Path(name)
        (folder / "conftest.py").write_text(CONFTEST)
        leaky = LEAKY.format(told=TOLD["seed"], written=TOLD["personal number"])
        (folder / "test_leaky.py").write_text(leaky)
        bare = {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        run = subprocess.run(
            [*PYTEST, "-p", "xdist", "-n1", f"--basetemp={folder / 'base'}", name],
            env={**os.environ, **bare},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )

    assert "1 passed" in run.stdout
    assert run.returncode == 1
    assert "seed in test_leaky.py::test_that_passes" in run.stdout
    assert "personal number in serve.log" in run.stdout
