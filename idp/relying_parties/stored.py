"""A stored registration, read as the record that the rest of the provider uses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from idp.relying_parties.client_keys import parse_keys
from idp.relying_parties.localised import localised
from idp.relying_parties.messages import build_messages
from idp.relying_parties.purposes import purposes_of
from idp.relying_parties.record import RelyingParty
from idp.relying_parties.remote import Remote
from idp.relying_parties.sender import BOUND

# The member that names the subject of the client's certificate (RFC 8705 §2.1.2).
_SUBJECT = "tls_client_auth_"


def build_party(  # noqa: PLR0913 - what is stored, then how it is read
    client_id: str,
    document: Mapping[str, Any],
    policy: Mapping[str, Any],
    *,
    sandbox: bool,
    now: datetime,
    remote: Remote | None = None,
) -> RelyingParty:
    """Build the frozen record of what `metadata.validate` let in and was stored."""
    keys = parse_keys(document.get("jwks"), policy.get("retiring_jwks", ()), now=now)
    jwks_uri = document.get("jwks_uri")
    name = localised(document, "client_name")
    if name is None:
        raise ValueError("client_name is missing")
    return RelyingParty(
        client_id=client_id,
        name=name,
        inline_keys=keys,
        remote_keys=remote.keys(jwks_uri) if remote and jwks_uri else None,
        messages=build_messages(document),
        **_addresses(document),
        **_protocol(document),
        **_sender(document),
        **_ours(document, policy, sandbox=sandbox),
    )


def _addresses(document: Mapping[str, Any]) -> dict[str, Any]:
    notified = "backchannel_client_notification_endpoint"
    return {
        "redirect_uris": tuple(document["redirect_uris"]),
        "post_logout_redirect_uris": tuple(document["post_logout_redirect_uris"]),
        "client_uri": localised(document, "client_uri"),
        "logo_uri": localised(document, "logo_uri"),
        "policy_uri": localised(document, "policy_uri"),
        "tos_uri": localised(document, "tos_uri"),
        "backchannel_logout_uri": document.get("backchannel_logout_uri"),
        "frontchannel_logout_uri": document.get("frontchannel_logout_uri"),
        notified: document.get(notified),
        "contacts": tuple(document.get("contacts", ())),
    }


def _protocol(document: Mapping[str, Any]) -> dict[str, Any]:
    sid, types = "backchannel_logout_session_required", "authorization_details_types"
    mode = "backchannel_token_delivery_mode"
    return {
        "grant_types": tuple(document["grant_types"]),
        "response_types": tuple(document["response_types"]),
        "scopes": tuple(document["scope"].split()),
        "id_token_alg": document["id_token_signed_response_alg"],
        "userinfo_alg": document.get("userinfo_signed_response_alg"),
        "application_type": document["application_type"],
        "require_par": document["require_pushed_authorization_requests"],
        "default_max_age": document.get("default_max_age"),
        "default_acr_values": tuple(document.get("default_acr_values", ())),
        sid: document.get(sid, False),
        mode: document.get(mode),
        types: tuple(document.get(types, ())),
    }


def _sender(document: Mapping[str, Any]) -> dict[str, Any]:
    signing = "token_endpoint_auth_signing_alg"
    subjects = (item for item in document.items() if item[0].startswith(_SUBJECT))
    return {
        "auth_method": document["token_endpoint_auth_method"],
        signing: document.get(signing),
        "tls_client_auth_subject": next(subjects, None),
        **{member: document.get(member, False) for member in BOUND},
    }


def _ours(
    document: Mapping[str, Any], policy: Mapping[str, Any], *, sandbox: bool
) -> dict[str, Any]:
    scopes = document["scope"].split()
    return {
        "require_pkce": policy["require_pkce"],
        "require_nonce": policy["require_nonce"],
        "minimum_acr": policy.get("minimum_acr"),
        "sector": policy["sector"],
        "purposes": purposes_of(policy["claims_policy"], scopes, sandbox=sandbox),
        "profile": policy.get("profile"),
        "resources": tuple(policy.get("resources", ())),
        "allowed_resources": _allowed(policy.get("allowed_resources"), sandbox=sandbox),
    }


def _allowed(
    registered: Sequence[str] | None, *, sandbox: bool
) -> tuple[str, ...] | None:
    # A sandbox lets one try any API, as it assumes purposes; None is any.
    if registered is None:
        return None if sandbox else ()
    return tuple(registered)
