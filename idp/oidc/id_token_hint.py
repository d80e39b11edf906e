"""An ID token that a client shows again, to say whom it means.

OpenID Connect Core §3.1.2.1 and RP-Initiated Logout §2: ours by signature and issuer,
expired or not.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError

from idp.oidc.tokens import ID_TOKEN_TYPE
from idp.provider import Provider
from keys.errors import InvalidTokenError


@dataclass(frozen=True, slots=True)
class Hint:
    """Whom an ID token of ours was about: its client, the subject and the session."""

    client_id: str
    subject: str
    sid: str


def verify_hint(provider: Provider, unverified: str, *, now: datetime) -> Hint:
    """Return what a hint says, or raise `InvalidRequestError`."""
    try:
        claims = provider.rings.verify(
            unverified, purposes=("id_token",), typ=ID_TOKEN_TYPE, now=now
        )
    except InvalidTokenError as error:
        raise InvalidRequestError("id_token_hint is not an ID token of ours") from error
    if claims.get("iss") != provider.config.issuer:
        raise InvalidRequestError("id_token_hint is of another issuer")
    hint = Hint(
        client_id=_text(claims, "aud"),
        subject=_text(claims, "sub"),
        sid=_text(claims, "sid"),
    )
    provider.sightings.came_back(hint.client_id, claims["iat"], now)
    return hint


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise InvalidRequestError(f"id_token_hint has no {name}")
    return value
