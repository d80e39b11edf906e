"""The parameters of the protocol's addresses, as the OpenAPI description names them."""

_PROOF = ("client_id", "client_secret", "client_assertion", "client_assertion_type")
_TOKEN = (*_PROOF, "token", "token_type_hint")
_ASKED = ("scope", "claims", "acr_values", "resource", "authorization_details")
_REQUEST = (
    "response_type", "redirect_uri", "state", "nonce", "code_challenge",
    "code_challenge_method", "response_mode", "prompt", "max_age", "display",
    "login_hint", "id_token_hint", "ui_locales", "request", "dpop_jkt", *_ASKED,
)  # fmt: skip

# By a machine endpoint's name: the members of its form.
FORMS: dict[str, tuple[str, ...]] = {
    "pushed": (*_PROOF, *_REQUEST),
    "token": (
        *_PROOF, "grant_type", "code", "redirect_uri", "code_verifier",
        "refresh_token", "device_code", "auth_req_id", "subject_token",
        "subject_token_type", "actor_token", "requested_token_type", "audience",
        "scope", "resource", "authorization_details", "pre-authorized_code", "tx_code",
    ),
    "device_authorization": (*_PROOF, *_ASKED),
    "backchannel_authentication": (
        *_PROOF, *_ASKED, "login_hint", "id_token_hint", "login_hint_token",
        "binding_message", "requested_expiry", "client_notification_token", "request",
    ),
    "revoke": _TOKEN,
    "introspect": _TOKEN,
    "userinfo": ("access_token",),
}  # fmt: skip

# The same for JSON (RFC 7591 §2, Shared Signals Framework 1.0 §8, RFC 8936 §2,
# OpenID4VCI 1.0 §8.2).
JSON: dict[str, tuple[str, ...]] = {
    "registration": (
        "client_id", "client_secret", "client_name", "client_uri", "logo_uri",
        "redirect_uris", "post_logout_redirect_uris", "application_type", "scope",
        "grant_types", "response_types", "token_endpoint_auth_method", "jwks",
        "jwks_uri", "sector_identifier_uri", "subject_type", "contacts",
        "software_statement", "backchannel_logout_uri", "minimum_acr", "profile",
        "default_max_age", "default_acr_values", "rotate_client_secret",
    ),
    "stream": ("stream_id", "delivery", "events_requested", "description"),
    "stream_status": ("stream_id", "status", "reason"),
    "stream_verify": ("stream_id", "state"),
    "stream_poll": ("maxEvents", "returnImmediately", "ack", "setErrs"),
    "credential": (
        "credential_configuration_id", "credential_identifier", "proofs",
        "credential_response_encryption",
    ),
}  # fmt: skip

# By an endpoint's name: what may stand in its address, or in its form instead.
IN_ADDRESSES: dict[str, tuple[str, ...]] = {
    "oidc.authorize": ("client_id", "request_uri", *_REQUEST),
    "oidc.end_session": (
        "id_token_hint", "post_logout_redirect_uri", "client_id", "state",
        "logout_hint", "ui_locales",
    ),
    "oidc.resume": ("transaction",),
    "oidc.cancel": ("transaction",),
    "registration": ("client_id",),
    "status_list": ("list",),
    "stream": ("stream_id",),
    "stream_status": ("stream_id",),
}  # fmt: skip

# Endpoints that an access token or a registration token opens.
RESOURCES = ("userinfo", *JSON)
