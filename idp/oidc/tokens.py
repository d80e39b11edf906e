"""Build the tokens: one function each, linted before anything is signed.

ID tokens use the algorithm that the client registered (RS256 if it named none, OIDC
Registration §2); access tokens are RFC 9068 JWTs signed with ES256.
"""

import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError

from idp import clock
from idp.authentication.assurance import satisfies
from idp.claims.release import Recipient, obstacle
from idp.consent.live_grants import LiveGrant
from idp.oidc import binding, encryption, person_claims
from idp.oidc.authorization_details import locations, narrowed
from idp.oidc.binding import Confirmation
from idp.oidc.errors import InvalidTargetError
from idp.oidc.person_claims import Listener
from idp.oidc.sign_in import SignIn
from idp.oidc.soundness import UnsoundTokenError, lint
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty

ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type (RFC 9068 §2.1)
ID_TOKEN_TYPE = "JWT"  # noqa: S105 - a media type
ACCESS_TOKEN_ALGORITHM = "ES256"  # noqa: S105 - an algorithm
ID_TOKEN_ALGORITHMS = ("RS256", "ES256")
USERINFO_ALGORITHMS = ("RS256", "ES256")

# `at_hash` uses the hash of the signature's algorithm (OIDC Core §3.1.3.6).
_HASHES = {"ES256": sha256, "RS256": sha256}


@dataclass(frozen=True, slots=True)
class Order:
    """What tokens are built from: for whom, for which sign-in, with which reach.

    `confirmation` is what the request of these tokens showed (`binding.confirm`).
    """

    party: RelyingParty
    sign_in: SignIn
    live: LiveGrant
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    at: datetime
    nonce: str | None = None
    confirmation: Confirmation | None = None
    until: int | None = None  # when the access token dies at the latest

    @property
    def cnf(self) -> dict[str, str] | None:
        """Return to what the access token is bound (RFC 7800 §3)."""
        return self.confirmation.cnf if self.confirmation else None


def build(provider: Provider, order: Order) -> dict[str, Any]:
    """Return the members of a token response, the refresh token apart."""
    _check_demands(provider, order)
    claims = lint(access_token_claims(provider, order))
    access_token = provider.rings.sign(
        claims,
        purpose="access_token",
        alg=ACCESS_TOKEN_ALGORITHM,
        typ=ACCESS_TOKEN_TYPE,
        now=order.at,
    )
    response = {
        "access_token": access_token,
        "token_type": binding.token_type(order.cnf),
        "expires_in": claims["exp"] - claims["iat"],
        "scope": " ".join(order.scopes),
    }
    if order.sign_in.authorization_details:  # RFC 9396 §7
        response["authorization_details"] = claims["authorization_details"]
    if "openid" in order.scopes:
        id_token = provider.rings.sign(
            lint(id_token_claims(provider, order, access_token=access_token)),
            purpose="id_token",
            alg=order.party.id_token_alg,
            typ=ID_TOKEN_TYPE,
            now=order.at,
        )
        response["id_token"] = encryption.encrypt(order.party, "id_token", id_token)
    return response


def _check_demands(provider: Provider, order: Order) -> None:
    """Refuse what the client's registration does not allow any more, on every way."""
    party = order.party
    if party.needs_bound_tokens and order.confirmation is None:
        raise UnsoundTokenError(detail="unbound token for a client of bound ones")
    named = (*order.audience, *locations(order.sign_in.authorization_details))
    for resource in named:
        if resource != provider.config.issuer and not party.may_name(resource):
            raise InvalidTargetError("resource is not registered for this client")
    if party.minimum_acr and not satisfies(order.sign_in.earned, party.minimum_acr):
        raise InvalidGrantError("The sign-in does not reach what this client demands")


def access_token_claims(provider: Provider, order: Order) -> dict[str, Any]:
    """Return the claims of an access token (RFC 9068 §2.2) and our handles.

    `gid` and `chn` name the grant and the chain of tokens, so that revocation acts at
    once; `asked` carries the userinfo part of a `claims` parameter to our userinfo.
    """
    issuer, sign_in = provider.config.issuer, order.sign_in
    audience = order.audience or (issuer,)
    claims = _common(provider, order, life=provider.config.lifetimes.access_token)
    claims |= {
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "client_id": order.party.client_id,
        "exp": min(claims["exp"], order.until or claims["exp"]),
        "scope": " ".join(order.scopes),
        "gid": sign_in.grant_id,
        "chn": sign_in.chain_id,
    }
    if order.cnf:
        claims["cnf"] = order.cnf
    asked = sign_in.claims.get("userinfo")
    if asked and issuer in audience:
        claims["asked"] = asked
    if sign_in.authorization_details:
        details = sign_in.authorization_details
        claims["authorization_details"] = narrowed(details, _open_data(order))
    return claims


def _open_data(order: Order) -> frozenset[str]:
    """Return the claims that consent, purpose and both levels open now."""
    live = order.live
    recipient = Recipient(
        order.party,
        live.account_level,
        order.sign_in.authentication_level,
        about="organisation" if live.is_organisation else "person",
    )
    allowed = live.grant.claims
    return frozenset(name for name in allowed if obstacle(name, recipient) is None)


def id_token_claims(
    provider: Provider, order: Order, *, access_token: str
) -> dict[str, Any]:
    """Return the claims of an ID token (OIDC Core §2).

    What the `claims` parameter asked of the person comes first, so that it can never
    replace a claim of the protocol.
    """
    sign_in = order.sign_in
    listener = Listener(order.party, order.live, sign_in.authentication_level, order.at)
    asked = dict(sign_in.claims.get("id_token") or {})
    claims = person_claims.for_id_token(provider, listener, asked)
    claims |= _common(provider, order, life=provider.config.lifetimes.id_token)
    claims |= {
        "aud": order.party.client_id,
        "account_level": sign_in.account_level,
        "at_hash": token_hash(access_token, alg=order.party.id_token_alg),
    }
    if order.nonce is not None:
        claims["nonce"] = order.nonce
    return claims


def token_hash(token: str, *, alg: str) -> str:
    """Return the left half of the token's hash (OIDC Core §3.1.3.6)."""
    digest = _HASHES[alg](token.encode("ascii")).digest()
    half = digest[: len(digest) // 2]
    return urlsafe_b64encode(half).rstrip(b"=").decode()


def _common(provider: Provider, order: Order, *, life: int) -> dict[str, Any]:
    sign_in, issued = order.sign_in, clock.timestamp(order.at)
    act = order.live.act
    return {
        "iss": provider.config.issuer,
        "sub": order.live.grant.subject,
        "iat": issued,
        "exp": issued + life,
        "jti": secrets.token_urlsafe(16),
        "auth_time": sign_in.auth_time,
        "acr": sign_in.acr,
        "amr": sign_in.amr,
        "sid": sign_in.sid,
        "authentication_level": sign_in.authentication_level,
        **({"act": act} if act else {}),  # RFC 8693 §4.1
    }
