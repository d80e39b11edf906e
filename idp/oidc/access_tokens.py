"""What an access token is worth now: signature, life, grant, revocation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from idp import clock
from idp.authentication.assurance import Earned
from idp.consent import live_grants
from idp.consent.live_grants import LiveGrant
from idp.oidc.tokens import ACCESS_TOKEN_TYPE
from idp.provider import Provider
from keys.errors import InvalidTokenError


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A verified access token whose grant is alive."""

    claims: dict[str, Any]
    live: LiveGrant

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return its scopes."""
        return tuple(self.claims["scope"].split())

    @property
    def earned(self) -> Earned:
        """Return what was proven for it, with the level that the account has now."""
        return Earned(
            account_level=self.live.account_level,
            authentication_level=self.claims["authentication_level"],
            amr=tuple(self.claims["amr"]),
            auth_time=clock.from_timestamp(self.claims["auth_time"]),
        )

    @property
    def audience(self) -> tuple[str, ...]:
        """Return for whom it is."""
        aud = self.claims["aud"]
        return (aud,) if isinstance(aud, str) else tuple(aud)


def find(provider: Provider, token: str, *, now: datetime) -> AccessToken | None:
    """Return the token if it is ours and alive: one look-up in each store."""
    claims = verified_claims(provider, token, now=now)
    if claims is None:
        return None
    marks = provider.ephemeral.get_many(_revocations(claims))
    if any(mark is not None for mark in marks):
        return None
    with provider.database.look_up() as reader:
        live = live_grants.live_for_token(reader, UUID(claims["gid"]), now)
    if live is None or not live.is_usable:
        return None
    return AccessToken(claims, live)


def verified_claims(
    provider: Provider, token: str, *, now: datetime
) -> dict[str, Any] | None:
    """Return the claims of a citizen's access token of ours that lasts, or None."""
    claims = signed_claims(provider, token, now=now)
    return claims if claims and is_about_somebody(claims) else None


def is_about_somebody(claims: dict[str, Any]) -> bool:
    """Say whether a token stands on a citizen's grant, or is a client's own."""
    return "gid" in claims


def signed_claims(
    provider: Provider, token: str, *, now: datetime
) -> dict[str, Any] | None:
    """Return the claims of any access token that we signed and that lasts, or None."""
    try:
        # `typ` keeps ID tokens and other JWTs of ours out (RFC 9068 §4).
        claims: dict[str, Any] = provider.rings.verify(
            token, purposes=("access_token",), typ=ACCESS_TOKEN_TYPE, now=now
        )
    except InvalidTokenError:
        return None
    is_ours = claims.get("iss") == provider.config.issuer
    if not is_ours or claims["exp"] <= now.timestamp():
        return None
    # Officers have stopped the portal: whoever asks hears of a dead token.
    is_stopped = provider.relying_parties.is_suspended(claims["client_id"])
    return None if is_stopped else claims


def _revocations(claims: dict[str, Any]) -> list[str]:
    revocations = [f"revoked:{claims['chn']}"]
    if "offline_access" not in claims["scope"].split():
        # What was granted for the absence of the citizen outlives the session.
        revocations.append(f"ended:{claims['sid']}")
    return revocations
