"""The port to the face match: whether a photo shows the person of a portrait.

The portrait comes signed out of the card's chip (DG2), or, at enrolment without a card
reader, is the registry's: the matching service holds those, and is told whose to take.
The photo comes from whoever sits at the page. That it is of a living person and not of
a picture is the matching service's duty (ISO/IEC 30107-3); nothing of either image is
kept or logged here.
"""

import zlib
from base64 import b64encode
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal, Protocol

from idp.config import FaceConfig
from idp.errors import IdpError
from idp.factors.partner import PartnerError, PartnerService

MAX_PHOTO = 4 * 1024 * 1024
# What a sandbox's test photo carries behind its picture, when it shows the same person.
SANDBOX_MARK = b"dinhdanh-sandbox:same-person"
SANDBOX_DOUBT = b"dinhdanh-sandbox:perhaps"
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


Likeness = Literal["match", "doubtful", "mismatch"]


class FaceError(IdpError):
    """The match could not be made, which is no match."""

    code = "DD-FACE-503"
    status = HTTPStatus.SERVICE_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Portrait:
    """The picture in a card's chip."""

    format: Literal["jpeg", "jp2"]
    image: bytes = field(repr=False)


class FaceMatch(Protocol):
    """Compare a photo with a portrait."""

    @property
    def is_on(self) -> bool:
        """Say whether faces can be compared at all."""

    def matches(self, portrait: Portrait, photo: bytes) -> bool:
        """Say whether both show one person; raises `FaceError` if nobody can tell."""

    def recognises(self, number: str, photo: bytes) -> Likeness:
        """Compare a photo with the registry's portrait of a number (D69 art. 10).

        What is doubtful an officer decides. Raises `FaceError` if nobody can tell.
        """


class NoFaceMatch:
    """An installation without the match: nobody is recognised, officers look."""

    is_on = False

    def matches(self, portrait: Portrait, photo: bytes) -> bool:
        """Return False."""
        del portrait, photo
        return False

    def recognises(self, number: str, photo: bytes) -> Likeness:
        """Return that it is doubtful."""
        del number, photo
        return "doubtful"


class SandboxFaces:
    """Decide by the test photo alone: it says whom it shows."""

    is_on = True

    def matches(self, portrait: Portrait, photo: bytes) -> bool:
        """Say whether the photo is the sandbox's picture of the same person."""
        return bool(portrait.image) and photo.endswith(SANDBOX_MARK)

    def recognises(self, number: str, photo: bytes) -> Likeness:
        """Return what the test photo says of itself."""
        del number
        if photo.endswith(SANDBOX_DOUBT):
            return "doubtful"
        return "match" if photo.endswith(SANDBOX_MARK) else "mismatch"


class HttpFaces:
    """Post both images in base64 with a bearer token; `{"match": true}` is a match.

    With `person` in place of a portrait it is the registry's of that number, and the
    answer's `likeness` is `match`, `doubtful` or `mismatch`.
    """

    is_on = True

    def __init__(self, config: FaceConfig) -> None:
        self._service = PartnerService.of(
            config.url, config.token_file, config.timeout, section="face"
        )

    def matches(self, portrait: Portrait, photo: bytes) -> bool:
        """Ask once; a refusal, silence or nonsense becomes `FaceError`."""
        try:
            answer = self._service.ask(
                {
                    "portrait": b64encode(portrait.image).decode(),
                    "portrait_format": portrait.format,
                    "photo": b64encode(photo).decode(),
                }
            )
        except PartnerError as error:
            raise FaceError(detail=f"face: {error}") from None
        if not isinstance(answer.get("match"), bool):
            raise FaceError(detail="face: no match member")
        return answer["match"] is True

    def recognises(self, number: str, photo: bytes) -> Likeness:
        """Ask once; a refusal, silence or nonsense becomes `FaceError`."""
        asked = {"person": number, "photo": b64encode(photo).decode()}
        try:
            told = self._service.ask(asked).get("likeness")
        except PartnerError as error:
            raise FaceError(detail=f"face: {error}") from None
        if told == "match":
            return "match"
        if told not in ("doubtful", "mismatch"):
            raise FaceError(detail="face: no likeness member")
        return "doubtful" if told == "doubtful" else "mismatch"


def open_faces(config: FaceConfig) -> FaceMatch:
    """Return the match that the configuration names."""
    if config.match == "http":
        return HttpFaces(config)
    return SandboxFaces() if config.match == "sandbox" else NoFaceMatch()


def is_photo(photo: bytes) -> bool:
    """Say whether these bytes begin as a JPEG or PNG of bearable size does."""
    return photo.startswith((_JPEG, _PNG)) and len(photo) <= MAX_PHOTO


def _drawn() -> bytes:
    """Return a small PNG, one grey dot: the sandbox's photo shows nobody."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checked = name + content
        length, checksum = len(content).to_bytes(4), zlib.crc32(checked).to_bytes(4)
        return length + checked + checksum

    header = (1).to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    pixels = zlib.compress(b"\x00\x80")
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return _PNG + b"".join(parts)


SANDBOX_PHOTO = _drawn()
