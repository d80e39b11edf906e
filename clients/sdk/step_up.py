"""Step-up for resource servers and their clients (RFC 9470).

A resource server asks `unmet` about the claims of a token that it has verified, and
answers 401 with `challenge`. The client reads it with `parse_challenge` and sends the
citizen to the authorization endpoint with the parameters that it names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ERROR = "insufficient_user_authentication"
_LEEWAY = 5  # seconds that two clocks may differ
_LEVELS = re.compile(r"urn:dinhdanh:acr:([12])\.([1-4])")
_ALIASES = {"LoA1": (1, 1), "LoA2": (2, 2)}
# auth-param of RFC 9110 §11.2: token = ( token / quoted-string )
_PARAMETER = re.compile(
    r"([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*"
    r'(?:"((?:[^"\\]|\\.)*)"|([!#$%&\'*+.^_`|~0-9A-Za-z-]+))'
)
_SAFE = re.compile(r"[!#-\[\]-~]+")  # an acr value in a quoted list, RFC 6749 style


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a resource asks of the sign-in: any of these `acr`, and how recent."""

    acr_values: tuple[str, ...] = ()
    max_age: int | None = None

    def __post_init__(self) -> None:
        for value in self.acr_values:
            if not _SAFE.fullmatch(value):
                raise ValueError("an acr value has no space, quote or backslash")
        if self.max_age is not None and self.max_age < 0:
            raise ValueError("max_age is not negative")


def satisfies(acr: str | None, wanted: str) -> bool:
    """Say whether `acr` is at least `wanted`: on both axes, or the very same value."""
    if acr is None:
        return False
    have, need = _pair(acr), _pair(wanted)
    if have is None or need is None:
        return acr == wanted
    return have[0] >= need[0] and have[1] >= need[1]


def unmet(
    claims: Mapping[str, Any], requirement: Requirement, *, now: datetime
) -> Requirement | None:
    """Return what the claims of a *verified* access token lack, or None.

    What is missing counts as unmet: a token without `auth_time` is not recent.
    """
    acr, auth_time = claims.get("acr"), claims.get("auth_time")
    acr = acr if isinstance(acr, str) else None
    is_strong = not requirement.acr_values or any(
        satisfies(acr, wanted) for wanted in requirement.acr_values
    )
    is_recent = requirement.max_age is None or _is_recent(
        auth_time, requirement.max_age, now
    )
    return None if is_strong and is_recent else requirement


def challenge(requirement: Requirement, *, realm: str | None = None) -> str:
    """Return the `WWW-Authenticate` value of a 401 that asks for a step-up (§3)."""
    parts = []
    if realm is not None:
        if not re.fullmatch(r"[ !#-\[\]-~]*", realm):
            raise ValueError("a realm has no quote or backslash")
        parts.append(f'realm="{realm}"')
    parts += [
        f'error="{ERROR}"',
        'error_description="A stronger or more recent authentication is required"',
    ]
    if requirement.acr_values:
        parts.append(f'acr_values="{" ".join(requirement.acr_values)}"')
    if requirement.max_age is not None:
        parts.append(f'max_age="{requirement.max_age}"')
    return "Bearer " + ", ".join(parts)


def parse_challenge(header: str) -> dict[str, str] | None:
    """Return the authorization parameters that a step-up challenge asks for, or None.

    Only `acr_values` and `max_age` are taken: the challenge is another party's text.
    """
    scheme, _, rest = header.strip().partition(" ")
    # DPoP-bound tokens are challenged under their own scheme (RFC 9449 §7.1).
    if scheme.lower() not in ("bearer", "dpop"):
        return None
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(rest):
        value = re.sub(r"\\(.)", r"\1", quoted) if quoted else plain
        if name.lower() in found:
            return None
        found[name.lower()] = value
    if found.get("error") != ERROR:
        return None
    asked = {}
    if found.get("acr_values"):
        asked["acr_values"] = found["acr_values"]
    if re.fullmatch(r"\d{1,9}", found.get("max_age", "")):
        asked["max_age"] = found["max_age"]
    return asked


def _is_recent(auth_time: Any, max_age: int, now: datetime) -> bool:
    if not isinstance(auth_time, int | float) or isinstance(auth_time, bool):
        return False
    age = now.timestamp() - auth_time
    return -_LEEWAY <= age <= max_age + _LEEWAY


def _pair(acr: str) -> tuple[int, int] | None:
    match = _LEVELS.fullmatch(acr)
    return (int(match[1]), int(match[2])) if match else _ALIASES.get(acr)
