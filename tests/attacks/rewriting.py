"""A proxy of bad habits in front of the provider: it changes answers on their way."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import parse_qs

import pytest

from idp.oidc.door import MachineDoor


@dataclass
class Exchange:
    """One request with its answer, which a weakness may change."""

    environ: dict
    posted: bytes
    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.environ["PATH_INFO"]

    def asked(self, name: str) -> str:
        """Return a parameter of the address or of the form."""
        text = f"{self.environ.get('QUERY_STRING', '')}&{self.posted.decode('latin-1')}"
        return parse_qs(text).get(name, [""])[0]

    def redirect(self, location: str) -> None:
        self.status = "303 See Other"
        self.headers = [("Location", location)]

    def change_header(self, name: str, change: Callable[[str], str | None]) -> None:
        """Change a header's values; None leaves it out."""
        changed = [(n, change(v) if n == name else v) for n, v in self.headers]
        self.headers = [(n, v) for n, v in changed if v is not None]


def rewrite(patch: pytest.MonkeyPatch, change: Callable[[Exchange], None]) -> None:
    """Let `change` have every answer before the browser has it."""
    original = MachineDoor.__call__

    def call(self, environ, start_response):
        posted = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(posted)
        seen = Exchange(environ, posted)

        def remember(status, headers, exc_info=None):
            seen.status, seen.headers = status, list(headers)

        answered = original(self, environ, remember)
        if hasattr(answered, "close"):
            with closing(answered):
                seen.body = b"".join(answered)
        else:
            seen.body = b"".join(answered)
        change(seen)
        length = ("Content-Length", str(len(seen.body)))
        kept = [item for item in seen.headers if item[0].lower() != "content-length"]
        start_response(seen.status, [*kept, length])
        return [seen.body]

    patch.setattr(MachineDoor, "__call__", call)
