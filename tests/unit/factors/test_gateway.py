"""One contract for the sandbox's outbox and the HTTP gateway; then each one's own."""

import json
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from idp.config import SmsConfig
from idp.errors import ConfigError
from idp.factors.gateway import GatewayError, HttpGateway, SandboxOutbox
from tests.unit.world import NOW

PHONE, TEXT = "+84500000006", "Dinh Danh: mã 012345"


class Carrier(BaseHTTPRequestHandler):
    """A carrier on loopback that answers as the test says."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), json.loads(body)))
        status, headers, answer = self.server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for part in answer:
                self.wfile.write(part)
        except OSError:
            pass  # the caller had enough

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture
def carrier():
    """Return a running carrier."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Carrier)
    server.daemon_threads = True
    server.requests, server.answer = [], (202, {}, [b'{"id": 1}'])
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def http_gateway(carrier, tmp_path):
    """Return the gateway to the carrier."""
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    return HttpGateway(
        SmsConfig(
            gateway="http",
            url=f"http://127.0.0.1:{carrier.server_port}/messages",
            token_file=token,
            timeout=0.5,
        )
    )


@pytest.fixture(params=["sandbox", "http"])
def way(request):
    """Return a gateway and what has arrived on its other side, newest first."""
    if request.param == "sandbox":
        outbox = SandboxOutbox(request.getfixturevalue("database"))
        return outbox, lambda: [(item.phone, item.text) for item in outbox.list()]
    gateway = request.getfixturevalue("http_gateway")
    carrier = request.getfixturevalue("carrier")
    return gateway, lambda: [
        (body["to"], body["text"]) for _, _, body in reversed(carrier.requests)
    ]


def test_messages_arrive_as_they_were(way):
    """Phone and text, letter for letter, once each."""
    gateway, arrived = way
    gateway.send(PHONE, TEXT, NOW)
    gateway.send("+84500000007", "second", NOW)
    assert arrived() == [("+84500000007", "second"), (PHONE, TEXT)]


def test_nothing_of_a_message_is_logged(way, caplog):
    """Neither phone nor text, at any level."""
    gateway, _ = way
    with caplog.at_level(logging.DEBUG):
        gateway.send(PHONE, TEXT, NOW)
    assert PHONE not in caplog.text
    assert "012345" not in caplog.text


def test_the_outbox_is_read_by_phone(database):
    """One phone's messages, or the newest of all."""
    outbox = SandboxOutbox(database)
    for number in range(3):
        outbox.send(f"+8450000000{number}", "text", NOW)
    assert [item.phone for item in outbox.list("+84500000001")] == ["+84500000001"]
    assert [item.phone for item in outbox.list(limit=1)] == ["+84500000002"]
    assert outbox.list()[0].sent_at == NOW


def test_the_carrier_gets_a_bearer_token(http_gateway, carrier):
    """From the file, without its line end; the path is the configured one."""
    http_gateway.send(PHONE, TEXT, NOW)
    ((path, headers, _),) = carrier.requests
    assert path == "/messages"
    assert headers["Authorization"] == "Bearer s3cret"


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 429, 500, 503])
def test_everything_but_2xx_is_a_failure(http_gateway, carrier, status):
    """A redirect is not followed: the token goes nowhere else."""
    carrier.answer = (status, {"Location": "/elsewhere"}, [])
    with pytest.raises(GatewayError) as failure:
        http_gateway.send(PHONE, TEXT, NOW)
    assert failure.value.code == "DD-SMS-001"
    assert PHONE not in str(failure.value) + failure.value.detail
    assert len(carrier.requests) == 1


def test_an_endless_answer_is_not_read(http_gateway, carrier):
    """The status is enough; what follows is cut off."""
    carrier.answer = (200, {}, (b"x" * 65_536 for _ in range(100_000)))
    http_gateway.send(PHONE, TEXT, NOW)


def test_silence_ends_with_the_timeout(tmp_path):
    """A carrier that accepts and says nothing is a failure, soon."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        gateway = HttpGateway(
            SmsConfig(gateway="http", url=f"http://127.0.0.1:{port}/", timeout=0.2)
        )
        with pytest.raises(GatewayError):
            gateway.send(PHONE, TEXT, NOW)


def test_nobody_there_is_a_failure():
    """A refused connection keeps the phone out of the error."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    gateway = HttpGateway(SmsConfig(gateway="http", url=f"http://127.0.0.1:{port}/"))
    with pytest.raises(GatewayError) as failure:
        gateway.send(PHONE, TEXT, NOW)
    assert PHONE not in failure.value.detail


def test_the_environment_does_not_redirect_messages(
    http_gateway, carrier, monkeypatch, tmp_path
):
    """Neither a proxy variable nor a .netrc changes where it goes and as whom."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    http_gateway.send(PHONE, TEXT, NOW)
    assert carrier.requests[0][1]["Authorization"] == "Bearer s3cret"


def test_a_missing_token_file_stops_the_start(tmp_path):
    """Named by its setting."""
    with pytest.raises(ConfigError, match="token_file"):
        HttpGateway(SmsConfig(gateway="http", token_file=tmp_path / "none"))
