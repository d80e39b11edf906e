"""A portal that listens for sign-outs: a real HTTP server on this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jws, jwt
from joserfc.jwk import KeySet

from idp import clock
from idp.provider import Provider


@dataclass
class Ear:
    """What a portal heard, and how it answers: a status for each call, then 200.

    While `may_answer` is not set it hangs; `has_heard` is set by every call.
    """

    uri: str = ""
    tokens: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)
    has_heard: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    def heard(self, provider: Provider) -> list[dict[str, Any]]:
        """Return the claims of every logout token, its header and signature proven."""
        provider.courier.wait()
        keys = KeySet.import_key_set(provider.rings.jwks(clock.now()))
        claims = []
        for token in self.tokens:
            assert jws.extract_compact(token.encode()).headers()["typ"] == "logout+jwt"
            decoded = jwt.decode(token, keys, algorithms=["RS256", "ES256"])
            claims.append(decoded.claims)
        return claims


@contextmanager
def listening() -> Iterator[Ear]:
    """Run the server for the time of a test."""
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            ear.tokens.append(parse_qs(body)["logout_token"][0])
            ear.has_heard.set()
            ear.may_answer.wait()
            status = ear.answers.pop(0) if ear.answers else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", ear.uri + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        ear.uri = f"http://127.0.0.1:{server.server_port}/bye"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield ear
        finally:
            ear.may_answer.set()
            server.shutdown()
            thread.join()


@dataclass
class Receiver:
    """What an endpoint for security events got, by which headers, and its answers."""

    uri: str = ""
    tokens: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: list[tuple[str | None, str | None]] = field(default_factory=list)


@contextmanager
def taking() -> Iterator[Receiver]:
    """Run an endpoint that takes security events (RFC 8935 §2.2)."""
    taken = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.tokens.append(body.decode())
            told = (self.headers["Authorization"], self.headers["Content-Type"])
            taken.headers.append(told)
            self.send_response(taken.answers.pop(0) if taken.answers else 202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        taken.uri = f"http://127.0.0.1:{server.server_port}/events"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield taken
        finally:
            server.shutdown()
            thread.join()
