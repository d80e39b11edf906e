"""`sector_identifier_uri`: portals of several hosts show that they are one's own.

Whoever can put the list of redirect URIs on a host has that host; its name is then the
sector from which pairwise subjects come (OIDC Core §8.1, Registration §5).
"""

from typing import Any

import structlog

from idp.outbound import NoAnswerError
from idp.relying_parties import members
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.remote import Remote

MEMBER = "sector_identifier_uri"

_log = structlog.get_logger("idp.relying_parties")


def confirm(metadata: object, remote: Remote) -> None:
    """Fetch the list, if one is named, and refuse redirect URIs that it has not."""
    if not isinstance(metadata, dict) or not metadata.get(MEMBER):
        return
    listed = _list_at(metadata, remote)
    redirects = members.strings(metadata, "redirect_uris") or ()
    if not set(redirects) <= set(listed):
        raise InvalidMetadataError(f"{MEMBER}: its list lacks one of redirect_uris")


def _list_at(metadata: dict[str, Any], remote: Remote) -> list[str]:
    uri = members.uri(metadata, MEMBER) or ""
    try:
        listed = remote.json(uri)
    except NoAnswerError as error:
        # Why is for the log: refusals that differ would map our network (CWE-918).
        _log.warning("sector_list_not_fetched", uri=uri, detail=str(error))
        raise InvalidMetadataError(f"{MEMBER} cannot be read") from error
    if not isinstance(listed, list) or not all(isinstance(x, str) for x in listed):
        raise InvalidMetadataError(f"{MEMBER} must lead to a JSON list of addresses")
    return listed
