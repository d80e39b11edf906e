"""The FAPI 2.0 Security Profile, one switch of a registration: `"profile": "fapi2"`.

The switch turns on what the profile demands of a client, and refuses whatever
contradicts it with the rule that does. Endpoints enforce what is registered; what the
profile limits beyond that (signatures, lifetimes, refresh) they take from here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from idp.relying_parties.errors import InvalidMetadataError, InvalidRedirectUriError

PROFILE = "fapi2"
SIGNING = ("PS256", "ES256", "EdDSA")  # §5.4.1
CODE_LIFETIME = 60  # seconds, §5.3.2.1

_AUTH_METHODS = ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth")
_DPOP = "dpop_bound_access_tokens"
_MTLS = "tls_client_certificate_bound_access_tokens"
_ON = {
    "token_endpoint_auth_method": "private_key_jwt",
    "require_pushed_authorization_requests": True,
    "require_pkce": True,
    "id_token_signed_response_alg": "ES256",
    "authorization_signed_response_alg": "ES256",
    "introspection_signed_response_alg": "ES256",
}


def is_asked(metadata: Mapping[str, Any]) -> bool:
    """Say whether a registration turns the switch on."""
    return metadata.get("profile") == PROFILE


def switched_on(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata with what the profile demands where nothing is said."""
    said = {name: value for name, value in metadata.items() if value is not None}
    # Sender-constrained one way or the other (§5.3.2.1).
    bound = {} if said.get(_MTLS) else {_DPOP: True}
    return {**_ON, **bound, **said}


def check(document: Mapping[str, Any], policy: Mapping[str, Any]) -> None:
    """Refuse a registration that breaks a rule of the profile, and say which one."""
    for rule in _broken(document, policy):
        raise InvalidMetadataError(f"profile {PROFILE}: {rule}")
    for number, uri in enumerate(document["redirect_uris"], start=1):
        if not uri.startswith("https://"):
            raise InvalidRedirectUriError(
                f"profile {PROFILE}: redirect_uris: number {number} must be https "
                "(FAPI 2.0 Security Profile §5.3.2.2)"
            )


def _broken(document: Mapping[str, Any], policy: Mapping[str, Any]) -> Iterator[str]:
    general = "(FAPI 2.0 Security Profile §5.3.2.1)"
    of_codes = "(FAPI 2.0 Security Profile §5.3.2.2)"
    if document["token_endpoint_auth_method"] not in _AUTH_METHODS:
        listed = ", ".join(_AUTH_METHODS)
        yield f"token_endpoint_auth_method must be one of: {listed} {general}"
    if not document.get(_DPOP) and not document.get(_MTLS):
        yield f"{_DPOP} or {_MTLS} must be true {general}"
    if not document["require_pushed_authorization_requests"]:
        yield f"require_pushed_authorization_requests must be true {of_codes}"
    if not policy["require_pkce"]:
        yield f"require_pkce must be true {of_codes}"
    for name in sorted(document):
        is_algorithm = name.endswith(("_signing_alg", "_signed_response_alg"))
        if is_algorithm and document[name] not in SIGNING:
            listed = ", ".join(SIGNING)
            yield f"{name} must be one of: {listed} (FAPI 2.0 Security Profile §5.4.1)"
