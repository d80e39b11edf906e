"""A reader agent in a few lines, and citizens with cards, for tests through HTTP.

It speaks what docs/chip-reader.md says and nothing else; the product's agent is tested
with its own suite.
"""

import base64
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from werkzeug.test import TestResponse

from clients.reader.virtual.chip import VirtualChip
from idp import clock
from keys.algorithms import SoftwareSigner
from tests.driver import Browser, at

TOKEN = re.compile(r'name="start_token" value="([^"]+)"')
ISSUER = "http://localhost:8000"


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Agent:
    """One reading: a fresh key, a session once it is open, and what it was told."""

    app: Flask
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    session: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    trips: int = 0
    apdus: int = 0

    def jwk(self) -> dict[str, str]:
        numbers = self.key.public_key().public_numbers()
        x, y = (encode(number.to_bytes(32)) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    def jws(self, members: dict[str, Any], *, key: Any = None, **header: Any) -> bytes:
        """Return a signed message; `aud` and `iat` are right unless given."""
        payload = {"aud": ISSUER, "iat": clock.timestamp(clock.now())} | members
        protected = {"alg": "ES256", "typ": "chip+jwt"} | header
        protected = {name: value for name, value in protected.items() if value}
        parts = [encode(json.dumps(part).encode()) for part in (protected, payload)]
        message = ".".join(parts)
        signature = SoftwareSigner(key or self.key).sign(message.encode())
        return f"{message}.{encode(signature)}".encode()

    def post(self, path: str, body: bytes, **changes: Any) -> TestResponse:
        """Send a body as agents do: no cookies, no Origin."""
        client = self.app.test_client(use_cookies=False)
        return client.post(
            path, data=body, **({"content_type": "application/jose"} | changes)
        )

    def send(self, members: dict[str, Any], **header: Any) -> TestResponse:
        """Send one message of the open session."""
        return self.post(f"/chip/sessions/{self.session}", self.jws(members, **header))

    def open(self, start_token: str, **changes: Any) -> TestResponse:
        """Open the session."""
        members = {
            "start_token": start_token,
            "agent": {"name": "test agent", "version": "1"},
            "extended_length": True,
            "max_batch": 64,
        } | changes
        answered = self.post("/chip/sessions", self.jws(members, jwk=self.jwk()))
        if answered.status_code == 201:
            self.told = answered.get_json()
            self.session = self.told["session"]
        return answered

    def read(self, chip: VirtualChip) -> str:
        """Pass the provider's commands to a chip; return where to go back to."""
        members: dict[str, Any] = {"seq": 0, "atr": chip.atr.hex()}
        while True:
            self.trips += 1
            answer = self.send(members).get_json()
            if answer.get("done"):
                return str(answer["return_url"])
            commands = [bytes.fromhex(text) for text in answer["apdus"]]
            self.apdus += len(commands)
            answers = [chip.transmit(command).hex() for command in commands]
            members = {"seq": answer["seq"], "rapdus": answers}


def start_token(browser: Browser, number: str | None = None) -> str:
    """Press the chip page's button where the browser is; type the number if asked."""
    page = browser.page
    assert page is not None
    if "chip-number" not in page.text and 'name="personal_number"' in page.text:
        assert number is not None, "a number is asked"
        page = browser.submit(personal_number=number)
    page = browser.submit()
    found = TOKEN.search(page.text)
    assert found, page.text[:3000]
    return found[1]


def show_card(
    browser: Browser, chip: VirtualChip, *, number: str | None = None
) -> TestResponse:
    """Read a card from the chip page where the browser is, and come back with it."""
    agent = Agent(browser.client.application)
    opened = agent.open(start_token(browser, number))
    assert opened.status_code == 201, opened.get_json()
    chip.reset()
    return come_back(browser, agent.read(chip))


def come_back(browser: Browser, return_url: str) -> TestResponse:
    """Open the return address in the browser."""
    return browser.visit(return_url.removeprefix(ISSUER))


def go_to_chip(browser: Browser, **query: str) -> TestResponse:
    """Go from any step of a sign-in to its chip page."""
    assert browser.page is not None
    transaction = browser.page.request.path.rsplit("/", 1)[1]
    page = browser.visit(f"/chip/{transaction}")
    assert at(page) == "chip", page.text[:2000]
    return page


def unknown_number() -> str:
    """Return a well-formed number that nobody has."""
    return f"999085{secrets.randbelow(10**6):06}"


def refusal(answered: TestResponse) -> tuple[int, str]:
    """Return status and error of a refusal in JSON."""
    assert answered.mimetype == "application/json"
    assert "Set-Cookie" not in answered.headers
    assert answered.get_json()["error_description"]
    return answered.status_code, answered.get_json()["error"]


def bare(page: TestResponse) -> str:
    """Return a page without what is new each time: ids, times, tokens."""
    text = re.sub(r'value="[0-9a-f]{64}"', "", page.text)
    text = re.sub(r"/chip/[\w-]+|/login/[\w-]+|/ways/[\w-]+", "", text)
    text = re.sub(r'<span class="code">[0-9A-Z]{4}-[0-9A-Z]{4}</span>', "", text)
    text = re.sub(r'value="[\w-]{32}"', "", text)
    return re.sub(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d \+07", "", text)
