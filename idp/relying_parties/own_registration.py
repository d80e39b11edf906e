"""What a client may say of itself over HTTP (RFC 7591, RFC 7592), and what it may not.

What the operator approved prevails over what the client asks, as §3.2.1 allows: the
answer tells what was registered. Never the client's to choose are its identifier, by
which it would replace another (CWE-639), and why it may learn something.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from idp.relying_parties import egress, members, messages, security_level
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.metadata import validate
from idp.relying_parties.registration_tokens import Approved
from idp.relying_parties.sender import BOUND

_APIS = ("resources", "allowed_resources")
_OURS = (egress.MEMBER, security_level.MEMBER)
NOT_THEIRS = frozenset(
    {"client_id", "client_secret", "claims_policy", "sector", *_OURS, *_APIS}
)
_OPERATORS = (
    "scope", "claims_policy", "sector", "minimum_acr", "profile", "grant_types",
    *_OURS, *_APIS,
    # What an operator switched on is not the client's to switch off.
    "require_pkce", "require_nonce", "require_pushed_authorization_requests", *BOUND,
    "token_endpoint_auth_method", "token_endpoint_auth_signing_alg",
    "userinfo_signed_response_alg", *messages.PROTECTIONS,
)  # fmt: skip
# What is about citizens, to act for others too, is for the operator to allow.
_OPEN_SCOPES = "openid offline_access"
# So is to call them, or to act without a browser.
_OPEN_GRANTS = ("authorization_code", "refresh_token")
# What only the client itself can say.
_NEVER_APPROVED = frozenset(
    {"client_id", "client_secret", "software_statement", "jwks", "jwks_uri"}
)
_EXAMPLE = {
    "redirect_uris": ["https://portal.example/callback"],
    "jwks_uri": "https://portal.example/keys",
}

AT_ONCE, OVERLAPPING = "at_once", "overlapping"
ROTATION, REPLACED_KEYS = "rotate_client_secret", "replaced_keys"


def check_approved(approved: object, *, sandbox: bool) -> dict[str, Any]:
    """Return what an operator approves, or say why nobody could register with it."""
    if not isinstance(approved, dict):
        raise InvalidMetadataError("the metadata must be a JSON object")
    if wrong := _NEVER_APPROVED & approved.keys():
        raise InvalidMetadataError(f"{min(wrong)} cannot be approved in advance")
    # Some ways to prove oneself need more that only the client can say.
    proof = {"token_endpoint_auth_method": "private_key_jwt"}
    validate({**_EXAMPLE, **approved, **proof}, sandbox=sandbox)
    return approved


def approved_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an operator approved, and protected, by registering a client."""
    said = {name: described.get(name) for name in _OPERATORS}
    return {name: value for name, value in said.items() if value and value != "none"}


def as_approved(
    metadata: Mapping[str, Any], approved: Approved, *, sandbox: bool
) -> dict[str, Any]:
    """Return what is to be registered for a client that asks `metadata`.

    A null says nothing (RFC 7592 §2.2), so it switches no protection off.
    """
    decided = {name.partition("#")[0] for name in approved} | NOT_THEIRS
    asked = {
        name: value
        for name, value in metadata.items()
        if value is not None and name.partition("#")[0] not in decided
    }
    grants = asked.get("grant_types")
    if isinstance(grants, list):
        asked["grant_types"] = [one for one in grants if one in _OPEN_GRANTS]
    scope = _scope(metadata, approved, sandbox=sandbox)
    return {**asked, **approved, **scope}


def _scope(
    metadata: Mapping[str, Any], approved: Approved, *, sandbox: bool
) -> dict[str, Any]:
    """Return the asked scope as far as it is approved; a sandbox lets one try any."""
    asked = metadata.get("scope")
    if asked is None:
        return {}
    is_free = sandbox and "scope" not in approved
    if is_free or not isinstance(asked, str):
        return {"scope": asked}
    allowed = approved.get("scope", _OPEN_SCOPES).split()
    return {"scope": " ".join(value for value in asked.split() if value in allowed)}


def new_secret(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return a new secret where the client asks for one, as its own client_secret."""
    asked = members.choice(metadata, ROTATION, (OVERLAPPING, AT_ONCE), None)
    return {} if asked is None else {"client_secret": another_secret()}


def another_secret() -> str:
    """Return a secret as it is made for clients."""
    return secrets.token_urlsafe(32)


def ends_at_once(wanted: Mapping[str, Any]) -> bool:
    """Say whether nothing that is replaced stays valid, as after a leak."""
    return AT_ONCE in [
        members.choice(wanted, name, (OVERLAPPING, AT_ONCE), None)
        for name in (ROTATION, REPLACED_KEYS)
    ]
