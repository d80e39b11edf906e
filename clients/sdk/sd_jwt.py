"""Opening an SD-JWT (RFC 9901 §7.1): which claims its disclosures reveal.

Nothing here proves who signed: `credentials.verify` does that first.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

ALGORITHM = "sha-256"
MAX_LENGTH = 65_536
MAX_DISCLOSURES = 256
_RESERVED = ("_sd", "...")


class CredentialError(Exception):
    """A credential must not be believed, and why."""


@dataclass(frozen=True, slots=True)
class SdJwt:
    """The parts of a presentation: what the issuer signed, what is shown, whose key."""

    signed: str
    disclosures: tuple[str, ...]
    binding: str | None

    @property
    def bound(self) -> str:
        """Return what the key binding covers: all up to the last tilde (§4.3.1)."""
        return "~".join((self.signed, *self.disclosures, ""))


def split(presentation: str) -> SdJwt:
    """Return the parts of a compact SD-JWT, with or without a key binding (§4)."""
    if len(presentation) > MAX_LENGTH or not presentation.isascii():
        raise CredentialError("not a presentation of a sound size")
    signed, *disclosures, binding = presentation.split("~")
    if not signed or len(disclosures) > MAX_DISCLOSURES or "" in disclosures:
        raise CredentialError("not an SD-JWT")
    return SdJwt(signed, tuple(disclosures), binding or None)


def digest(text: str) -> str:
    """Return the digest of a disclosure, or of a whole presentation."""
    value = sha256(text.encode("ascii")).digest()
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def disclosed(
    payload: Mapping[str, Any], disclosures: tuple[str, ...]
) -> dict[str, Any]:
    """Return the payload with what the disclosures reveal, or raise (§7.1 step 3–5)."""
    if payload.get("_sd_alg", ALGORITHM) != ALGORITHM:
        raise CredentialError("digests of another algorithm than sha-256")
    opening = _Opening({digest(text): text for text in disclosures})
    if len(opening.hidden) != len(disclosures):
        raise CredentialError("a disclosure comes twice")
    claims: dict[str, Any] = opening.of_object(payload)
    if opening.hidden:
        raise CredentialError("a disclosure belongs to no digest")
    claims.pop("_sd_alg", None)
    return claims


class _Opening:
    """One walk through a payload: what is still hidden, which digests were met."""

    def __init__(self, hidden: dict[str, str]) -> None:
        self.hidden = hidden
        self._met: set[str] = set()

    def of(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self.of_object(value)
        return self._of_list(value) if isinstance(value, list) else value

    def of_object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        if "..." in value:
            raise CredentialError("an element's digest outside of a list")
        opened = {name: self.of(item) for name, item in value.items() if name != "_sd"}
        digests = value.get("_sd", [])
        if not isinstance(digests, list):
            raise CredentialError("_sd is no list")
        for item in digests:
            parts = self._take(item, parts=3)
            if parts is None:
                continue
            _salt, name, inner = parts
            if not isinstance(name, str) or name in _RESERVED or name in opened:
                raise CredentialError("a disclosure takes a name that is taken")
            opened[name] = self.of(inner)
        return opened

    def _of_list(self, value: list[Any]) -> list[Any]:
        opened = []
        for item in value:
            if not isinstance(item, dict) or set(item) != {"..."}:
                opened.append(self.of(item))
            elif (parts := self._take(item["..."], parts=2)) is not None:
                opened.append(self.of(parts[1]))
        return opened

    def _take(self, wanted: Any, *, parts: int) -> list[Any] | None:
        """Return the parts of the disclosure with this digest, if it is shown."""
        if not isinstance(wanted, str) or wanted in self._met:
            raise CredentialError("a digest is no text, or comes twice")
        self._met.add(wanted)
        text = self.hidden.pop(wanted, None)
        if text is None:
            return None
        found = parsed(text)
        if not isinstance(found, list) or len(found) != parts:
            raise CredentialError("a disclosure is not made as its place asks")
        return found


def parsed(text: str) -> Any:
    """Return the JSON in base64url, or raise."""
    try:
        return json.loads(octets(text))
    except (ValueError, RecursionError) as error:
        raise CredentialError("not JSON in base64url") from error


def octets(text: str) -> bytes:
    """Return what base64url without padding says, or raise."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (Base64Error, ValueError) as error:
        raise CredentialError("not base64url") from error
