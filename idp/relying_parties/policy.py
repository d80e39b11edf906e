"""Our own members of client metadata: what protects citizens beyond the RFCs."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from idp.relying_parties import egress, fapi2, members, security_level
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.purposes import claims_of, purposes_of
from idp.relying_parties.redirects import flaw, is_host, sector_of
from idp.relying_parties.scopes import CLAIMS, COVERED_BY, NEVER_BY_DEFAULT

# Account level 1-2 and authentication level 1-4 are two axes (Decree 69/2024 art. 20).
_ACR = re.compile(r"urn:dinhdanh:acr:[12]\.[1-4]")
_PUBLIC = ("none",)
_ABOUT_NOBODY = frozenset({"client_credentials", "refresh_token"})
_SCHEME = re.compile(r"[a-z][a-z0-9.-]{0,252}")


def read_policy(
    metadata: Mapping[str, Any], document: Mapping[str, Any], *, sandbox: bool
) -> dict[str, Any]:
    """Return the policy of a registration, or raise InvalidMetadataError."""
    policy: dict[str, Any] = {
        **_replay_protection(metadata, document, sandbox=sandbox),
        "sector": _sector(metadata, document),
        "claims_policy": _claims_policy(metadata),
        **_resources(metadata, document),
        **egress.read(metadata),
        **security_level.read(metadata),
    }
    allowed = members.strings(metadata, "allowed_resources")
    if allowed is not None:
        if not all(members.is_absolute_uri(uri) for uri in allowed):
            raise InvalidMetadataError("allowed_resources must be absolute URIs")
        policy["allowed_resources"] = list(allowed)
    minimum = members.text(metadata, "minimum_acr")
    if minimum is not None:
        if not _ACR.fullmatch(minimum):
            raise InvalidMetadataError(
                "minimum_acr must be urn:dinhdanh:acr:[12].[1-4]"
            )
        policy["minimum_acr"] = minimum
    profile = members.choice(metadata, "profile", (fapi2.PROFILE,), None)
    if profile is not None:
        policy["profile"] = profile
    if not sandbox:
        _require_purposes(document["scope"].split(), policy["claims_policy"])
    return policy


def _replay_protection(
    metadata: Mapping[str, Any], document: Mapping[str, Any], *, sandbox: bool
) -> dict[str, bool]:
    pkce = members.flag(metadata, "require_pkce", default=True)
    nonce = members.flag(metadata, "require_nonce", default=not pkce)
    method = document["token_endpoint_auth_method"]
    if not pkce and method == "none":
        raise InvalidMetadataError("a public client must use PKCE (RFC 9700 §2.1.1)")
    if not pkce and not nonce and not sandbox:
        raise InvalidMetadataError(
            "require_pkce and require_nonce may both be false in a sandbox only"
        )
    return {"require_pkce": pkce, "require_nonce": nonce}


def _resources(
    metadata: Mapping[str, Any], document: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Read which APIs are its own: it may ask about tokens for them (RFC 7662)."""
    resources = members.strings(metadata, "resources") or ()
    if resources and document["token_endpoint_auth_method"] in _PUBLIC:
        raise InvalidMetadataError("a public client cannot have resources")
    for resource in resources:
        if flaw(resource, native=False):
            raise InvalidMetadataError("resources must be https addresses of its APIs")
    if not resources and not has_citizens(document["grant_types"]):
        raise InvalidMetadataError(
            "client_credentials alone are for a client with resources"
        )
    return {"resources": list(resources)} if resources else {}


def has_citizens(grants: Iterable[str]) -> bool:
    """Say whether citizens come to a client by one of its grants."""
    return not _ABOUT_NOBODY.issuperset(grants)


def _sector(metadata: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    given = metadata.get("sector")
    if "sector_identifier_uri" in document:
        host = sector_of(document["sector_identifier_uri"])
        if given not in (None, host):
            raise InvalidMetadataError(
                "sector must be the host of sector_identifier_uri"
            )
        return host
    if given is not None:
        if not isinstance(given, str) or not (
            is_host(given) or _SCHEME.fullmatch(given)
        ):
            raise InvalidMetadataError("sector must be a host name in lower case")
        return given
    if not document["redirect_uris"]:
        raise InvalidMetadataError("without redirect_uris the sector must be named")
    sectors = {sector_of(uri) for uri in document["redirect_uris"]}
    if len(sectors) > 1:  # OpenID Connect Core §8.1
        raise InvalidMetadataError(
            "redirect_uris of several hosts need sector_identifier_uri, or a sector"
        )
    return sectors.pop()


def _claims_policy(metadata: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = metadata.get("claims_policy")
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > len(CLAIMS):
        raise InvalidMetadataError("claims_policy must be a list with one item a claim")
    policy = [_claim_policy(item) for item in given]
    if len({item["claim"] for item in policy}) != len(policy):
        raise InvalidMetadataError("claims_policy names a claim twice")
    return policy


def _claim_policy(item: object) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise InvalidMetadataError("claims_policy: every item must be an object")
    claim = item.get("claim")
    if not isinstance(claim, str) or claim not in CLAIMS:
        raise InvalidMetadataError("claims_policy: claim must be one that we can give")
    purpose = members.localised_members(item, "purpose", members.text)
    if not purpose:
        raise InvalidMetadataError(f"claims_policy: {claim} needs a purpose")
    policy = {
        "claim": claim,
        **purpose,
        **members.localised_members(item, "legal_basis", members.text),
    }
    if item.get("voluntary") is not None:
        policy["voluntary"] = members.flag(item, "voluntary", default=False)
    return policy


def _require_purposes(scopes: list[str], claims_policy: list[dict[str, Any]]) -> None:
    registered = purposes_of(claims_policy, scopes, sandbox=False)
    missing = (
        claims_of(scopes) - NEVER_BY_DEFAULT - registered.keys() - COVERED_BY.keys()
    )
    if missing:
        listed = ", ".join(sorted(missing))
        raise InvalidMetadataError(f"claims_policy gives no purpose for: {listed}")
