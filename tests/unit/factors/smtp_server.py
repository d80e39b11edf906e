"""A real SMTP server on loopback, with STARTTLS or TLS, that keeps what it is given."""

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Post:
    """What arrived, and how the server behaves."""

    security: str
    context: ssl.SSLContext
    user: str = ""
    password: str = ""
    refuses: str = ""  # the command that is answered 550
    offers_tls: bool = True
    letters: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    in_clear: list[str] = field(default_factory=list)
    port: int = 0


class _Dialogue(socketserver.StreamRequestHandler):
    """RFC 5321 as far as one client needs it."""

    def setup(self) -> None:
        self.post: Post = self.server.post
        self.is_secure = False
        super().setup()
        if self.post.security == "tls":
            self.secure()

    def secure(self) -> None:
        self.connection = self.post.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = (
            self.connection.makefile("rb"),
            self.connection.makefile("wb", buffering=0),
        )
        self.is_secure = True

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self) -> None:
        self.sender, self.recipients = "", []
        self.say("220 ready")
        while line := self.rfile.readline():  # of the socket as it is by now
            text = line.decode().strip()
            command = text.split(" ")[0].upper()
            if not self.is_secure:
                self.post.in_clear.append(command)
            if command == self.post.refuses:
                self.say(f"550 no: {text}")
                continue
            getattr(self, f"on_{command.lower()}")(text)
            if command == "QUIT":
                return

    def on_ehlo(self, text: str) -> None:
        offers = ["here", "8BITMIME", "AUTH PLAIN"]
        if not self.is_secure and self.post.offers_tls:
            offers.append("STARTTLS")
        for offer in offers[:-1]:
            self.say(f"250-{offer}")
        self.say(f"250 {offers[-1]}")

    def on_starttls(self, text: str) -> None:
        self.say("220 go")
        self.secure()

    def on_auth(self, text: str) -> None:
        given = base64.b64decode(text.rpartition(" ")[2]).split(b"\0")[1:]
        wanted = [self.post.user.encode(), self.post.password.encode()]
        self.say("235 welcome" if given == wanted else "535 no")

    def on_mail(self, text: str) -> None:
        self.sender = text.partition("<")[2].partition(">")[0]
        self.say("250 yes")

    def on_rcpt(self, text: str) -> None:
        self.recipients.append(text.partition("<")[2].partition(">")[0])
        self.say("250 yes")

    def on_data(self, text: str) -> None:
        self.say("354 go")
        lines = [
            line.removeprefix(b".") for line in iter(self.rfile.readline, b".\r\n")
        ]
        self.post.letters.append((self.sender, self.recipients, b"".join(lines)))
        self.say("250 kept")

    def on_rset(self, text: str) -> None:
        self.say("250 yes")

    def on_quit(self, text: str) -> None:
        self.say("221 bye")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """Keep quiet when a client hangs up in the handshake."""


@contextmanager
def running(certificate: Path, key: Path, security: str, **changes) -> Iterator[Post]:
    """Run the server while the block lasts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    post = Post(security, context, **changes)
    with _Server(("127.0.0.1", 0), _Dialogue) as server:
        server.post, post.port = post, server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield post
        server.shutdown()
        thread.join()
