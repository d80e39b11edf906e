"""What README and docs/ tell newcomers is true: the commands, the code, the links."""

import json
import re
import subprocess
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from werkzeug.serving import WSGIRequestHandler, make_server

from idp.cli import main
from tests.e2e.driving import finish
from tests.e2e.people import told
from tests.e2e.running import IDP

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]


def blocks(page: Path, language: str) -> list[str]:
    """Return the page's code blocks in that language."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.e2e
@pytest.mark.timeout(240)
def test_a_portal_connects_in_ten_lines(page, demo, citizens):
    """README's metadata and README's code, as they stand, sign a citizen in."""
    metadata = next(b for b in blocks(ROOT / "README.md", "sh") if "JSON" in b)
    code = blocks(ROOT / "README.md", "python")[0]
    assert len(code.splitlines()) <= 11
    with Portal() as portal:
        registered = subprocess.run(
            [*IDP, "--config", str(demo.folder / "config.toml"), "clients", "add", "-"],
            input=portal.moved(re.search(r"\{.*\}", metadata, re.DOTALL)[0]),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        client = json.loads(registered)
        code = code.replace("http://localhost:8000", demo.issuer)
        code = code.replace('client_id="…"', f"client_id={client['client_id']!r}")
        code = code.replace(
            'client_secret="…"', f"client_secret={client['client_secret']!r}"
        )
        portal.run(portal.moved(code))

        page.goto(portal.url)
        finish(page, demo, told(citizens, "birth year"))
        claims = json.loads(page.inner_text("body"))

    assert claims["birthdate"] == "1945"
    assert claims["residence"]["permanent"]["commune_code"]


class _Silent(WSGIRequestHandler):
    """The portal's development server, which would log the codes in its addresses."""

    def log_request(self, *_: object) -> None:
        """Tell nothing: it is no log of the provider's."""


class Portal:
    """The README's Flask application on a free port, in a thread."""

    def __enter__(self):
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_Silent
        )
        self.url = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def moved(self, text: str) -> str:
        """Return the text with this portal's address instead of the README's."""
        return text.replace("http://127.0.0.1:5000", self.url)

    def run(self, code: str) -> None:
        """Take the application that the code makes."""
        names = {"__name__": "portal"}
        exec(code, names)
        self._application = names["app"]

    def _answer(self, environ, start_response):
        return self._application(environ, start_response)


@pytest.mark.parametrize("document", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(document):
    """Every file that a page links to exists, and so does each heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        linked = document.parent / name if name else document
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
            anchors = {
                re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings
            }
            assert anchor in anchors, target


@pytest.mark.parametrize("document", PAGES, ids=lambda page: page.name)
def test_commands_exist(document):
    """Every `idp …` command in a page's shell blocks has a help page."""
    text = "".join(blocks(document, "sh"))
    for line in re.findall(r"^(?:\.venv/bin/)?idp ([a-z -]*[a-z])", text, re.MULTILINE):
        words = [word for word in line.split() if not word.startswith("-")]
        result = CliRunner().invoke(main, [*words[:2], "--help"])
        assert result.exit_code == 0, line


def test_the_map_names_every_package():
    """A package that README's map forgets cannot be found by newcomers."""
    text = (ROOT / "README.md").read_text()
    packages = {path.parent.name for path in (ROOT / "idp").glob("*/__init__.py")}

    assert {name for name in packages if f"{name}/" not in text} == set()
