"""The pre-authorized code for a token, once, by its wallet (OpenID4VCI 1.0 §6)."""

from typing import Any
from uuid import UUID, uuid4

from authlib.oauth2.rfc6749 import (
    BaseGrant,
    InvalidGrantError,
    InvalidRequestError,
    TokenEndpointMixin,
    UnauthorizedClientError,
)

from idp.accounts.contacts import read_contacts
from idp.credentials import offers
from idp.credentials.offers import Offer
from idp.credentials.residence_credential import SCOPE
from idp.factors.sent_codes import Errand
from idp.factors.sms import SmsCodes
from idp.figures import usage
from idp.oidc import authorization_details, binding, client_auth, codes, tokens
from idp.oidc.errors import InvalidAuthorizationDetailsError
from idp.oidc.sign_in import SignIn
from idp.oidc.tokens import Order
from idp.oidc.wallets import details

_DEAD = "The pre-authorized code is unknown, expired, used or another wallet's"


class PreAuthorizedCodeGrant(BaseGrant, TokenEndpointMixin):  # type: ignore[misc]
    """What a holder offered at their own page becomes a token for credentials."""

    GRANT_TYPE = offers.GRANT_TYPE
    TOKEN_ENDPOINT_AUTH_METHODS = client_auth.METHODS

    def validate_token_request(self) -> None:
        """Prove the wallet, and that it brings both codes."""
        request = self.request
        request.client = self.authenticate_token_endpoint_client()
        if not request.client.check_grant_type(self.GRANT_TYPE):
            raise UnauthorizedClientError("The client may not use this grant")
        for name in ("pre-authorized_code", "tx_code"):
            if name not in request.form:
                raise InvalidRequestError(f"Missing {name}")
        request.details = self._details()
        request.confirmation = binding.confirm(
            self.server.provider, request.machine, request.client.party
        )

    def create_token_response(self) -> tuple[int, dict[str, Any], list[Any]]:
        """Spend the offer and build its access token; it reaches credentials alone."""
        provider, now = self.server.provider, self.request.machine.at
        sign_in = self._spent()
        order = Order(
            party=self.request.client.party,
            sign_in=sign_in,
            live=codes.require_live(provider, sign_in, now=now),
            scopes=tuple(sign_in.scopes),
            audience=(),
            confirmation=self.request.confirmation,
            at=now,
        )
        answer = tokens.build(provider, order)
        with provider.database.transaction() as database:
            usage.record(
                database,
                account_id=order.live.grant.account_id,
                client_id=sign_in.client_id,
                outcome="success",
                level=sign_in.authentication_level,
                now=now,
            )
        return 200, answer, []

    def _details(self) -> list[dict[str, Any]]:
        """Return the details that a wallet may send here (§6.1); they widen nothing."""
        text = self.request.form.get("authorization_details")
        party, config = self.request.client.party, self.server.provider.config
        found = authorization_details.read(text, party, config)
        if any(item["type"] != details.TYPE for item in found):
            raise InvalidAuthorizationDetailsError("type: openid_credential alone")
        return list(found)

    def _spent(self) -> SignIn:
        """Return the sign-in behind the offer; a wrong transaction code is counted."""
        provider, form = self.server.provider, self.request.form
        store, code = provider.ephemeral, form["pre-authorized_code"]
        offer = offers.find(store, code, client_id=self.request.client.client_id)
        if offer is None:
            raise InvalidGrantError(_DEAD)
        lifetime = provider.config.lifetimes.sms_otp
        tries = provider.config.credentials.code_tries
        if not offers.may_try(store, code, tries=tries, ttl=lifetime):
            raise InvalidGrantError(_DEAD)
        if not self._is_right(offer, code, form["tx_code"]):
            raise InvalidGrantError("The transaction code is wrong")
        if not offers.spend(store, code):
            raise InvalidGrantError(_DEAD)
        return _sign_in(offer, self.request.details)

    def _is_right(self, offer: Offer, code: str, typed: str) -> bool:
        provider, account_id = self.server.provider, UUID(offer.account_id)
        with provider.database.read() as connection:
            known = read_contacts(connection, provider.sealer, account_id)
        if known.phone is None:
            return False
        errand = Errand(account_id, known.phone, "wallet", offers.binding(code))
        return SmsCodes(provider).check(errand, typed, now=self.request.machine.at)


def _sign_in(offer: Offer, asked: list[dict[str, Any]]) -> SignIn:
    return SignIn(
        client_id=offer.client_id,
        grant_id=offer.grant_id,
        chain_id=str(uuid4()),
        scopes=[SCOPE],
        claims={"userinfo": dict.fromkeys(offer.claims)},
        resource=[],
        sid=offer.sid,
        auth_time=offer.auth_time,
        acr=offer.acr,
        amr=offer.amr,
        account_level=offer.account_level,
        authentication_level=offer.authentication_level,
        authorization_details=asked,
    )
