"""Messages that are not as docs/chip-reader.md says are refused and use nothing up."""

import json

import pytest
from flask import Flask

from idp import clock
from idp.provider import Provider
from keys.algorithms import SoftwareSigner
from tests.driver import Browser
from tests.integration.chip.agent import ISSUER, Agent, encode, refusal, start_token
from tests.integration.chip.people import chip_of


def _deep(agent: Agent) -> bytes:
    return _signed(agent, b'{"a":' * 5000 + b"1" + b"}" * 5000)


def _twice(agent: Agent) -> bytes:
    now = clock.timestamp(clock.now())
    members = {"aud": ISSUER, "iat": now, "seq": 0, "atr": ""}
    return _signed(agent, json.dumps(members).encode()[:-1] + b', "seq": 1}')


def _signed(agent: Agent, payload: bytes) -> bytes:
    header = encode(json.dumps({"alg": "ES256", "typ": "chip+jwt"}).encode())
    message = f"{header}.{encode(payload)}"
    signature = SoftwareSigner(agent.key).sign(message.encode())
    return f"{message}.{encode(signature)}".encode()


BROKEN = {
    "no JWS": lambda agent: b"hello",
    "two parts": lambda agent: b"e30.e30",
    "no JSON": lambda agent: b"eA.eA.eA",
    "another type": lambda agent: agent.jws({"seq": 0, "atr": ""}, typ="JWT"),
    "no type": lambda agent: agent.jws({"seq": 0, "atr": ""}, typ=None),
    "alg none": lambda agent: agent.jws({"seq": 0, "atr": ""}, alg="none"),
    "an unknown extension": lambda agent: agent.jws(
        {"seq": 0, "atr": ""}, crit=["b64"]
    ),
    "another audience": lambda agent: agent.jws(
        {"seq": 0, "atr": "", "aud": "https://other.example"}
    ),
    "no time": lambda agent: agent.jws({"seq": 0, "atr": "", "iat": None}),
    "no sequence": lambda agent: agent.jws({"atr": ""}),
    "a sequence of text": lambda agent: agent.jws({"seq": "0", "atr": ""}),
    "a sequence that is true": lambda agent: agent.jws({"seq": False, "atr": ""}),
    "nothing else": lambda agent: agent.jws({"seq": 0}),
    "two things at once": lambda agent: agent.jws(
        {"seq": 0, "atr": "", "cancelled": "user"}
    ),
    "answers to nothing": lambda agent: agent.jws({"seq": 0, "rapdus": ["9000"]}),
    "a wrong reason": lambda agent: agent.jws({"seq": 0, "cancelled": "bored"}),
    "no hexadecimal": lambda agent: agent.jws({"seq": 0, "atr": "xx"}),
    "hexadecimal with blanks": lambda agent: agent.jws({"seq": 0, "atr": "3b 00"}),
    "half a character": lambda agent: agent.jws({"seq": 0, "atr": "\ud800"}),
    "a long ATR": lambda agent: agent.jws({"seq": 0, "atr": "00" * 65}),
    "a long number": lambda agent: agent.jws({"seq": 0, "atr": "", "iat": 10**400}),
    "deep": _deep,
    "a member twice": _twice,
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_messages(agent: Agent, card, name: str) -> None:
    """Each is refused as JSON, and uses nothing up."""
    answered = agent.post(f"/chip/sessions/{agent.session}", BROKEN[name](agent))

    assert refusal(answered)[0] == 400
    good = agent.send({"seq": 0, "atr": chip_of(card).atr.hex()})
    assert good.status_code == 200


def test_a_clock_that_is_wrong(agent: Agent) -> None:
    """The agent is told our time."""
    now = clock.timestamp(clock.now())
    answered = agent.send({"seq": 0, "atr": "", "iat": now - 3600})

    assert refusal(answered) == (400, "clock")
    assert str(now)[:6] in answered.get_json()["error_description"]


@pytest.mark.parametrize(
    "changes",
    [
        {"agent": None},
        {"agent": {"name": "", "version": "1"}},
        {"agent": {"name": "x" * 65, "version": "1"}},
        {"extended_length": 1},
        {"max_batch": 0},
        {"max_batch": True},
        {"start_token": None},
        {"start_token": ""},
        {"start_token": "\ud800"},
    ],
)
def test_first_messages_that_lack_something(app, browser, changes) -> None:
    """They are refused before the token is used up."""
    token = start_token(browser)

    refused = Agent(app).open(**{"start_token": token} | changes)

    assert refusal(refused) == (400, "invalid_message")
    assert Agent(app).open(token).status_code == 201


@pytest.mark.parametrize(
    "spoil",
    [
        lambda jwk: jwk | {"d": jwk["x"]},
        lambda jwk: jwk | {"crv": "P-384"},
        lambda jwk: jwk | {"kty": "oct"},
        lambda jwk: jwk | {"x": jwk["y"]},
        lambda jwk: jwk | {"x": jwk["x"][:-4]},
        lambda jwk: jwk | {"x": 7},
        lambda jwk: jwk | {"x": "\ud800"},
        lambda jwk: None,
        lambda jwk: [jwk],
    ],
)
def test_keys_that_are_none(app: Flask, browser: Browser, spoil) -> None:
    """A private, foreign, broken or missing key opens no session."""
    agent = Agent(app)
    members = {"start_token": start_token(browser)}
    body = agent.jws(members, jwk=spoil(agent.jwk()))

    assert refusal(agent.post("/chip/sessions", body)) == (400, "invalid_message")


def test_sizes_and_kinds(agent: Agent, provider: Provider) -> None:
    """Too much is 413, another type and another method are told in JSON."""
    path = f"/chip/sessions/{agent.session}"
    big = b"a" * (provider.config.server.max_body_bytes + 1)

    assert refusal(agent.post(path, big)) == (413, "too_large")
    body = agent.jws({"seq": 0, "atr": ""})
    answered = agent.post(path, body, content_type="application/json")
    assert refusal(answered) == (400, "invalid_message")
    client = agent.app.test_client()
    for address in (path, "/chip/sessions"):
        answered = client.get(address)
        assert refusal(answered) == (405, "method_not_allowed")
        assert answered.headers["Allow"] == "POST"
