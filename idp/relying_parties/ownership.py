"""Under which name, hosts and sector a client may register itself.

A sector is its own only where it shows that it has the host: whoever had another's
would see the subjects under which that one knows people. And citizens must be able to
tell by name and host who gets their data (CWE-451).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from idp.relying_parties.errors import InvalidMetadataError, InvalidRedirectUriError
from idp.relying_parties.hosts import LOOPBACK_HOSTS
from idp.relying_parties.lookalikes import skeleton
from idp.relying_parties.redirects import sector_of
from idp.relying_parties.registration_tokens import Approved


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


def check_hosts(
    registered: Mapping[str, Any], approved: Approved, *, own_host: str
) -> None:
    """Refuse hosts under which people would take the client for another (CWE-451).

    They are shown where the client gets its answers, and its site beside that.
    """
    theirs = _hosts(registered) | {registered["sector"]}
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
    before: Mapping[str, Any] | None,
    sandbox: bool,
) -> None:
    """Refuse a sector that the client did not show to be its own (OIDC Core §8.1).

    With an approved one an update stays on the hosts of before: elsewhere the answers
    would go to whom nobody approved.
    """
    if registered.get("sector_identifier_uri"):
        return
    sector = registered["sector"]
    if "sector" in approved:
        if before and not _hosts(registered) <= _hosts(before) | {sector}:
            raise InvalidRedirectUriError(
                "redirect_uris must stay on the registered hosts: show others by "
                "sector_identifier_uri, or ask the operator to register them"
            )
        return
    if _hosts(registered) != {sector}:
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


def is_another(registered: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Say whether citizens' answers may now reach somebody whom they did not allow.

    They go to another host, or are for a client that no longer proves itself.
    """
    method = "token_endpoint_auth_method"
    became_public = "none" == registered[method] != before[method]
    return became_public or not _hosts(registered) <= _hosts(before)


def _hosts(described: Mapping[str, Any]) -> set[str]:
    return {sector_of(uri) for uri in described["redirect_uris"]}
