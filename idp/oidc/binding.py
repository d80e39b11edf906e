"""Sender-constrained tokens: bound to the client's key or certificate (RFC 7800).

Every grant asks `confirm` which key the request shows and gives it to its `Order`;
`tokens.build` refuses to make an unbound token for a client that may have none. Every
protected resource asks `check`.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidGrantError

from idp.oidc import client_certificate, dpop
from idp.oidc.errors import InvalidProofError, InvalidTokenError, UnprovenTokenError
from idp.oidc.request_guard import MachineRequest
from idp.provider import Provider
from idp.relying_parties import certificates
from idp.relying_parties.record import RelyingParty

KEY = "jkt"  # RFC 9449 §6.1
CERTIFICATE = "x5t#S256"  # RFC 8705 §3.1


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The key that a token request showed, by the member of `cnf` that names it."""

    member: str
    thumbprint: str

    @property
    def cnf(self) -> dict[str, str]:
        """Return the `cnf` claim."""
        return {self.member: self.thumbprint}


def confirm(
    provider: Provider, request: MachineRequest, party: RelyingParty
) -> Confirmation | None:
    """Return what the tokens of this request are bound to, or None: they are not.

    A client that registered for bound tokens is refused without its key. Of another a
    DPoP proof is enough to bind (RFC 9449 §5).
    """
    if party.tls_client_certificate_bound_access_tokens:
        certificate = client_certificate.presented(provider, request)
        if certificate is None:
            raise InvalidClientError(
                "This client must bring its certificate (RFC 8705 section 3)",
                status_code=400,
            )
        return Confirmation(CERTIFICATE, certificates.thumbprint(certificate))
    if request.dpop is not None or party.dpop_bound_access_tokens:
        return Confirmation(KEY, dpop.verify(provider, request))
    return None


def check_code(dpop_jkt: str | None, confirmation: Confirmation | None) -> None:
    """Refuse a code without the key that it was asked for (RFC 9449 §10)."""
    if dpop_jkt is not None and confirmation != Confirmation(KEY, dpop_jkt):
        raise InvalidGrantError("The code is bound to another key")


def check_refresh(
    party: RelyingParty,
    bound: Mapping[str, str] | None,
    confirmation: Confirmation | None,
) -> None:
    """Refuse a refresh that would loosen what the chain began with.

    A public client has nothing but its key to be known by (RFC 9449 §5, RFC 8705 §4);
    one that proved itself may take a new key, never none.
    """
    if not bound:
        return
    if confirmation is None:
        raise InvalidProofError("The refresh token is bound: prove a key")
    if party.is_public and confirmation.cnf != bound:
        raise InvalidGrantError("The refresh token is bound to another key")


def token_type(cnf: Mapping[str, str] | None) -> str:
    """Return the `token_type` of a token with this `cnf` (RFC 9449 §5)."""
    return "DPoP" if cnf and KEY in cnf else "Bearer"


def check(
    provider: Provider,
    request: MachineRequest,
    cnf: Mapping[str, str],
    *,
    scheme: str,
    token: str,
) -> None:
    """Refuse an access token whose sender does not show the key in its `cnf`."""
    if scheme != token_type(cnf):
        # Else a stolen token would work without the key (RFC 9449 §7.2).
        raise InvalidTokenError(f"This access token is of type {token_type(cnf)}")
    if not cnf:
        return
    try:
        shown = _shown(provider, request, cnf, token)
    except InvalidProofError as refused:
        raise UnprovenTokenError(refused) from refused
    if not hmac.compare_digest(shown, "".join(cnf.values())):
        raise InvalidTokenError("The access token is bound to another key")


def _shown(
    provider: Provider, request: MachineRequest, cnf: Mapping[str, str], token: str
) -> str:
    if KEY in cnf:
        return dpop.verify(provider, request, access_token=token)
    certificate = client_certificate.presented(provider, request)
    return "" if certificate is None else certificates.thumbprint(certificate)
