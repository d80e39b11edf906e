"""One POST to somebody else's HTTP service, bounded in time and size whatever it does.

A timeout of sockets begins anew with every byte, so that a server which drips holds a
thread for hours. Here a watch cuts the connection when the time is over, be it in the
handshake, the headers or the body. Redirects are not followed; proxies and credentials
of the environment are not used; no part of a message is in an error.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH


class NoAnswerError(Exception):
    """Nothing usable came back; its text names a class or a limit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back in time."""

    status: int
    headers: HTTPMessage
    body: bytes = field(repr=False)


def post(  # noqa: PLR0913 - the message, then its bounds
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout: float,
    most: int,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send the body and return the answer, of at most `most` bytes; 0 reads none.

    Only the look-up of the name has the resolver's own time. Raises `NoAnswerError`.
    """
    until = time.monotonic() + timeout
    try:
        with closing(_connect(url, until)) as raw, _watched(raw, until):
            return _exchange(raw, url, body, headers, most, tls)
    # ValueError: an address or a header that HTTP cannot carry.
    except (OSError, HTTPException, ValueError) as error:
        # The class only: some messages repeat what was sent.
        raise NoAnswerError(type(error).__name__) from None


def client_tls(ca: str | None, own: tuple[str, str] | None = None) -> ssl.SSLContext:
    """Return a context for an authority and a certificate with key of our own."""
    context = ssl.create_default_context(cafile=ca or DEFAULT_CA_BUNDLE_PATH)
    if own:
        context.load_cert_chain(*own)
    return context


@cache
def _public_tls() -> ssl.SSLContext:
    return client_tls(None)


def _connect(url: str, until: float) -> socket.socket:
    """Connect to the first address that takes it; all of them share the time."""
    refused: OSError = TimeoutError()
    for family, kind, protocol, _, address in socket.getaddrinfo(
        *_host_and_port(url), type=socket.SOCK_STREAM
    ):
        raw = socket.socket(family, kind, protocol)
        try:
            raw.settimeout(max(until - time.monotonic(), 0.001))
            raw.connect(address)
        except OSError as error:
            raw.close()
            refused = error
        else:
            return raw
    raise refused


@contextmanager
def _watched(raw: socket.socket, until: float) -> Iterator[None]:
    """Cut the connection at that time; TLS takes `raw` over, so a copy is held."""
    held, is_over = raw.dup(), threading.Event()

    def cut() -> None:
        is_over.set()
        with suppress(OSError):
            held.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(until - time.monotonic(), 0), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        held.close()
        if is_over.is_set():  # whatever came: what is cut may look whole
            raise NoAnswerError("an answer too slow") from None


def _exchange(  # noqa: PLR0913, PLR0917 - the connection, then the message
    raw: socket.socket,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    most: int,
    tls: ssl.SSLContext | None,
) -> Answer:
    host, port = _host_and_port(url)
    http = HTTPConnection(host, port)
    if url.startswith("https:"):
        tls = tls or _public_tls()
        http = HTTPSConnection(host, port, context=tls)
        raw = tls.wrap_socket(raw, server_hostname=host)
    http.sock = raw
    with closing(http):
        http.request("POST", _path(url), body, {**headers, "Connection": "close"})
        with http.getresponse() as answer:
            read = answer.read(most + 1) if most else b""
            if len(read) > most:
                raise NoAnswerError("an answer too long")
            if most and answer.length:
                raise NoAnswerError("an answer cut short")
            return Answer(answer.status, answer.headers, read)


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
