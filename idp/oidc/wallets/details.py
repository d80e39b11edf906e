"""Authorization details of the type `openid_credential` (OpenID4VCI 1.0 §5.1.1).

They stand for the scope of the credential, so that consent says what it is for; their
`claims` name what of the content is wanted beside the residence.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from idp.config import Config
from idp.credentials.residence_credential import (
    CONFIGURATION,
    CONTENT,
    ESSENTIAL,
    SCOPE,
)
from idp.oidc.errors import InvalidAuthorizationDetailsError
from idp.relying_parties.record import RelyingParty

TYPE = "openid_credential"
MEMBERS = frozenset({"type", "credential_configuration_id", "claims", "locations"})
IDENTIFIER = CONFIGURATION  # one credential a person, so it needs no other name

_WISH = frozenset({"path", "mandatory"})
_PATHS = tuple([claim.name] for claim in CONTENT)


def read(
    item: Mapping[str, Any], party: RelyingParty, config: Config
) -> dict[str, Any]:
    """Return the detail as its token response will say it (§6.2), or refuse it."""
    if item.get("credential_configuration_id") != CONFIGURATION:
        raise _invalid(f"credential_configuration_id is {CONFIGURATION}")
    if SCOPE not in party.scopes:
        raise _invalid(f"the scope {SCOPE} is not registered")
    if item.get("locations", [config.issuer]) != [config.issuer]:
        raise _invalid("locations is this issuer alone")
    kept = {name: item[name] for name in ("claims", "locations") if name in item}
    if "claims" in kept:
        kept["claims"] = _claims(kept["claims"], party)
    return {
        "type": TYPE,
        "credential_configuration_id": CONFIGURATION,
        "credential_identifiers": [IDENTIFIER],
        **kept,
    }


def data(item: Mapping[str, Any]) -> list[str]:
    """Return the claims that the detail stands for; none, if nothing is left of it."""
    if not item["credential_identifiers"]:
        return []
    wanted = {wish["path"][0] for wish in item.get("claims", ())}
    return [claim.name for claim in CONTENT if claim.name in wanted | {ESSENTIAL}]


def narrowed(item: Mapping[str, Any], allowed: Collection[str]) -> dict[str, Any]:
    """Return what may be given of it now: without the residence, nothing."""
    is_open = ESSENTIAL in allowed
    return {**item, "credential_identifiers": [IDENTIFIER] if is_open else []}


def asks(details: Iterable[Mapping[str, Any]]) -> bool:
    """Say whether a credential is among the details."""
    return any(item["type"] == TYPE for item in details)


def _claims(value: object, party: RelyingParty) -> list[dict[str, Any]]:
    """Return the claims descriptions (Appendix B.2): each names one whole claim."""
    if not isinstance(value, list) or not 1 <= len(value) <= len(_PATHS):
        raise _invalid(f"claims: a list of 1 to {len(_PATHS)} objects")
    for wish in value:
        if not isinstance(wish, dict) or wish.keys() - _WISH:
            raise _invalid("claims: objects of path and mandatory")
        if wish.get("path") not in _PATHS or wish.get("mandatory") not in (None, False):
            raise _invalid("claims: path is a claim of the credential, none mandatory")
        if party.purpose_of(wish["path"][0]) is None:
            raise _invalid(f"no registered purpose for {wish['path'][0]}")
    return [{"path": wish["path"]} for wish in value]


def _invalid(description: str) -> InvalidAuthorizationDetailsError:
    return InvalidAuthorizationDetailsError(f"{TYPE}: {description}")
