"""The face match: one contract for the sandbox and HTTP; no answer is no match."""

import base64
import json
import logging
import socket

import pytest

from idp.config import FaceConfig
from idp.factors import face
from idp.factors.face import (
    FaceError,
    HttpFaces,
    NoFaceMatch,
    Portrait,
    SandboxFaces,
    is_photo,
    open_faces,
)
from tests.unit.factors.partners import NONSENSE, partner

PORTRAIT = Portrait("jp2", b"portrait of an invented person")
SAME, OTHER = face.SANDBOX_PHOTO + face.SANDBOX_MARK, face.SANDBOX_PHOTO


def config(url: str, **changes) -> FaceConfig:
    return FaceConfig(match="http", url=url, **{"timeout": 0.5} | changes)


@pytest.fixture(params=["sandbox", "http"])
def match(request):
    """Yield a match that knows the same person."""
    if request.param == "sandbox":
        yield SandboxFaces()
        return

    def reply(asked):
        is_same = base64.b64decode(asked["photo"]) == SAME
        is_same &= base64.b64decode(asked["portrait"]) == PORTRAIT.image
        assert asked["portrait_format"] == "jp2"
        return 200, json.dumps({"match": is_same}).encode()

    with partner(reply) as server:
        yield HttpFaces(config(server.url))


def test_one_person_and_another(match, caplog):
    """Yes and no; and no image is logged or shown."""
    with caplog.at_level(logging.DEBUG):
        assert match.is_on
        assert match.matches(PORTRAIT, SAME) is True
        assert match.matches(PORTRAIT, OTHER) is False
    assert "portrait of" not in caplog.text + repr(PORTRAIT)


@pytest.mark.parametrize("told", ["match", "doubtful", "mismatch", "perhaps", None])
def test_the_registry_s_portrait_is_the_service_s(told):
    """We send whose it is; only its own three words are an answer."""
    body = json.dumps({"likeness": told} if told else {"match": True}).encode()
    with partner(lambda _: (200, body)) as server:
        faces = HttpFaces(config(server.url))
        if told in ("match", "doubtful", "mismatch"):
            assert faces.recognises("001085000001", SAME) == told
        else:
            with pytest.raises(FaceError):
                faces.recognises("001085000001", SAME)
        ((_, asked),) = server.requests
    assert asked["person"] == "001085000001"


def test_test_photos_say_whom_they_show():
    """The same person, somebody else, hard to tell; without a match officers look."""
    doubtful = face.SANDBOX_PHOTO + face.SANDBOX_DOUBT
    told = [SandboxFaces().recognises("1", one) for one in (SAME, OTHER, doubtful)]
    assert told == ["match", "mismatch", "doubtful"]
    assert NoFaceMatch().recognises("1", SAME) == "doubtful"


VALUES = [b"1", b'"true"', b"null", b"{}"]


@pytest.mark.parametrize(
    "reply", [*NONSENSE, *((200, b'{"match": ' + text + b"}") for text in VALUES)]
)
def test_nonsense_is_no_match(reply):
    """Only JSON's own true is a match."""
    with partner(lambda _: reply) as server, pytest.raises(FaceError):
        HttpFaces(config(server.url)).matches(PORTRAIT, SAME)


def test_silence_is_no_match():
    """Within the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(FaceError):
            HttpFaces(config(url, timeout=0.2)).matches(PORTRAIT, SAME)


def test_the_configuration_chooses():
    """Off by default: nobody is recognised."""
    off = open_faces(FaceConfig())
    assert isinstance(off, NoFaceMatch)
    assert not off.is_on
    assert not off.matches(PORTRAIT, SAME)
    assert isinstance(open_faces(FaceConfig(match="sandbox")), SandboxFaces)
    assert isinstance(open_faces(config("http://x")), HttpFaces)


def test_a_photo_is_jpeg_or_png_of_bearable_size():
    """Nothing else goes to the service."""
    assert is_photo(SAME)
    assert is_photo(b"\xff\xd8\xff\xe0")
    assert not is_photo(b"")
    assert not is_photo(b"%PDF-1.7")
    assert not is_photo(b"\xff\xd8\xff" + b"0" * face.MAX_PHOTO)
