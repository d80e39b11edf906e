"""The port to the card database: whether fingerprints are those of a card's holder.

An officer at a desk takes the fingerprints, and the authority that issued the card
compares them with what it holds (Decree 69/2024 art. 11); no chip gives them away. The
capture is the scanner's file as it is (ISO/IEC 19794-4), and nothing of it is kept or
logged here.
"""

import hashlib
from base64 import b64encode
from http import HTTPStatus
from typing import Literal, Protocol, cast, get_args

from idp.config import CardDatabaseConfig
from idp.errors import IdpError
from idp.factors.partner import PartnerError, PartnerService

# `not_held`: the database has no fingerprints of this person to compare with.
Answer = Literal["match", "no_match", "not_held"]
MAX_CAPTURE = 512 * 1024
SANDBOX_CAPTURES: dict[str, bytes] = {
    answer: f"dinhdanh-sandbox-fingerprint:{answer}\n".encode()
    for answer in get_args(Answer)
}


class CardDatabaseError(IdpError):
    """The database gave no answer, which is no match."""

    code = "DD-CARD-503"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class CardDatabase(Protocol):
    """Compare fingerprints with those that were taken for a person's card."""

    @property
    def is_on(self) -> bool:
        """Say whether fingerprints can be compared at all."""

    def compare(self, number: str, capture: bytes, *, officer: str) -> Answer:
        """Say whose they are not; raises `CardDatabaseError` if nobody can tell."""


class NoCardDatabase:
    """An installation without it: of nobody are fingerprints held."""

    is_on = False

    def compare(self, number: str, capture: bytes, *, officer: str) -> Answer:
        """Return `not_held`."""
        del number, capture, officer
        return "not_held"


class SandboxCardDatabase:
    """Decide by the test capture alone: it says what the answer is."""

    is_on = True

    def compare(self, number: str, capture: bytes, *, officer: str) -> Answer:
        """Return what the sandbox's capture asks for; any other matches nobody."""
        del number, officer
        for answer in get_args(Answer):
            if capture == SANDBOX_CAPTURES[answer]:
                return cast("Answer", answer)
        return "no_match"


class HttpCardDatabase:
    """Post number, capture in base64 and the officer's code, with a bearer token.

    The answer is `{"result": "match" | "no_match" | "not_held"}`.
    """

    is_on = True

    def __init__(self, config: CardDatabaseConfig) -> None:
        self._service = PartnerService.of(
            config.url, config.token_file, config.timeout, section="card_database"
        )

    def compare(self, number: str, capture: bytes, *, officer: str) -> Answer:
        """Ask once; a refusal, silence or nonsense becomes `CardDatabaseError`."""
        try:
            answer = self._service.ask(
                {
                    "personalNumber": number,
                    "capture": b64encode(capture).decode(),
                    "officer": officer,
                }
            )
        except PartnerError as error:
            raise CardDatabaseError(detail=f"card database: {error}") from None
        result = answer.get("result")
        if result not in get_args(Answer):
            raise CardDatabaseError(detail="card database: no result")
        return cast("Answer", result)


def open_card_database(config: CardDatabaseConfig) -> CardDatabase:
    """Return the database that the configuration names."""
    if config.match == "http":
        return HttpCardDatabase(config)
    return SandboxCardDatabase() if config.match == "sandbox" else NoCardDatabase()


def is_capture(capture: bytes) -> bool:
    """Say whether this is a scanner's file of bearable size."""
    return 0 < len(capture) <= MAX_CAPTURE


def capture_digest(capture: bytes) -> str:
    """Return what a dossier keeps of the capture: its digest."""
    return hashlib.sha256(capture).hexdigest()
