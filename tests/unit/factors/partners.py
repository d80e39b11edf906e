"""A partner's service on loopback that answers as the test says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        asked = json.loads(body)
        self.server.requests.append((dict(self.headers), asked))
        status, answer = self.server.reply(asked)
        parts = answer if isinstance(answer, list) else [answer]
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        try:
            for part in parts:
                self.wfile.write(part if isinstance(part, bytes) else part())
        except OSError:
            pass  # the caller had enough

    def log_message(self, *args) -> None:
        """Keep quiet."""


@contextmanager
def partner(reply) -> Iterator[ThreadingHTTPServer]:
    """Run a service whose `reply(asked)` returns status and body."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.requests, server.reply = [], reply
        server.url = f"http://127.0.0.1:{server.server_port}/ask"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


NONSENSE = [
    (200, b""),
    (200, b"no"),
    (200, b"[]"),
    (200, b"{}"),
    (200, b'{"x": 1}'),
    (200, b"\xff\xfe"),
    (200, [b"x" * 65_536, b"x" * 65_536]),
    (301, b"{}"),
    (401, b"{}"),
    (404, b"{}"),
    (429, b"{}"),
    (500, b"{}"),
]
