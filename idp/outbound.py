"""One call to somebody else's HTTP service, bounded in place, time and size.

An address that a portal registered may be wrong or hostile: only machines of the
networks that the operator allows are called, and the machine that was looked at is the
one that is called, so that a name cannot lead elsewhere between the two (CWE-918).

A timeout of sockets begins anew with every byte, so that a server which drips holds a
thread for hours. Here a watch cuts the connection when the time is over, be it in the
handshake, the headers or the body, and the look-up of such an address is given up.
Redirects are not followed; proxies and credentials of the environment are not used; no
part of a message is in an error.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPSConnection
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from idp import networks

_LOOK_UPS = threading.BoundedSemaphore(32)


class NoAnswerError(Exception):
    """Nothing usable came back; its text names a class or a limit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back in time."""

    status: int
    headers: HTTPMessage
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: a method with its body and headers."""

    method: str
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def post(  # noqa: PLR0913 - the message, then its bounds
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout: float,
    most: int,
    within: Sequence[str] | None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send the body and return the answer, of at most `most` bytes; 0 reads none.

    `within` are the networks that may be called; None is for an address that the
    operator's own configuration names, whose look-up has the resolver's own time.
    Raises `NoAnswerError`.
    """
    message = Message("POST", body, headers)
    return _call(url, message, timeout=timeout, most=most, within=within, tls=tls)


def get(
    url: str,
    headers: Mapping[str, str],
    *,
    timeout: float,
    most: int,
    within: Sequence[str] | None,
) -> Answer:
    """Return what is at an address, bounded as with `post`; raises `NoAnswerError`."""
    message = Message("GET", headers=headers)
    return _call(url, message, timeout=timeout, most=most, within=within, tls=None)


def _call(  # noqa: PLR0913 - the message, then its bounds
    url: str,
    message: Message,
    *,
    timeout: float,
    most: int,
    within: Sequence[str] | None,
    tls: ssl.SSLContext | None,
) -> Answer:
    if url.startswith("https:"):
        tls = tls or _public_tls()  # our own work is not part of the other's time
    until = time.monotonic() + timeout
    try:
        with (
            closing(_connect(url, until, within)) as raw,
            _watched(raw, until),
            closing(_speak(raw, url, tls)) as http,
        ):
            return _exchange(http, url, message, most)
    except TimeoutError:  # the socket's own, a moment before the watch
        raise NoAnswerError("an answer too slow") from None
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


def _connect(url: str, until: float, within: Sequence[str] | None) -> socket.socket:
    """Connect to the first address that takes it; each has its share of the time."""
    found = _look_up(url, until) if within is not None else _resolve(url)
    if within is not None:
        addresses = [ip_address(item[4][0]) for item in found]
        if not all(networks.allow(within, one) for one in addresses):
            raise NoAnswerError("an address outside the allowed networks")
    refused: OSError = TimeoutError()
    for position, (family, kind, protocol, _, address) in enumerate(found):
        raw = socket.socket(family, kind, protocol)
        share = (until - time.monotonic()) / (len(found) - position)
        try:
            raw.settimeout(max(share, 0.001))
            raw.connect(address)
        except OSError as error:
            raw.close()
            refused = error
        else:
            raw.settimeout(max(until - time.monotonic(), 0.001))
            return raw
    raise refused


def _resolve(url: str) -> list[Any]:
    return socket.getaddrinfo(*_host_and_port(url), type=socket.SOCK_STREAM)


def _look_up(url: str, until: float) -> list[Any]:
    """Return the addresses of the name; a resolver knows no end of its own (CWE-400).

    One that is given up goes on in its thread, so their number is bounded.
    """
    if not _LOOK_UPS.acquire(timeout=max(until - time.monotonic(), 0)):
        raise TimeoutError
    found: Future[list[Any]] = Future()

    def ask() -> None:
        try:
            found.set_result(_resolve(url))
        except Exception as error:  # noqa: BLE001 - raised by who waits for it
            found.set_exception(error)
        finally:
            _LOOK_UPS.release()

    threading.Thread(target=ask, daemon=True).start()
    return found.result(max(until - time.monotonic(), 0))


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


def _speak(raw: socket.socket, url: str, tls: ssl.SSLContext | None) -> HTTPConnection:
    """Return HTTP on this connection; by TLS the machine proves the name first."""
    host, port = _host_and_port(url)
    http = HTTPConnection(host, port)
    if tls is not None and url.startswith("https:"):
        http = HTTPSConnection(host, port, context=tls)
        raw = tls.wrap_socket(raw, server_hostname=host)
    http.sock = raw
    return http


def _exchange(http: HTTPConnection, url: str, message: Message, most: int) -> Answer:
    headers = {**message.headers, "Connection": "close"}
    http.request(message.method, _path(url), message.body or None, headers)
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
