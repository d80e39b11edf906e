"""Authorization codes: issued once, redeemed once, and a replay ends the grant.

A code is kept under its digest. Redemption first proves everything that can fail
without spending the code (its owner, the grant's life), then claims it; what fails
after that, such as a wrong verifier, has burnt it. The mark of use outlives every
access token that came from the code, so that a late replay is still recognised.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, InvalidGrantError

from idp import clock
from idp.authentication import session
from idp.authentication.assurance import Earned
from idp.authentication.session import SignedIn
from idp.authentication.transaction import AuthorizationRequest
from idp.consent import grants, live_grants
from idp.consent.grants import GrantView
from idp.consent.live_grants import LiveGrant
from idp.oidc.sign_in import SignIn, narrowed_audience
from idp.provider import Provider
from idp.relying_parties import fapi2
from idp.relying_parties.record import RelyingParty

REPLAYED = "code_replayed"


@dataclass(frozen=True, slots=True)
class AuthorizationCode(AuthorizationCodeMixin):  # type: ignore[misc]
    """A code that was taken by its owner, with what must still be proven for it."""

    sign_in: SignIn
    nonce: str | None
    code_challenge: str | None
    redirect_uri: str
    redirect_uri_sent: bool
    live: LiveGrant
    dpop_jkt: str | None = None

    def get_redirect_uri(self) -> str | None:
        """Return the redirect URI that the token request must repeat, if any."""
        return self.redirect_uri if self.redirect_uri_sent else None

    def get_scope(self) -> str:
        """Return the scopes that the code stands for."""
        return " ".join(self.sign_in.scopes)


def issue(  # noqa: PLR0913 - a code is bound to all of these
    provider: Provider,
    *,
    request: AuthorizationRequest,
    signed_in: SignedIn,
    earned: Earned,
    grant: GrantView,
    answer_acr: str,
    now: datetime,
) -> str:
    """Return a fresh code for a finished authorization; only its digest is kept."""
    del now
    party = provider.relying_parties.find(request.client_id)
    if party is None:
        raise InvalidGrantError("The client is no longer registered")
    sign_in = SignIn(
        client_id=request.client_id,
        grant_id=str(grant.id),
        chain_id=str(uuid4()),
        scopes=_given_scopes(request, grant, party),
        claims=dict(request.claims),
        resource=list(request.resource),
        sid=session.sid(
            provider.secrets.key("sid"), signed_in.session.id, party.sector
        ),
        auth_time=clock.timestamp(earned.auth_time),
        acr=answer_acr,
        amr=list(earned.amr),
        account_level=earned.account_level,
        authentication_level=earned.authentication_level,
        authorization_details=list(request.authorization_details),
    )
    code = secrets.token_urlsafe(32)
    provider.ephemeral.put(
        f"code:{_digest(code)}",
        {
            "sign_in": sign_in.to_json(),
            "nonce": request.nonce,
            "code_challenge": request.code_challenge,
            "dpop_jkt": request.dpop_jkt,
            "redirect_uri": request.redirect_uri,
            "redirect_uri_sent": request.redirect_uri_sent,
        },
        ttl=_lifetime(provider, request, party),
        grant_id=str(grant.id),
    )
    return code


def _lifetime(
    provider: Provider, request: AuthorizationRequest, party: RelyingParty
) -> int:
    lifetimes = provider.config.lifetimes
    if request.waiting:  # A device that waits for it comes back at its own pace.
        return lifetimes.waiting
    longest = fapi2.CODE_LIFETIME if party.is_fapi2 else lifetimes.code
    return min(lifetimes.code, longest)


def redeem(
    provider: Provider,
    code: str,
    *,
    client_id: str,
    resources: tuple[str, ...] = (),
    now: datetime,
) -> AuthorizationCode:
    """Take `code` for its owner, or raise `InvalidGrantError`.

    Of parallel callers exactly one succeeds. Another client's attempt changes nothing;
    a second use by the owner ends the grant (RFC 6749 §4.1.2, RFC 9700 §2.1.1).
    """
    digest = _digest(code)
    kept, used = provider.ephemeral.get_many([f"code:{digest}", f"code-used:{digest}"])
    if used is not None:
        if used["client_id"] == client_id:
            _end_grant(provider, used, now=now)
        raise InvalidGrantError("The code was used before")
    if kept is None or kept["sign_in"]["client_id"] != client_id:
        raise InvalidGrantError("The code is unknown, expired or another client's")
    sign_in = SignIn.from_json(kept.pop("sign_in"))
    narrowed_audience(sign_in, resources)
    live = require_live(provider, sign_in, now=now)
    owner = {"grant_id": sign_in.grant_id, "client_id": client_id}
    lifetimes = provider.config.lifetimes
    if not provider.ephemeral.claim(
        f"code-used:{digest}",
        owner,
        ttl=max(lifetimes.code, lifetimes.waiting) + lifetimes.access_token,
    ):
        _end_grant(provider, owner, now=now)
        raise InvalidGrantError("The code was used before")
    return AuthorizationCode(sign_in=sign_in, live=live, **kept)


def require_live(provider: Provider, sign_in: SignIn, *, now: datetime) -> LiveGrant:
    """Return the live grant of a usable account, or raise `InvalidGrantError`."""
    with provider.database.look_up() as reader:
        live = live_grants.live_for_token(reader, UUID(sign_in.grant_id), now)
    return check_live(live, sign_in)


def check_live(live: LiveGrant | None, sign_in: SignIn) -> LiveGrant:
    """Refuse a withdrawn grant, a locked account and a level that was lost."""
    if live is None or not live.is_usable:
        raise InvalidGrantError("The grant has ended")
    if live.account_level < sign_in.account_level:
        raise InvalidGrantError("The account no longer has its level")
    return live


def _given_scopes(
    request: AuthorizationRequest, grant: GrantView, party: RelyingParty
) -> list[str]:
    """Return the asked scopes that are consented and still mean something."""
    can_refresh = "refresh_token" in party.grant_types
    return [
        scope
        for scope in request.scopes
        if scope in grant.scopes
        and scope in party.scopes
        and (scope != "offline_access" or can_refresh)
    ]


def _end_grant(provider: Provider, owner: dict[str, Any], *, now: datetime) -> None:
    with provider.database.transaction() as database:
        grants.end(database, provider.audit, UUID(owner["grant_id"]), REPLAYED, now)
    provider.ephemeral.drop_grant(owner["grant_id"])


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
