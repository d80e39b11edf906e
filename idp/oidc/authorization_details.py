"""Authorization details (RFC 9396): what is asked, finer than scopes say.

A `residence_query` names the residence data that an API may ask for; wallets ask for
an `openid_credential`. Their data are asked of the citizen like claims, so consent
shows the very values, levels and purposes hold, and what is withheld is missing from
what the token says.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from idp import strict_json
from idp.config import Config
from idp.oidc.errors import InvalidAuthorizationDetailsError
from idp.oidc.request_guard import legible
from idp.oidc.wallets import details as credential
from idp.relying_parties.members import is_absolute_uri
from idp.relying_parties.metadata import DETAILS_TYPES
from idp.relying_parties.record import RelyingParty

DATA = ("residence", "address", "household")
MAX_BYTES = 4096
MAX_DETAILS = 8

_MEMBERS = frozenset({"type", "datatypes", "actions", "locations"})


def types(config: Config) -> tuple[str, ...]:
    """Return the types that are taken here (RFC 9396 §10)."""
    is_open = config.credentials.enabled
    return tuple(name for name in DETAILS_TYPES if is_open or name != credential.TYPE)


def read(
    text: str | None, party: RelyingParty, config: Config
) -> tuple[dict[str, Any], ...]:
    """Return the asked details, or raise `InvalidAuthorizationDetailsError`."""
    if text is None:
        return ()
    if len(text) > MAX_BYTES:
        raise InvalidAuthorizationDetailsError("authorization_details are too long")
    try:
        found = strict_json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidAuthorizationDetailsError("not JSON") from error
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_DETAILS:
        raise InvalidAuthorizationDetailsError(f"a list of 1 to {MAX_DETAILS} objects")
    return tuple(_detail(item, party, config) for item in found)


def data_of(details: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, bool]]:
    """Return the claims that the details stand for, as the `claims` parameter asks."""
    names = (name for detail in details for name in _data(detail))
    return {name: {"essential": True} for name in names}


def locations(details: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the APIs where the details may be used (RFC 9396 §2.2)."""
    return [uri for item in details for uri in item.get("locations", ())]


def chosen(
    granted: list[dict[str, Any]],
    asked: str | None,
    party: RelyingParty,
    config: Config,
) -> list[dict[str, Any]]:
    """Return what a token request wants of what was granted (RFC 9396 §6).

    Each asked detail must be part of a granted one, whose locations it may shorten.
    """
    if asked is None:
        return granted
    wanted = list(read(asked, party, config))
    for item in wanted:
        if not any(_is_part(item, whole) for whole in granted):
            raise InvalidAuthorizationDetailsError("wider than what was granted")
    return wanted


def _is_part(item: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    places, granted = item.get("locations"), whole.get("locations")
    is_there = granted is None or (places is not None and set(places) <= set(granted))
    is_same = item["type"] == whole["type"]
    return is_there and is_same and set(_data(item)) <= set(_data(whole))


def narrowed(
    details: Iterable[Mapping[str, Any]], allowed: Collection[str]
) -> list[dict[str, Any]]:
    """Return what of the details may be given now (RFC 9396 §7)."""
    kept = (_narrowed(item, allowed) for item in details)
    return [item for item in kept if _data(item)]


def _narrowed(item: Mapping[str, Any], allowed: Collection[str]) -> dict[str, Any]:
    if item["type"] == credential.TYPE:
        return credential.narrowed(item, allowed)
    return {
        **item,
        "datatypes": [name for name in item["datatypes"] if name in allowed],
    }


def _data(item: Mapping[str, Any]) -> list[str]:
    data: list[str] = item.get("datatypes", [])
    return credential.data(item) if item.get("type") == credential.TYPE else data


def _detail(item: object, party: RelyingParty, config: Config) -> dict[str, Any]:
    kind = item.get("type") if isinstance(item, dict) else None
    known = [
        name for name in types(config) if name in party.authorization_details_types
    ]
    if not isinstance(item, dict) or kind not in known:
        listed = ", ".join(types(config))
        raise InvalidAuthorizationDetailsError(f"type: registered ones of {listed}")
    is_credential = kind == credential.TYPE
    members = credential.MEMBERS if is_credential else _MEMBERS
    if unknown := item.keys() - members:
        name = legible(min(unknown))
        raise InvalidAuthorizationDetailsError(f"{kind}: unknown member {name}")
    if is_credential:
        return credential.read(item, party, config)
    return _query(item, party, config)


def _query(
    item: Mapping[str, Any], party: RelyingParty, config: Config
) -> dict[str, Any]:
    if item.get("actions", ["read"]) != ["read"]:
        raise InvalidAuthorizationDetailsError("actions is read alone")
    return {
        "type": item["type"],
        "actions": ["read"],
        "datatypes": _datatypes(item.get("datatypes"), party),
        **_locations(item, party, config),
    }


def _datatypes(value: object, party: RelyingParty) -> list[str]:
    if not isinstance(value, list) or not value or not all(v in DATA for v in value):
        listed = ", ".join(DATA)
        raise InvalidAuthorizationDetailsError(f"datatypes: one or more of {listed}")
    for name in value:
        if party.purpose_of(name) is None:
            raise InvalidAuthorizationDetailsError(f"no registered purpose for {name}")
    return [name for name in DATA if name in value]


def _locations(
    item: Mapping[str, Any], party: RelyingParty, config: Config
) -> dict[str, list[str]]:
    if "locations" not in item:
        return {}
    value = item["locations"]
    if (
        not isinstance(value, list)
        or not 1 <= len(value) <= MAX_DETAILS
        or not all(isinstance(uri, str) and is_absolute_uri(uri) for uri in value)
    ):
        raise InvalidAuthorizationDetailsError("locations: a list of absolute URIs")
    for uri in value:
        # A location is an API like a `resource` (RFC 9396 §2.2, RFC 8707 §2).
        if uri != config.issuer and not party.may_name(uri):
            raise InvalidAuthorizationDetailsError("locations: an unregistered one")
    return {"locations": value}
