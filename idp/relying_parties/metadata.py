"""What may be registered: RFC 7591 and OpenID Connect Registration 1.0 names.

Unknown members are ignored (RFC 7591 §2), and what an export of another provider asks
beyond the code flow and pairwise subjects is replaced (§3.2.1): the answer tells what
was registered. Members that promise a protection which we do not give yet are refused,
so that nobody relies on it.
"""

import json
from collections.abc import Mapping
from typing import Any

from idp.relying_parties import fapi2, hosts, members, sign_outs
from idp.relying_parties.ciba import CIBA, read_ciba
from idp.relying_parties.client_proof import read_proof
from idp.relying_parties.errors import InvalidMetadataError, InvalidRedirectUriError
from idp.relying_parties.messages import read_messages
from idp.relying_parties.policy import read_policy
from idp.relying_parties.presentation import (
    FETCHED,
    LOCALISED_URIS,
    name_for_want_of_one,
    read_presentation,
)
from idp.relying_parties.redirects import flaw
from idp.relying_parties.scopes import SCOPE_CLAIMS

MAX_BYTES = 65_536
SIGNING = ("RS256", "ES256")
STANDARD_SCOPES = "openid profile email phone address"

SUBJECT_TYPES = ("pairwise", "public")
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
CLIENT_CREDENTIALS = "client_credentials"
PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
GRANTS = (
    "authorization_code", "refresh_token", DEVICE, CIBA, EXCHANGE, CLIENT_CREDENTIALS,
    PRE_AUTHORIZED,
)  # fmt: skip
# A refresh token or an exchange only goes on with what one of these began.
_ENTRANCES = ("authorization_code", DEVICE, CIBA, CLIENT_CREDENTIALS)
DETAILS_TYPES = ("residence_query", "openid_credential")

_NOT_YET = {
    "request_object_encryption_alg": "encrypted request objects are not supported",
}
_ABSENT = (None, "none")
# Exports write these out where nothing is registered.
_MAY_BE_EMPTY = ("client_name", *LOCALISED_URIS, "jwks", *FETCHED)


def validate(
    metadata: object, *, sandbox: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the registered document and our policy, or raise InvalidMetadataError."""
    if not isinstance(metadata, dict):
        raise InvalidMetadataError("metadata must be a JSON object")
    if len(json.dumps(metadata)) > MAX_BYTES:
        raise InvalidMetadataError(f"metadata must be at most {MAX_BYTES} bytes")
    for member, instead in _NOT_YET.items():
        if metadata.get(member):
            raise InvalidMetadataError(f"{member} is refused: {instead}")
    members.choice(metadata, "subject_type", SUBJECT_TYPES, None)
    metadata = _without_empty(metadata)
    if fapi2.is_asked(metadata):
        metadata = fapi2.switched_on(metadata)
    grants = _grants(metadata)
    document = {
        **_addresses(metadata, grants),
        **_protocol(metadata, grants),
        **read_proof(metadata),
        **read_messages(metadata),
        **read_presentation(metadata),
        **sign_outs.read(metadata, sandbox=sandbox),
        "subject_type": "pairwise",
    }
    document |= read_ciba(
        metadata,
        grants,
        auth_method=document["token_endpoint_auth_method"],
        sandbox=sandbox,
    )
    document.update(_scope_and_grants(metadata, grants, sandbox=sandbox))
    document.setdefault("client_name", name_for_want_of_one(metadata, document))
    if not sandbox and (inside := hosts.inside_member(document)):
        raise InvalidMetadataError(f"{inside} leads to an inside network")
    policy = read_policy(metadata, document, sandbox=sandbox)
    if fapi2.is_asked(policy):
        fapi2.check(document, policy)
    return document, policy


def _without_empty(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in metadata.items()
        if value not in ("", {}) or name.partition("#")[0] not in _MAY_BE_EMPTY
    }


def _grants(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the grants that are asked for and known, by default those of a browser."""
    asked = members.strings(metadata, "grant_types")
    if not asked:
        scope = str(metadata.get("scope", "")).split()
        return GRANTS[:2] if "offline_access" in scope else GRANTS[:1]
    grants = tuple(grant for grant in GRANTS if grant in asked)
    if not set(_ENTRANCES).intersection(grants):
        listed = ", ".join(_ENTRANCES)
        raise InvalidMetadataError(f"grant_types must name one of: {listed}")
    return grants


def _addresses(metadata: Mapping[str, Any], grants: tuple[str, ...]) -> dict[str, Any]:
    kind = members.choice(metadata, "application_type", ("web", "native"), "web")
    redirects = members.strings(metadata, "redirect_uris") or ()
    # RFC 7591 §2: they belong to flows with redirects.
    if not redirects and "authorization_code" in grants:
        raise InvalidRedirectUriError("redirect_uris must name at least one address")
    after_logout = members.strings(metadata, "post_logout_redirect_uris") or ()
    for member, uris in (
        ("redirect_uris", redirects),
        ("post_logout_redirect_uris", after_logout),
    ):
        for number, uri in enumerate(uris, start=1):
            reason = flaw(uri, native=kind == "native")
            if reason:
                raise InvalidRedirectUriError(f"{member}: number {number} {reason}")
    return {
        "application_type": kind,
        "redirect_uris": list(redirects),
        "post_logout_redirect_uris": list(after_logout),
    }


def _protocol(metadata: Mapping[str, Any], grants: tuple[str, ...]) -> dict[str, Any]:
    responses = members.strings(metadata, "response_types") or ("code",)
    has_code = "authorization_code" in grants
    if has_code and "code" not in responses:
        raise InvalidMetadataError("response_types: only code is supported")
    require_par = "require_pushed_authorization_requests"
    optional = {
        "authorization_details_types": _details_types(metadata),
        "userinfo_signed_response_alg": members.choice(
            metadata, "userinfo_signed_response_alg", (*SIGNING, "none"), None
        ),
        "default_max_age": members.number(
            metadata, "default_max_age", highest=31_536_000
        ),
        "default_acr_values": list(
            members.strings(metadata, "default_acr_values") or ()
        )
        or None,
    }
    return {
        # RFC 7591 §2.1: the response type goes with its grant.
        "response_types": ["code"] if has_code else [],
        "id_token_signed_response_alg": members.choice(
            metadata, "id_token_signed_response_alg", SIGNING, "RS256"
        ),
        # auth_time is in every ID token, so this is granted to all.
        "require_auth_time": members.flag(metadata, "require_auth_time", default=False),
        require_par: members.flag(metadata, require_par, default=False),
        # `none` is what absence says: plain JSON.
        **{
            name: value
            for name, value in optional.items()
            if value not in (None, "none")
        },
    }


def _details_types(metadata: Mapping[str, Any]) -> list[str] | None:
    """Read which authorization details the client sends (RFC 9396 §10)."""
    asked = members.strings(metadata, "authorization_details_types") or ()
    return [name for name in DETAILS_TYPES if name in asked] or None


def _scope_and_grants(
    metadata: Mapping[str, Any], grants: tuple[str, ...], *, sandbox: bool
) -> dict[str, Any]:
    asked = metadata.get("scope", STANDARD_SCOPES if sandbox else "openid")
    if not isinstance(asked, str):
        raise InvalidMetadataError(
            "scope must be one string, its values parted by spaces"
        )
    # The response tells what was registered, so an unknown value may be dropped.
    known = [value for value in SCOPE_CLAIMS if value in {"openid", *asked.split()}]
    return {"scope": " ".join(known), "grant_types": list(grants)}
