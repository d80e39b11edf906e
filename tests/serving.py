"""A portal's own address on loopback, which answers GET as the test says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Place:
    """What stands there, and how often it was asked for."""

    uri: str = ""
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    answers: int | None = None  # so often, then it hangs up

    def show(self, value: Any) -> None:
        """Put JSON there."""
        self.body = json.dumps(value).encode()


@contextmanager
def serving(value: Any = None) -> Iterator[Place]:
    """Run the address for the time of a test."""
    place = Place()
    place.show(value)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place.asked += 1
            if place.answers is not None and place.asked > place.answers:
                return
            self.send_response(place.status)
            for name, text in place.headers.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(place.body)))
            self.end_headers()
            self.wfile.write(place.body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        place.uri = f"http://127.0.0.1:{server.server_port}/place"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield place
        finally:
            server.shutdown()
            thread.join()
