"""What a client says of itself (RFC 7591 §2), and where it keeps what we fetch."""

from collections.abc import Mapping
from typing import Any

from idp.relying_parties import members
from idp.relying_parties.redirects import sector_of

LOCALISED_URIS = ("client_uri", "logo_uri", "policy_uri", "tos_uri")
FETCHED = ("jwks_uri", "sector_identifier_uri")
_TEXTS = {"software_id": 300, "software_version": 300, "software_statement": 8192}


def read_presentation(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members to register, or raise InvalidMetadataError."""
    document = members.localised_members(metadata, "client_name", members.name)
    for member in LOCALISED_URIS:
        document.update(members.localised_members(metadata, member, members.uri))
    for member in FETCHED:
        if (address := members.uri(metadata, member)) is not None:
            document[member] = address
    for member, longest in _TEXTS.items():
        value = members.text(metadata, member, longest=longest)
        if value is not None:
            document[member] = value
    contacts = members.strings(metadata, "contacts")
    if contacts:
        document["contacts"] = list(contacts)
    return document


def name_for_want_of_one(
    metadata: Mapping[str, Any], document: Mapping[str, Any]
) -> str:
    """Return a name for a client that gave none: a translation, or its host."""
    translated = (document.get(f"client_name#{tag}") for tag in ("vi", "en"))
    given = next((text for text in translated if text), None)
    if given or document["redirect_uris"]:
        return given or sector_of(document["redirect_uris"][0])
    return str(metadata.get("sector", ""))  # the policy refuses what is no host
