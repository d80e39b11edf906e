"""Software statements (RFC 7591 §2.3): what an issuer states of a portal's software.

Whom the operator trusts stands in a file. What is stated prevails over what the client
says of itself, at the registration and at each update after it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp import clock
from idp.oidc import compact_jws
from idp.oidc.compact_jws import CompactJws, MalformedJwsError
from idp.provider import Provider
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.own_registration import NOT_THEIRS

MEMBER = "software_statement"
LEEWAY = 60

_TYPES = (None, "JWT", "jwt")
_OF_THE_JWT = frozenset({"iss", "sub", "aud", "exp", "nbf", "iat", "jti", MEMBER})
_NOT_STATED = _OF_THE_JWT | NOT_THEIRS


def applied(
    provider: Provider,
    metadata: dict[str, Any],
    *,
    kept: str | None = None,
    now: datetime,
) -> dict[str, Any]:
    """Return the metadata with what its statement states.

    `kept` is the statement that is registered already: it was proven then, goes on
    when it is not replaced, and may have expired since.
    """
    statement = metadata.get(MEMBER) or kept
    if statement is None:
        return metadata
    stated = _read(statement)
    if statement != kept:
        _check(provider, stated, now=now)
    told = {n: v for n, v in stated.claims.items() if n not in _NOT_STATED}
    decided = {name.partition("#")[0] for name in told}
    own = {n: v for n, v in metadata.items() if n.partition("#")[0] not in decided}
    return {**own, **told, MEMBER: statement}


def _read(statement: object) -> CompactJws:
    try:
        return compact_jws.parse(statement if isinstance(statement, str) else "")
    except MalformedJwsError as error:
        raise _invalid("is not a signed JWT") from error


def _check(provider: Provider, stated: CompactJws, *, now: datetime) -> None:
    issuer = stated.claims.get("iss")
    keys = provider.statement_issuers.get(issuer) if isinstance(issuer, str) else None
    if keys is None:
        raise InvalidMetadataError(
            f"{MEMBER} is of an issuer that is not trusted here",
            error="unapproved_software_statement",
        )
    if stated.header.get("typ") not in _TYPES:
        raise _invalid("is a JWT of another kind")
    if not stated.is_signed_by_one_of(keys):
        raise _invalid("has a wrong signature")
    audience = stated.claims.get("aud", provider.config.issuer)
    audiences = audience if isinstance(audience, list) else [audience]
    if provider.config.issuer not in audiences:
        raise _invalid("is for another server")
    _check_times(stated.claims, now=clock.timestamp(now))


def _check_times(claims: Mapping[str, Any], *, now: float) -> None:
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name, now)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _invalid(f"has {name} that is no number")
        is_over = name == "exp" and value <= now - LEEWAY
        if is_over or (name != "exp" and value > now + LEEWAY):
            raise _invalid(f"is out of its time by {name}")


def _invalid(reason: str) -> InvalidMetadataError:
    return InvalidMetadataError(
        f"{MEMBER} {reason}", error="invalid_software_statement"
    )
