"""The `claims` parameter (OIDC Core §5.5) and `verified_claims` in it (OIDC4IDA §5).

What cannot be understood as JSON of the right shape is refused; a claim that we do not
know is left out, as both specifications ask.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from idp import strict_json
from idp.claims.catalogue import SUPPORTED
from idp.claims.wish import (
    InvalidClaimsError,
    Wish,
    an_object,
    read_verification,
    read_wish,
)

__all__ = [
    "ClaimsRequest",
    "InvalidClaimsError",
    "Target",
    "VerifiedRequest",
    "parse_claims",
]

MAX_BYTES = 16_384
MAX_KEPT = 6_144
MAX_DEPTH = 10
MAX_NAMES = 200
MAX_VERIFIED = 8
# Claims of the protocol that may be asked for; they are none of our catalogue.
_PROTOCOL = frozenset({"sub", "acr", "auth_time", "amr"})
_KNOWN = frozenset(SUPPORTED) | _PROTOCOL
_VERIFIED = "verified_claims"


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """One element of `verified_claims`: on which verification, which claims."""

    verification: Mapping[str, Any]
    claims: Mapping[str, Wish]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {"verification": dict(self.verification), "claims": dict(self.claims)}


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked to be delivered in one place."""

    claims: Mapping[str, Wish] = field(default_factory=dict)
    verified: tuple[VerifiedRequest, ...] = ()
    is_list: bool = False

    @property
    def verified_names(self) -> frozenset[str]:
        """Return the names asked for as verified claims."""
        return frozenset(name for item in self.verified for name in item.claims)

    def purposes(self, name: str) -> tuple[str, ...]:
        """Return what the request itself says that a claim is for."""
        asked = [self.claims, *(item.claims for item in self.verified)]
        wishes = [claims.get(name) or {} for claims in asked]
        return tuple(wish["purpose"] for wish in wishes if "purpose" in wish)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, as they were asked."""
        value: dict[str, Any] = dict(self.claims)
        if self.verified:
            items = [item.to_json() for item in self.verified]
            value[_VERIFIED] = items if self.is_list else items[0]
        return value


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """The parsed parameter: what goes into the ID token, what to userinfo."""

    id_token: Target = field(default_factory=Target)
    userinfo: Target = field(default_factory=Target)

    def purposes(self, name: str) -> tuple[str, ...]:
        """Return the purposes that the request gives for a claim, each once."""
        told = (*self.id_token.purposes(name), *self.userinfo.purposes(name))
        return tuple(dict.fromkeys(told))

    def to_json(self) -> dict[str, dict[str, Any]]:
        """Return JSON values; places of which nothing is asked are left out."""
        places = {
            "id_token": self.id_token.to_json(),
            "userinfo": self.userinfo.to_json(),
        }
        return {place: wishes for place, wishes in places.items() if wishes}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote, or a decoded parameter."""
        return cls(
            id_token=_target(value.get("id_token"), "id_token"),
            userinfo=_target(value.get("userinfo"), "userinfo"),
        )


def parse_claims(text: str | None) -> ClaimsRequest:
    """Parse the parameter; raises InvalidClaimsError that says what is wrong."""
    if text is None:
        return ClaimsRequest()
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise InvalidClaimsError(f"longer than {MAX_BYTES} bytes")
    try:
        value = strict_json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidClaimsError("not JSON, or a member is given twice") from error
    if not isinstance(value, dict):
        raise InvalidClaimsError("not a JSON object")
    _check_depth(value, MAX_DEPTH)
    request = ClaimsRequest.from_json(value)
    _check_kept(request)
    return request


def _target(value: object, place: str) -> Target:
    if value is None:
        return Target()
    wishes = an_object(value, place)
    claims = _wishes({k: v for k, v in wishes.items() if k != _VERIFIED}, place)
    asked = wishes.get(_VERIFIED)
    if asked is None:
        return Target(claims)
    items = asked if isinstance(asked, list) else [asked]
    if not 1 <= len(items) <= MAX_VERIFIED:
        raise InvalidClaimsError(f"{_VERIFIED}: 1 to {MAX_VERIFIED} elements")
    verified = tuple(_verified_request(item) for item in items)
    return Target(claims, verified, is_list=isinstance(asked, list))


def _verified_request(value: object) -> VerifiedRequest:
    item = an_object(value, _VERIFIED)
    verification = read_verification(item.get("verification"))
    claims = item.get("claims")
    asked = an_object(claims, "claims") if claims is not None else {}
    wishes = _wishes(asked, "claims")
    return VerifiedRequest(
        verification, {k: v for k, v in wishes.items() if k not in _PROTOCOL}
    )


def _wishes(value: Mapping[str, Any], place: str) -> dict[str, Wish]:
    if len(value) > MAX_NAMES:
        raise InvalidClaimsError(f"{place}: more than {MAX_NAMES} claims")
    return {name: read_wish(value[name], name) for name in value if name in _KNOWN}


def _check_depth(value: object, left: int) -> None:
    if left == 0:
        raise InvalidClaimsError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _check_depth(item, left - 1)


def _check_kept(request: ClaimsRequest) -> None:
    # What is kept goes through stores, and its userinfo part into the access token.
    kept = request.to_json()
    try:
        size = len(json.dumps(kept, allow_nan=False))
        json.dumps(kept, ensure_ascii=False).encode()
    except ValueError as error:  # by an escape: a lone surrogate, an endless number
        raise InvalidClaimsError("holds what is neither text nor a number") from error
    if size > MAX_KEPT:
        raise InvalidClaimsError(f"what it asks of us is longer than {MAX_KEPT} bytes")
