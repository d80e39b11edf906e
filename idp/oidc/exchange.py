"""Token exchange (RFC 8693): from a citizen's own token to one for whom they act for.

Nothing new is allowed here: the citizen acted for them at this portal before, so there
is a consent, which they gave and which ends with the representation or the mandate. The
exchange only spares the browser. The new token says who acts (`act`, §4.1), counts at
the account level of whom it is about, and ends with the token that it came from.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import BaseGrant, TokenEndpointMixin

from idp import clock
from idp.audit.representation_events import ActedFor
from idp.authentication import assurance
from idp.authentication.assurance import Earned
from idp.consent import live_grants
from idp.consent.live_grants import LiveGrant
from idp.figures import usage
from idp.oidc import access_tokens, binding, client_auth, tokens
from idp.oidc.access_tokens import AccessToken
from idp.oidc.binding import Confirmation
from idp.oidc.errors import InvalidTargetError
from idp.oidc.grants import OFFLINE, TokenAnswer
from idp.oidc.request_guard import Form
from idp.oidc.sign_in import SignIn, narrowed_audience
from idp.oidc.tokens import Order
from idp.provider import Provider
from idp.relying_parties.record import RelyingParty

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - §3


@dataclass(frozen=True, slots=True)
class Exchange:
    """A citizen's own token, and the grant that they gave for somebody else."""

    own: AccessToken
    live: LiveGrant
    party: RelyingParty


class TokenExchangeGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """A citizen's own access token for one that is about whom they act for."""

    GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
    # Whoever cannot prove itself sends the citizen to the authorization endpoint.
    TOKEN_ENDPOINT_AUTH_METHODS = tuple(m for m in client_auth.METHODS if m != "none")

    def validate_token_request(self) -> None:
        """Prove the client and read what it wants; both kinds of token are access."""
        request = self.request
        request.client = self.authenticate_token_endpoint_client()
        request.client.require_grant(self.GRANT_TYPE)
        form = request.form
        for name in ("subject_token", "subject_token_type", "requested_subject"):
            if name not in form:
                raise InvalidRequestError(f"Missing {name}")
        types = {form["subject_token_type"], form.get("requested_token_type")}
        if not types <= {ACCESS_TOKEN, None}:
            raise InvalidRequestError("Only access tokens are exchanged")
        if "actor_token" in form or "actor_token_type" in form:
            raise InvalidRequestError("The actor is who the subject_token is about")
        if "audience" in form:
            raise InvalidTargetError("Name the API by resource (RFC 8707)")
        request.confirmation = binding.confirm(
            self.server.provider, request.machine, request.client.party
        )

    def create_token_response(self) -> TokenAnswer:
        """Build the token; that somebody acted is written down for both of them."""
        provider, now = self.server.provider, self.request.machine.at
        form, party = self.request.form, self.request.client.party
        confirmation: Confirmation | None = self.request.confirmation
        exchange = _find(provider, party, form, now=now)
        _check_key(exchange.own, confirmation)
        sign_in = _sign_in(exchange, form)
        order = Order(
            party=party,
            sign_in=sign_in,
            live=exchange.live,
            scopes=tuple(sign_in.scopes),
            audience=narrowed_audience(sign_in, form.resources),
            confirmation=confirmation,
            at=now,
            until=exchange.own.claims["exp"],
        )
        answer: dict[str, Any] = tokens.build(provider, order)
        answer.pop("id_token", None)  # §2.2.1: one token, of the type that is named
        _note(provider, exchange, sign_in, now=now)
        return 200, answer | {"issued_token_type": ACCESS_TOKEN}, []


def _find(
    provider: Provider, party: RelyingParty, form: Form, *, now: datetime
) -> Exchange:
    own = access_tokens.find(provider, form["subject_token"], now=now)
    is_ours = own is not None and own.claims["client_id"] == party.client_id
    if own is None or not is_ours or own.live.grant.actor_id is not None:
        # Whoever acts for one already acts for nobody further by it.
        raise InvalidRequestError("The subject_token is no citizen's own, or has ended")
    with provider.database.look_up() as reader:
        live = live_grants.live_of_actor(
            reader,
            actor_id=own.live.grant.account_id,
            client_id=party.client_id,
            subject=form["requested_subject"],
            now=now,
        )
    if live is None or not live.is_usable:
        # The same for whoever is unknown, not theirs to act for, or never asked about.
        raise InvalidRequestError(
            "This citizen has allowed nothing for the requested_subject; send them to "
            "the authorization endpoint"
        )
    return Exchange(own, live, party)


def _check_key(own: AccessToken, confirmation: Confirmation | None) -> None:
    """Refuse a bound token without its key, and a new one that were bound to less."""
    bound = own.claims.get("cnf")
    if bound and (confirmation is None or confirmation.cnf != bound):
        raise InvalidRequestError("The subject_token is bound to another key")


def _sign_in(exchange: Exchange, form: Form) -> SignIn:
    own, live, party = exchange.own, exchange.live, exchange.party
    claims = own.claims
    pair = Earned(
        account_level=live.account_level,
        authentication_level=claims["authentication_level"],
        amr=tuple(claims["amr"]),
        auth_time=clock.from_timestamp(claims["auth_time"]),
    )
    if party.minimum_acr and not assurance.satisfies(pair, party.minimum_acr):
        raise InvalidRequestError("The levels do not reach what this client demands")
    return SignIn(
        client_id=party.client_id,
        grant_id=str(live.grant.id),
        chain_id=claims["chn"],
        scopes=_scopes(exchange, form.get("scope")),
        claims={},
        resource=[item for item in own.audience if item != claims["iss"]],
        sid=claims["sid"],
        auth_time=claims["auth_time"],
        acr=assurance.acr(pair),
        amr=claims["amr"],
        account_level=pair.account_level,
        authentication_level=pair.authentication_level,
    )


def _scopes(exchange: Exchange, asked: str | None) -> list[str]:
    """Return what own token, consent and registration have in common, or less."""
    given = exchange.live.grant.scopes
    common = [
        scope
        for scope in exchange.own.scopes
        if scope in given and scope in exchange.party.scopes
    ]
    if OFFLINE in exchange.own.scopes and OFFLINE not in common:
        # The own token may outlive its session, which nothing allowed for the other.
        raise InvalidScopeError("They were not allowed to be acted for in absence")
    if asked is None:
        return common
    wanted = set(asked.split())
    if not wanted or not wanted.issubset(common):
        raise InvalidScopeError("The scope is wider than what was granted")
    return [scope for scope in common if scope in wanted]


def _note(
    provider: Provider, exchange: Exchange, sign_in: SignIn, *, now: datetime
) -> None:
    grant, client_id = exchange.live.grant, sign_in.client_id
    actor_id = exchange.own.live.grant.account_id
    relation = exchange.live.relation or ""
    with provider.database.transaction() as database:
        acted = ActedFor(grant.account_id, actor_id, client_id, relation)
        provider.audit.record(database, acted, now=now)
        usage.record(
            database,
            account_id=grant.account_id,
            client_id=client_id,
            outcome="success",
            level=sign_in.authentication_level,
            now=now,
        )
