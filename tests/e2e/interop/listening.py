"""Addresses where a browser lands: a small server on a free port."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.certificates import Authority

Answer = Callable[[str], tuple[str, bytes]]


@contextmanager
def listening(answer: Answer, *, tls: Path | None = None) -> Iterator[str]:
    """Answer each path with a media type and a body; yield the address.

    With a folder for a certificate that nobody trusts, the address is https.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = answer(self.path)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Keep quiet: addresses hold codes."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = _context(tls).wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            scheme = "https" if tls else "http"
            yield f"{scheme}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _context(folder: Path) -> ssl.SSLContext:
    authority, file = Authority("CN=127.0.0.1"), folder / "landing.pem"
    file.write_text(authority.key_pem + authority.certificate_pem, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
