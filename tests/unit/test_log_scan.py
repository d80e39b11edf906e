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
from tests.log_scan import PORTAL_SECRET, SHAPES, Secrets

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
    "token": "Issue token {'id_token': 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln'}",
    "opaque token": f"found session={'Ab1-' * 10}xyz",
    "key": f"read {b64encode(bytes(range(200, 232))).decode()}",
    "portal's secret": f"client_secret={PORTAL_SECRET}",
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
