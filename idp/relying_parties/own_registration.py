"""What a client may say of itself over HTTP (RFC 7591, RFC 7592), and what it may not.

What the operator approved prevails over what the client asks, as §3.2.1 allows: the
answer tells what was registered. Never the client's to choose are its identifier, by
which it would replace another (CWE-639), and why it may learn something. A sector is
its own only where it shows that it has the host: whoever had another's would see the
subjects under which that one knows people.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from idp.relying_parties import members
from idp.relying_parties.errors import InvalidMetadataError, InvalidRedirectUriError
from idp.relying_parties.hosts import LOOPBACK_HOSTS
from idp.relying_parties.lookalikes import skeleton
from idp.relying_parties.metadata import validate
from idp.relying_parties.redirects import sector_of
from idp.relying_parties.registration_tokens import Approved

_APIS = ("resources", "allowed_resources")
NOT_THEIRS = frozenset(
    {"client_id", "client_secret", "claims_policy", "sector", *_APIS}
)
_OPERATORS = (
    "scope", "claims_policy", "sector", "minimum_acr", "profile", "grant_types",
    *_APIS,
)  # fmt: skip
# To call citizens, or to act without a browser, is for the operator to allow.
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
    """Return what an operator approved by registering a client itself."""
    return {name: described[name] for name in _OPERATORS if described.get(name)}


def as_approved(metadata: Mapping[str, Any], approved: Approved) -> dict[str, Any]:
    """Return what is to be registered for a client that asks `metadata`."""
    decided = {name.partition("#")[0] for name in approved} | NOT_THEIRS
    asked = {
        name: value
        for name, value in metadata.items()
        if name.partition("#")[0] not in decided
    }
    grants = asked.get("grant_types")
    if isinstance(grants, list):
        asked["grant_types"] = [one for one in grants if one in _OPEN_GRANTS]
    return {**asked, **approved, **_scope(metadata, approved)}


def _scope(metadata: Mapping[str, Any], approved: Approved) -> dict[str, Any]:
    """Return the asked scope as far as it is approved; validation refuses the rest."""
    asked = metadata.get("scope")
    if asked is None:
        return {}
    if "scope" not in approved or not isinstance(asked, str):
        return {"scope": asked}
    allowed = approved["scope"].split()
    return {"scope": " ".join(value for value in asked.split() if value in allowed)}


def check_name(
    registered: Mapping[str, Any],
    approved: Approved,
    others: Iterable[Mapping[str, Any]],
    *,
    reserved: Iterable[str],
) -> None:
    """Refuse a name under which people would take the client for somebody else."""
    if "client_name" in approved:
        return
    names = {skeleton(value) for value in _names(registered)}
    for word in reserved:
        if any(skeleton(word) in name for name in names):
            raise InvalidMetadataError(f"client_name holds a reserved name: {word}")
    for other in others:
        is_foreign = other["sector"] != registered["sector"]
        if is_foreign and not names.isdisjoint(map(skeleton, _names(other))):
            raise InvalidMetadataError("client_name looks like another client's")


def _names(described: Mapping[str, Any]) -> list[str]:
    return [
        value
        for member, value in described.items()
        if member.partition("#")[0] == "client_name"
    ]


def new_secret(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return a new secret where the client asks for one, as its own client_secret."""
    asked = members.choice(metadata, ROTATION, (OVERLAPPING, AT_ONCE), None)
    return {} if asked is None else {"client_secret": secrets.token_urlsafe(32)}


def ends_at_once(wanted: Mapping[str, Any]) -> bool:
    """Say whether nothing that is replaced stays valid, as after a leak."""
    return AT_ONCE in [
        members.choice(wanted, name, (OVERLAPPING, AT_ONCE), None)
        for name in (ROTATION, REPLACED_KEYS)
    ]


def check_hosts(
    registered: Mapping[str, Any], approved: Approved, *, own_host: str
) -> None:
    """Refuse hosts under which people would take the client for another (CWE-451).

    They are shown where the client gets its answers, and its site beside that.
    """
    theirs = {registered["sector"], *map(sector_of, registered["redirect_uris"])}
    sites = {
        sector_of(value)
        for member, value in registered.items()
        if member.partition("#")[0] == "client_uri" and member not in approved
    }
    if not sites <= theirs:
        raise InvalidMetadataError(
            "client_uri must be on the host of one of redirect_uris, or on the sector's"
        )
    is_free = own_host in LOOPBACK_HOSTS or approved.get("sector") == own_host
    if own_host in theirs and not is_free:
        raise InvalidMetadataError(
            f"{own_host} is the provider's own host: name addresses of yours"
        )


def check_ownership(
    registered: Mapping[str, Any],
    approved: Approved,
    others: Iterable[Mapping[str, Any]],
    *,
    sandbox: bool,
) -> None:
    """Refuse a sector that the client did not show to be its own (OIDC Core §8.1)."""
    if "sector" in approved or registered.get("sector_identifier_uri"):
        return
    sector = registered["sector"]
    if {sector_of(uri) for uri in registered["redirect_uris"]} != {sector}:
        raise InvalidRedirectUriError(
            "redirect_uris must stay on the host of the sector: subjects depend on it"
        )
    if sandbox and sector in LOOPBACK_HOSTS:
        return
    if any(
        other["sector"] == sector and other["client_id"] != registered["client_id"]
        for other in others
    ):
        raise InvalidMetadataError(
            "another client has this sector: show that it is yours too "
            "by sector_identifier_uri"
        )
