"""CL1 with the provider: each request is signed by a key made for this reading alone.

docs/chip-reader.md tells the messages one by one.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import time  # noqa: TID251 - the agent's one look at the calendar, for `iat`
from typing import Any

import requests
from joserfc import jws
from joserfc.jwk import ECKey

from clients.reader.agent.errors import AnswerError, RefusedError, UnreachableError

NAME, VERSION = "dinhdanh-reader", "1"
MAX_BATCH = 64
TIMEOUT = 10.0
MAX_ANSWER = 131_072
_SESSION = re.compile(r"[A-Za-z0-9_-]{16,128}")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks for what, as the provider says."""

    name: str | None
    domain: str | None
    reads: tuple[str, ...]
    expires_in: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What comes next: commands for the card, or the way back for the browser."""

    commands: tuple[bytes, ...] = ()
    return_url: str | None = None


class ProviderLink:
    """One reading's conversation with one provider."""

    def __init__(
        self,
        issuer: str,
        ca_file: Path | None = None,
        *,
        now: Callable[[], float] = time,
    ) -> None:
        self._issuer = issuer
        self._verify = str(ca_file) if ca_file else True
        self._now = now
        self._key = ECKey.generate_key("P-256")
        self._header: dict[str, Any] = {"alg": "ES256", "typ": "chip+jwt"}
        self._address = f"{issuer}/chip/sessions"
        self._sequence = 0

    def open(self, start_token: str) -> Asker:
        """Spend the start token and learn who asks."""
        answer = self._post(
            {
                "start_token": start_token,
                "agent": {"name": NAME, "version": VERSION},
                "extended_length": True,
                "max_batch": MAX_BATCH,
            },
            {**self._header, "jwk": self._key.as_dict(private=False)},
        )
        session = answer.get("session")
        if not isinstance(session, str) or not _SESSION.fullmatch(session):
            raise AnswerError("no session")
        self._address = f"{self._address}/{session}"
        return _asker(answer)

    def begin(self, atr: bytes) -> Turn:
        """Say that a card is there."""
        return self._turn({"seq": 0, "atr": atr.hex()})

    def answer(self, responses: Sequence[bytes]) -> Turn:
        """Hand over what the card has answered."""
        rapdus = [response.hex() for response in responses]
        return self._turn({"seq": self._sequence, "rapdus": rapdus})

    def cancel(self, reason: str) -> str:
        """Give up for that reason, and return the way back for the browser."""
        turn = self._turn({"seq": self._sequence, "cancelled": reason})
        if turn.return_url is None:
            raise AnswerError("no way back")
        return turn.return_url

    def _turn(self, payload: dict[str, Any]) -> Turn:
        answer = self._post(payload, self._header)
        if answer.get("done") is True:
            return Turn(return_url=self._way_back(answer.get("return_url")))
        sequence, apdus = answer.get("seq"), answer.get("apdus")
        if sequence != self._sequence + 1 or not isinstance(apdus, list):
            raise AnswerError("out of step")
        if not 0 < len(apdus) <= MAX_BATCH:
            raise AnswerError("a batch of the wrong size")
        self._sequence = sequence
        try:
            return Turn(tuple(bytes.fromhex(apdu) for apdu in apdus))
        except (TypeError, ValueError) as error:
            raise AnswerError("commands that are not hex") from error

    def _way_back(self, url: object) -> str:
        # The issuer is an origin without a path, so the slash ends its authority.
        is_own = isinstance(url, str) and url.startswith(f"{self._issuer}/")
        if not isinstance(url, str) or not is_own or re.search(r"[\x00-\x20\\]", url):
            raise AnswerError("a way back to somewhere else")
        return url

    def _post(self, payload: dict[str, Any], header: dict[str, Any]) -> dict[str, Any]:
        signed = {"aud": self._issuer, "iat": int(self._now()), **payload}
        body = jws.serialize_compact(header, json.dumps(signed), self._key)
        try:
            with requests.post(
                self._address,
                data=body,
                headers={"Content-Type": "application/jose"},
                timeout=TIMEOUT,
                verify=self._verify,
                allow_redirects=False,
                stream=True,
            ) as response:
                text = response.raw.read(MAX_ANSWER + 1, decode_content=True)
        except (requests.RequestException, OSError) as error:
            raise UnreachableError(type(error).__name__) from error
        if response.status_code not in (requests.codes.ok, requests.codes.created):
            raise RefusedError(_reason(response.status_code, text))
        return _object(text)


def _object(text: bytes) -> dict[str, Any]:
    if len(text) > MAX_ANSWER:
        raise AnswerError("an answer that is too long")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnswerError("an answer that is not JSON") from error
    if not isinstance(answer, dict):
        raise AnswerError("an answer that is no object")
    return answer


def _reason(status: int, text: bytes) -> str:
    try:
        return f"{status} {str(_object(text).get('error'))[:40]}"
    except AnswerError:
        return str(status)


def _asker(answer: dict[str, Any]) -> Asker:
    portal, reads = answer.get("portal"), answer.get("reads")
    if not isinstance(reads, list) or not isinstance(answer.get("expires_in"), int):
        raise AnswerError("nobody says what is read")
    named = portal if isinstance(portal, dict) else {}
    return Asker(
        name=str(named["name"])[:200] if named.get("name") else None,
        domain=str(named["domain"])[:200] if named.get("domain") else None,
        reads=tuple(str(item) for item in reads[:10]),
        expires_in=max(0, min(answer["expires_in"], 600)),
    )
