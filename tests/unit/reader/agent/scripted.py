"""A provider that says what a test tells it to, and a reader with a card to match.

They stand for the two outside worlds of the agent where a real one cannot misbehave.
"""

import json
import threading
from contextlib import suppress
from typing import Any

from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import ECKey
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from clients.reader.agent.errors import CardRemovedError
from clients.reader.agent.readers import SandboxCard

SESSION = "s" * 22
OPENED = (
    201,
    {
        "session": SESSION,
        "portal": {"name": "Sông Xanh", "domain": "bank.example.test"},
        "reads": ["identity"],
        "expires_in": 120,
    },
)
SELECT = "00a4040c07a0000002471001"
ATR = bytes.fromhex("3b80800101")


class ScriptedProvider:
    """Answers one message after the other from a list, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = []
        self.requests: list[Request] = []
        self.messages: list[jws.CompactSignature] = []
        self._keys: list[ECKey] = []

    def __enter__(self):
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=Silent
        )
        self.issuer = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def says(self, *answers: tuple[int, Any]) -> None:
        """Tell what to answer next."""
        self.answers.extend(answers)

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """Return what the signed messages said."""
        return [json.loads(message.payload) for message in self.messages]

    def done(self, url: str | None = None) -> tuple[int, dict[str, Any]]:
        """Return the answer that ends a session."""
        url = url or f"{self.issuer}/chip/return?code=c"
        return 200, {"done": True, "return_url": url}

    @Request.application
    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        text = request.get_data(as_text=True)
        header = jws.extract_compact(text.encode()).headers()
        if "jwk" in header:
            self._keys.append(ECKey.import_key(header["jwk"]))
        self.messages.append(self._verified(text))
        status, body = self.answers.pop(0)
        if status in (301, 302, 303, 307):
            return Response(status=status, headers={"Location": body})
        text = body if isinstance(body, str) else json.dumps(body)
        return Response(text, status, content_type="application/json")

    def _verified(self, text: str) -> jws.CompactSignature:
        # Raises, and so answers 500, unless the key of a first message has signed.
        for key in self._keys:
            with suppress(BadSignatureError):
                return jws.deserialize_compact(text, key, ["ES256"])
        raise AssertionError("a message that nobody has signed")


class Silent(WSGIRequestHandler):
    def log_request(self, *_):
        pass


class ScriptedReader:
    """A reader on which a card is laid, taken away, or never there."""

    def __init__(self, *, presence="card", cards=()) -> None:
        self.present = presence
        self.sent: list[bytes] = []
        self.is_released = False
        self.answer = b"\x90\x00"
        self.chosen: str | None = None
        self._cards = tuple(SandboxCard(number, name) for number, name in cards)

    atr = ATR

    def presence(self):
        return self.present

    def cards(self):
        return self._cards

    def connect(self, choice):
        self.chosen = choice
        return self if self.present == "card" else None

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command)
        if self.answer is None:
            raise CardRemovedError
        return self.answer

    def release(self) -> None:
        self.is_released = True


def wait_until_over(reading) -> None:
    """Wait for a reading's end, however many states it goes through."""
    while reading.status[0] not in ("done", "failed"):
        reading.wait_for_change(reading.mark, 30)
