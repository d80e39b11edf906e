"""How a portal that calls citizens hears of the end (CIBA Core 1.0 §4)."""

from collections.abc import Mapping
from typing import Any

from idp.relying_parties import members
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.hosts import LOOPBACK_HOSTS
from idp.relying_parties.redirects import flaw, sector_of

CIBA = "urn:openid:params:grant-type:ciba"
PING = "ping"
DELIVERY_MODES = ("poll", PING)


def read_ciba(
    metadata: Mapping[str, Any],
    grants: tuple[str, ...],
    *,
    auth_method: str,
    sandbox: bool,
) -> dict[str, Any]:
    """Return the members of a portal that calls citizens, or none of another."""
    if CIBA not in grants:
        return {}
    if auth_method == "none":
        raise InvalidMetadataError("a public client calls nobody (CIBA section 7.1)")
    if members.flag(metadata, "backchannel_user_code_parameter", default=False):
        raise InvalidMetadataError("backchannel_user_code_parameter is not supported")
    mode = members.choice(
        metadata, "backchannel_token_delivery_mode", DELIVERY_MODES, "poll"
    )
    document: dict[str, Any] = {"backchannel_token_delivery_mode": mode}
    if mode == PING:
        document |= _endpoint(metadata, sandbox=sandbox)
    return document


def _endpoint(metadata: Mapping[str, Any], *, sandbox: bool) -> dict[str, str]:
    member = "backchannel_client_notification_endpoint"
    uri = members.text(metadata, member, longest=2000)
    if uri is None:
        raise InvalidMetadataError(f"{member} is where a ping goes")
    reason = flaw(uri, native=False)
    if not reason and not sandbox and sector_of(uri) in LOOPBACK_HOSTS:
        reason = "names our own machine, which is for the sandbox only"
    if reason:
        raise InvalidMetadataError(f"{member}: {reason}")
    return {member: uri}
