"""The card database: one contract for the sandbox and HTTP; no answer is no match."""

import json
import logging
import socket
from base64 import b64decode

import pytest

from idp.config import CardDatabaseConfig
from idp.factors.card_database import (
    MAX_CAPTURE,
    SANDBOX_CAPTURES,
    CardDatabaseError,
    HttpCardDatabase,
    NoCardDatabase,
    SandboxCardDatabase,
    capture_digest,
    is_capture,
    open_card_database,
)
from tests.unit.factors.partners import NONSENSE, partner

NUMBER = "999099012345"


def config(url: str, **changes) -> CardDatabaseConfig:
    return CardDatabaseConfig(match="http", url=url, **{"timeout": 0.5} | changes)


@pytest.fixture(params=["sandbox", "http"])
def cards(request):
    """Yield a database that knows the sandbox's captures."""
    if request.param == "sandbox":
        yield SandboxCardDatabase()
        return
    results = {capture: answer for answer, capture in SANDBOX_CAPTURES.items()}

    def reply(asked):
        assert asked["personalNumber"] == NUMBER
        assert asked["officer"] == "an officer"
        result = results.get(b64decode(asked["capture"]), "no_match")
        return 200, json.dumps({"result": result}).encode()

    with partner(reply) as server:
        yield HttpCardDatabase(config(server.url))


def test_every_answer_comes_through(cards, caplog):
    """Match, no match, not held; strangers' prints match nobody; nothing is logged."""
    with caplog.at_level(logging.DEBUG):
        assert cards.is_on
        for answer, capture in SANDBOX_CAPTURES.items():
            assert cards.compare(NUMBER, capture, officer="an officer") == answer
        assert cards.compare(NUMBER, b"other", officer="an officer") == "no_match"
    assert NUMBER not in caplog.text


VALUES = [b"1", b"true", b"null", b'"yes"', b'["match"]', b"{}"]


@pytest.mark.parametrize(
    "reply", [*NONSENSE, *((200, b'{"result": ' + text + b"}") for text in VALUES)]
)
def test_nonsense_is_no_answer(reply):
    """Only the three words count."""
    with partner(lambda _: reply) as server, pytest.raises(CardDatabaseError):
        HttpCardDatabase(config(server.url)).compare(NUMBER, b"x", officer="o")


def test_silence_is_no_answer():
    """Within the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(CardDatabaseError):
            HttpCardDatabase(config(url, timeout=0.2)).compare(
                NUMBER, b"x", officer="o"
            )


def test_the_configuration_chooses():
    """Off by default: of nobody are fingerprints held."""
    off = open_card_database(CardDatabaseConfig())
    assert isinstance(off, NoCardDatabase)
    assert not off.is_on
    assert off.compare(NUMBER, SANDBOX_CAPTURES["match"], officer="o") == "not_held"
    sandbox = open_card_database(CardDatabaseConfig(match="sandbox"))
    assert isinstance(sandbox, SandboxCardDatabase)
    assert isinstance(open_card_database(config("http://x")), HttpCardDatabase)


def test_a_capture_has_a_bearable_size():
    """Nothing empty or too large goes to the database; a digest is what is kept."""
    assert is_capture(b"x")
    assert not is_capture(b"")
    assert not is_capture(b"x" * (MAX_CAPTURE + 1))
    assert capture_digest(b"x") == capture_digest(b"x") != capture_digest(b"y")
