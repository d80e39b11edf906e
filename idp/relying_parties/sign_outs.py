"""Where a portal hears of sign-outs, as it registers that."""

from collections.abc import Mapping
from typing import Any

from idp.relying_parties import members
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.hosts import LOOPBACK_HOSTS
from idp.relying_parties.redirects import flaw, origin_of, sector_of


def read(metadata: Mapping[str, Any], *, sandbox: bool) -> dict[str, Any]:
    """Return what is registered of both channels, or raise InvalidMetadataError."""
    back = ("backchannel_logout_uri", "backchannel_logout_session_required")
    return {
        **_channel(metadata, *back, sandbox=sandbox),
        **_in_frame(metadata, sandbox=sandbox),
    }


def _in_frame(metadata: Mapping[str, Any], *, sandbox: bool) -> dict[str, Any]:
    """Front-Channel Logout 1.0 §2: the page is on an origin of the redirects'."""
    front = ("frontchannel_logout_uri", "frontchannel_logout_session_required")
    registered = _channel(metadata, *front, sandbox=sandbox)
    redirects = members.strings(metadata, "redirect_uris") or ()
    uri = registered.get("frontchannel_logout_uri")
    if uri and origin_of(uri) not in {origin_of(one) for one in redirects}:
        raise InvalidMetadataError(
            "frontchannel_logout_uri: must have the origin of one of redirect_uris"
        )
    return registered


def _channel(
    metadata: Mapping[str, Any], member: str, required: str, *, sandbox: bool
) -> dict[str, Any]:
    """Read one channel (Back-Channel and Front-Channel Logout 1.0 §2)."""
    wants_sid = members.flag(metadata, required, default=False)
    uri = metadata.get(member)
    if uri is None:
        return {}
    reason = flaw(uri, native=False)
    if not reason and not sandbox and sector_of(uri) in LOOPBACK_HOSTS:
        reason = "names our own machine, which is for the sandbox only"
    if reason:
        raise InvalidMetadataError(f"{member}: {reason}")
    return {member: uri, required: wants_sid}
