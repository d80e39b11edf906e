"""Let a stock client's program sign a citizen in, and return what it was told.

The program prints where to send the browser, reads the address at which the browser
came back, and prints what it learned as its last line.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.e2e import driving
from tests.e2e.running import RunningDemo

HERE = Path(__file__).parent
NODE = (shutil.which("node") or "node", "--require", str(HERE / "older_node.cjs"))
_PATIENCE = 60


def back(demo: RunningDemo) -> str:
    """Return an address where something answers, and knows nothing of the program."""
    return f"{demo.portals['services']}/back"


@contextmanager
def running(*command: str | Path, **told: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program that is told these names in its environment."""
    environment = os.environ | {name.upper(): value for name, value in told.items()}
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=HERE,
    ) as program:
        try:
            yield program
        finally:
            program.kill()


def sign_in(
    page: Page,
    demo: RunningDemo,
    citizen: dict[str, Any],
    *command: str | Path,
    **told: str,
) -> dict[str, Any]:
    """Let the program begin, the citizen sign in, and the program finish."""
    told = {"issuer": demo.issuer, "redirect_uri": back(demo)} | told
    with running(*command, **told) as program:
        page.goto(program.stdout.readline().strip())
        driving.finish(page, demo, citizen)
        learned, _ = program.communicate(page.url + "\n", timeout=_PATIENCE)
        assert program.returncode == 0, learned
    return json.loads(learned.splitlines()[-1])
