"""What a proven client asks without a browser (RFC 8628 §3.1, CIBA §7.1).

The same rules hold for what it may ask; only the redirect and PKCE have no place.
"""

from datetime import datetime

from authlib.oauth2.rfc6749 import InvalidRequestError, InvalidScopeError

from idp.authentication.transaction import AuthorizationRequest
from idp.oidc import requested
from idp.oidc.authorization_request import is_plain
from idp.oidc.request_guard import Form
from idp.oidc.server import AuthorizationServer
from idp.relying_parties.record import RelyingParty

_KNOWN = (
    "scope", "acr_values", "max_age", "claims", "id_token_hint", "ui_locales",
    "authorization_details",
)  # fmt: skip


def read(
    server: AuthorizationServer, party: RelyingParty, params: Form, *, now: datetime
) -> AuthorizationRequest:
    """Return what the client asks, or raise Authlib's refusal."""
    if not is_plain(params):
        raise InvalidRequestError("A parameter is too long or not plain text")
    kept = Form((name, params[name]) for name in _KNOWN if name in params)
    kept.resources = params.resources
    found = requested.read(server, party, kept, now=now)
    if "openid" not in found.scopes:  # a wallet has a browser
        raise InvalidScopeError("The scope must contain openid")
    return found
