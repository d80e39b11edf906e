"""Calls to other machines end in time, however slowly those answer."""

import socket
import threading
from urllib.parse import urlsplit

import pytest

from idp import outbound
from idp.config import FaceConfig, RegistryConfig
from idp.factors.face import FaceError, HttpFaces
from idp.outbound import NoAnswerError
from idp.registry.divisions import packaged
from idp.registry.port import Asker, Question, RegistryDownError
from idp.registry.soap import SoapRegistry
from tests.drip import dripping
from tests.unit.factors.partners import partner
from tests.unit.world import NOW

_HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 5000\r\n\r\n"
# A TLS record that would be long: the handshake never ends.
_RECORD = b"\x16\x03\x03\x3f\xff"


def _ask_registry(url):
    config = RegistryConfig(source="soap", url=url, timeout=0.2)
    question = Question("001085000123", "A B", "1985")
    SoapRegistry(config, packaged).confirms(question, Asker("p", "o", "u"), now=NOW)


def _ask_partner(url):
    HttpFaces(FaceConfig(match="http", url=url, timeout=0.2)).recognises("1", b"photo")


@pytest.mark.parametrize(
    ("ask", "refusal"), [(_ask_registry, RegistryDownError), (_ask_partner, FaceError)]
)
def test_a_body_that_drips_is_cut_at_the_timeout(ask, refusal):
    """Not at the timeout of each byte: the server sees its caller go."""
    with dripping(_HEADERS) as server, pytest.raises(refusal) as caught:
        ask(f"http://127.0.0.1:{server.port}/")
    assert server.was_cut
    assert caught.value.detail.endswith("an answer too slow")


@pytest.mark.parametrize(
    ("scheme", "prefix"),
    [("http", b"HTTP/1.1 200 OK\r\nX: "), ("http", b"HT"), ("https", _RECORD)],
)
def test_so_are_headers_and_handshakes(scheme, prefix):
    """Every part of the exchange is under one watch."""
    with dripping(prefix) as server:
        url = f"{scheme}://127.0.0.1:{server.port}/"
        with pytest.raises(NoAnswerError, match="too slow"):
            outbound.post(url, b"", {}, timeout=0.2, most=10, within=None)
    assert server.was_cut


def test_only_a_whole_answer_within_its_size_is_one():
    """A promised length is kept; nothing of a body that nobody wants is read."""
    with partner(lambda _: (200, [b"{}", b" "])) as server:
        answer = outbound.post(server.url, b"{}", {}, timeout=5, most=3, within=None)
        assert (answer.status, answer.body) == (200, b"{} ")
        unread = outbound.post(server.url, b"{}", {}, timeout=5, most=0, within=None)
        assert unread.body == b""
        with pytest.raises(NoAnswerError, match="too long"):
            outbound.post(server.url, b"{}", {}, timeout=5, most=2, within=None)
        headers = {"X": "a\r\nY: b"}
        with pytest.raises(NoAnswerError, match="ValueError"):
            outbound.post(server.url, b"{}", headers, timeout=5, most=0, within=None)
    short = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"
    with dripping(short, drops=0) as server:
        url = f"http://127.0.0.1:{server.port}/"
        with pytest.raises(NoAnswerError, match="cut short"):
            outbound.post(url, b"", {}, timeout=5, most=9, within=None)


@pytest.mark.parametrize(
    ("within", "host"),
    [
        ((), "127.0.0.1"),
        ((), "192.0.2.1"),
        (("10.0.0.0/8",), "127.0.0.1"),
        (("public",), "127.0.0.1"),
        (("public",), "localhost"),
        (("public",), "169.254.169.254"),
        (("public",), "224.0.0.1"),
        (("public",), "[::1]"),
        (("public",), "[::ffff:127.0.0.1]"),
        (("public",), "[::ffff:100.64.0.1]"),
        (("public",), "[64:ff9b::7f00:1]"),
        (("public",), "[2002:7f00:1::]"),
        (("public",), "[64:ff9b:1::7f00:1]"),
        (("public",), "[::ffff:0:7f00:1]"),
        (("public",), "[fec0::1]"),
        (("public",), "[3fff::1]"),
        (("public",), "[::127.0.0.1]"),
        (("2002::/16",), "127.0.0.1"),
    ],
)
def test_no_machine_is_called_that_is_not_allowed(within, host):
    """Empty is none; wrapped private addresses lead a gateway to where it must not."""
    with pytest.raises(NoAnswerError, match="outside the allowed networks"):
        outbound.get(f"http://{host}:9/", {}, timeout=5, most=9, within=within)


def test_an_allowed_machine_is():
    """By its network, as an IPv4 address in IPv6 too."""
    within = ("127.0.0.0/8",)
    with partner(lambda _: (200, [b"{}"])) as server:
        url = server.url.replace("127.0.0.1", "[::ffff:127.0.0.1]")
        for address in (server.url, url):
            answer = outbound.post(address, b"{}", {}, timeout=5, most=9, within=within)
            assert answer.body == b"{}"


def test_a_name_that_changes_its_address_leads_nowhere_else(monkeypatch):
    """DNS rebinding: a name is looked up once, and what was checked is called."""
    answers = iter(["127.0.0.1", "127.0.0.2", "127.0.0.2"])
    real = socket.getaddrinfo

    def changing(host, port, **options):
        return real(
            next(answers) if host == "portal.example" else host, port, **options
        )

    monkeypatch.setattr(socket, "getaddrinfo", changing)
    with partner(lambda _: (200, [b"{}"])) as server:
        port = urlsplit(server.url).port
        url = f"http://portal.example:{port}/"
        within = ("127.0.0.1/32",)
        answer = outbound.post(url, b"{}", {}, timeout=5, most=9, within=within)
        assert answer.status == 200
    assert next(answers) == "127.0.0.2", "looked up once"


def test_a_resolver_that_does_not_answer_is_given_up(monkeypatch):
    """CWE-400: its name servers are the portal's own, and may be silent."""
    is_over, has_answered = threading.Event(), threading.Event()

    def silent(*_place, **_options):
        is_over.wait(30)
        has_answered.set()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    try:
        with pytest.raises(NoAnswerError, match="too slow"):
            outbound.get(
                "https://portal.example/", {}, timeout=0.05, most=9, within=("public",)
            )
        assert not has_answered.is_set()
    finally:
        is_over.set()
    assert has_answered.wait(30)
