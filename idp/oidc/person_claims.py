"""What an ID token and userinfo say of the person, by the grant as it is now.

`claims.delivery` decides and reads; here are only the two places and what was asked
for in each.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp.claims.delivery import Reader, deliver
from idp.claims.organisation import OrganisationReader
from idp.claims.person import PersonReader
from idp.claims.release import Recipient, asked
from idp.claims.request import ClaimsRequest, Target
from idp.consent.live_grants import LiveGrant
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told something of whom, after which kind of sign-in, and when."""

    party: RelyingParty
    live: LiveGrant
    authentication_level: int
    at: datetime


def for_id_token(
    provider: Provider, listener: Listener, request: dict[str, Any]
) -> dict[str, Any]:
    """Return what the `claims` parameter asks for in the ID token (OIDC Core §5.5)."""
    if not request:
        return {}
    parsed = ClaimsRequest.from_json({"id_token": request})
    names = asked((), parsed).id_token
    return _told(provider, listener, names, parsed.id_token)


def for_userinfo(
    provider: Provider,
    listener: Listener,
    scopes: tuple[str, ...],
    request: dict[str, Any],
) -> dict[str, Any]:
    """Return what scopes and the `claims` parameter ask of userinfo (§5.4, §5.5)."""
    parsed = ClaimsRequest.from_json({"userinfo": request})
    names = asked(scopes, parsed).userinfo
    return _told(provider, listener, names, parsed.userinfo)


def _told(
    provider: Provider, listener: Listener, names: frozenset[str], target: Target
) -> dict[str, Any]:
    live = listener.live
    grant = live.grant
    reader: Reader = PersonReader.of(provider)
    if live.is_organisation:
        role = live.relation or ""
        reader = OrganisationReader(provider.database, provider.sealer, role)
    return deliver(
        names,
        target,
        account_id=grant.account_id,
        recipient=Recipient(
            listener.party,
            live.account_level,
            listener.authentication_level,
            about="organisation" if live.is_organisation else "person",
        ),
        allowed=grant.claims,
        reader=reader,
        now=listener.at,
    )
