"""Client authentication: exactly one method, and the one that is registered.

Every failure before a proof has the same answer, whether the client is unknown, uses
another method or brings a wrong proof, so that nobody learns which clients exist. One
that proved itself by another method than its own is told which it registered.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote_plus

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError

from idp.config import Config
from idp.logs import note_client
from idp.oidc import assertions, client_certificate
from idp.oidc.request_guard import Form, MachineRequest
from idp.provider import Provider
from idp.relying_parties import certificates
from idp.relying_parties.record import RelyingParty

METHODS = (
    "client_secret_basic", "client_secret_post", "private_key_jwt",
    *certificates.METHODS, "none",
)  # fmt: skip
FAILED = "Client authentication failed"


def authenticate(
    provider: Provider, request: MachineRequest, form: Form
) -> RelyingParty:
    """Return the relying party that proved itself, or raise Authlib's refusal."""
    certificate = client_certificate.presented(provider, request)
    method = _method_used(request, form)
    client_id, is_proven = _PROOFS[method](provider, request, form)
    party = provider.relying_parties.find(client_id)
    if method == "none" and party and party.auth_method in certificates.METHODS:
        # A certificate names no client: `client_id` does (RFC 8705 §2), and without
        # another proof beside it the certificate is the one method of this request.
        method = party.auth_method
        is_proven = certificate is not None and certificates.proves(
            party, certificate, provider.client_authorities, now=request.at
        )
    # The proof is made before the look-up decides: an unknown client costs the same.
    if not is_proven or party is None:
        raise failed(method)
    if party.auth_method != method:
        is_known = method != "none"
        raise failed(method, _registered(party) if is_known else FAILED)
    if form.get("client_id", client_id) != client_id:
        raise InvalidRequestError("client_id is not the authenticated client")
    note_client(party.client_id)
    return party


def methods(config: Config) -> list[str]:
    """Return the methods that work here: certificates need a proxy that tells them."""
    mtls = config.mtls
    works = {
        "tls_client_auth": mtls.enabled and mtls.authorities_file is not None,
        "self_signed_tls_client_auth": mtls.enabled,
    }
    return [name for name in METHODS if works.get(name, True)]


def failed(method: str, description: str = FAILED) -> InvalidClientError:
    """Return the one refusal; 401 answers HTTP authentication (RFC 6749 §5.2)."""
    is_http = method == "client_secret_basic"
    status = HTTPStatus.UNAUTHORIZED if is_http else HTTPStatus.BAD_REQUEST
    return InvalidClientError(description=description, status_code=int(status))


def _registered(party: RelyingParty) -> str:
    return f"This client is registered with {party.auth_method}"


def _method_used(request: MachineRequest, form: Form) -> str:
    used = []
    if request.authorization is not None:
        used.append("client_secret_basic")
    if "client_secret" in form:
        used.append("client_secret_post")
    if "client_assertion" in form or "client_assertion_type" in form:
        used.append("private_key_jwt")
    if len(used) > 1:
        # RFC 6749 §2.3: one method in each request.
        raise InvalidRequestError("More than one client authentication method")
    return used[0] if used else "none"


def _prove_basic(
    provider: Provider, request: MachineRequest, form: Form
) -> tuple[str, bool]:
    del form
    scheme, _, encoded = (request.authorization or "").partition(" ")
    try:
        text = b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise failed("client_secret_basic") from error
    client_id, colon, secret = text.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise failed("client_secret_basic")
    # RFC 6749 §2.3.1: both were form-encoded before they were joined.
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    return client_id, provider.relying_parties.check_secret(client_id, secret)


def _prove_post(
    provider: Provider, request: MachineRequest, form: Form
) -> tuple[str, bool]:
    del request
    client_id = form.get("client_id", "")
    secret = form["client_secret"]
    return client_id, provider.relying_parties.check_secret(client_id, secret)


def _prove_assertion(
    provider: Provider, request: MachineRequest, form: Form
) -> tuple[str, bool]:
    if form.get("client_assertion_type") != assertions.TYPE:
        raise InvalidRequestError(f"client_assertion_type must be {assertions.TYPE}")
    try:
        client_id = assertions.verify(
            provider, form.get("client_assertion", ""), now=request.at
        )
    except assertions.AssertionRefusedError as error:
        raise failed("private_key_jwt", str(error) or FAILED) from error
    return client_id, True


def _prove_nothing(
    provider: Provider, request: MachineRequest, form: Form
) -> tuple[str, bool]:
    del provider, request
    client_id = form.get("client_id", "")
    return client_id, bool(client_id)


_PROOFS: dict[str, Callable[[Provider, MachineRequest, Form], tuple[str, bool]]] = {
    "client_secret_basic": _prove_basic,
    "client_secret_post": _prove_post,
    "private_key_jwt": _prove_assertion,
    "none": _prove_nothing,
}
