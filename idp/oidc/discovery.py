"""Discovery (OIDC Discovery §3) and RFC 8414 metadata: exactly what works."""

from typing import Any

from idp.authentication import assurance
from idp.claims import catalogue, verified_claims
from idp.config import Config
from idp.credentials import offers, residence_credential
from idp.oidc import assertions, client_auth, pkce, response_modes
from idp.oidc import authorization_details as details
from idp.oidc.compact_jws import STRONG_ALGORITHMS
from idp.oidc.tokens import ID_TOKEN_ALGORITHMS, USERINFO_ALGORITHMS
from idp.relying_parties import messages
from idp.relying_parties.ciba import DELIVERY_MODES
from idp.relying_parties.metadata import GRANTS

PROTOCOL_CLAIMS = (
    "iss", "sub", "aud", "exp", "iat", "jti", "auth_time", "nonce", "acr", "amr",
    "sid", "at_hash", "account_level", "authentication_level", "act",
)  # fmt: skip


def document(config: Config) -> dict[str, Any]:
    """Return what this provider can do."""
    issuer = config.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks.json",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "end_session_endpoint": f"{issuer}/end_session",
        "registration_endpoint": f"{issuer}/register",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        **_decoupled(issuer),
        **_authorization(config),
        **_tokens(config),
        **_mutual_tls(config),
        **_claims(config),
        **_wallets(config),
    }


def _decoupled(issuer: str) -> dict[str, Any]:
    return {
        "device_authorization_endpoint": f"{issuer}/device_authorization",
        # CIBA §4
        "backchannel_authentication_endpoint": f"{issuer}/backchannel_authentication",
        "backchannel_token_delivery_modes_supported": list(DELIVERY_MODES),
        "backchannel_user_code_parameter_supported": False,
        f"{messages.CALLS}_values_supported": list(messages.REQUEST_SIGNING),
    }


def _authorization(config: Config) -> dict[str, Any]:
    return {
        "response_types_supported": ["code"],
        "response_modes_supported": list(response_modes.MODES),
        "authorization_signing_alg_values_supported": list(messages.RESPONSE_SIGNING),
        "grant_types_supported": _grant_types(config),
        "code_challenge_methods_supported": [pkce.METHOD],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "acr_values_supported": assurance.supported_acr_values(
            biometric=config.assurance.verified_passkey_is_biometric
        ),
        "ui_locales_supported": ["vi", "en"],
        "authorization_response_iss_parameter_supported": True,
        "require_pushed_authorization_requests": config.requests.must_push,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(messages.REQUEST_SIGNING),
        "require_signed_request_object": False,
        "authorization_details_types_supported": list(details.types(config)),
        # By default this flag is true (OIDC Discovery §3), so it must be said.
        "request_uri_parameter_supported": False,
    }


def _tokens(config: Config) -> dict[str, Any]:
    signing = list(assertions.ALGORITHMS)
    methods = client_auth.methods(config)
    confidential = [name for name in methods if name != "none"]
    return {
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(ID_TOKEN_ALGORITHMS),
        "userinfo_signing_alg_values_supported": list(USERINFO_ALGORITHMS),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": signing,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": signing,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": signing,
        "dpop_signing_alg_values_supported": list(STRONG_ALGORITHMS),
        "introspection_signing_alg_values_supported": list(messages.RESPONSE_SIGNING),
        **_encryption(),
    }


def _encryption() -> dict[str, Any]:
    return {
        f"{kind}_encryption_{part}_values_supported": list(algorithms)
        for kind in messages.ENCRYPTED
        for part, algorithms in (
            ("alg", messages.KEY_MANAGEMENT),
            ("enc", messages.CONTENT_ENCRYPTION),
        )
    }


def _mutual_tls(config: Config) -> dict[str, Any]:
    """Return the metadata of RFC 8705 §3.3 and §5, where a proxy tells of clients."""
    if not config.mtls.enabled:
        return {}
    bound = {"tls_client_certificate_bound_access_tokens": True}
    if not config.mtls.endpoints:
        return bound
    paths = {
        "token_endpoint": "/token",
        "userinfo_endpoint": "/userinfo",
        "pushed_authorization_request_endpoint": "/par",
        "revocation_endpoint": "/revoke",
        "introspection_endpoint": "/introspect",
        "device_authorization_endpoint": "/device_authorization",
        "backchannel_authentication_endpoint": "/backchannel_authentication",
    }
    aliases = {name: config.mtls.endpoints + path for name, path in paths.items()}
    return {**bound, "mtls_endpoint_aliases": aliases}


def _grant_types(config: Config) -> list[str]:
    is_open = config.credentials.enabled
    return [name for name in GRANTS if is_open or name != offers.GRANT_TYPE]


def _wallets(config: Config) -> dict[str, Any]:
    """Say that a wallet has to be registered (OpenID4VCI 1.0 §12.3)."""
    member = "pre-authorized_grant_anonymous_access_supported"
    return {member: False} if config.credentials.enabled else {}


def _claims(config: Config) -> dict[str, Any]:
    is_open = config.credentials.enabled
    return {
        "scopes_supported": [
            scope
            for scope in catalogue.SCOPES
            if is_open or scope != residence_credential.SCOPE
        ],
        "claim_types_supported": ["normal"],
        "claims_supported": [*PROTOCOL_CLAIMS, *catalogue.SUPPORTED],
        "claims_parameter_supported": True,
        **verified_claims.metadata(),
    }
