"""From which networks a relying party's own servers call us, as was registered.

It is an operator's word: one portal's would make another's calls look like its own.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp import networks
from idp.networks import Network
from idp.relying_parties import members
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.models import RelyingPartyRecord

MEMBER = "egress_networks"
# A network that is wider tells no portal from another.
_WIDEST = {4: 16, 6: 48}

_POLICIES = sa.select(RelyingPartyRecord.client_id, RelyingPartyRecord.policy).where(
    RelyingPartyRecord.removed_at.is_(None)
)


def read(metadata: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the member to register, or raise InvalidMetadataError."""
    named = members.strings(metadata, MEMBER) or ()
    for name in named:
        try:
            network = networks.read(name)
        except ValueError:
            raise InvalidMetadataError(f"{MEMBER} must be networks by CIDR") from None
        if network.prefixlen < _WIDEST[network.version]:
            raise InvalidMetadataError(f"{MEMBER}: a network is wider than a portal's")
    return {MEMBER: list(named)} if named else {}


def registered(connection: Connection | Session) -> dict[str, tuple[Network, ...]]:
    """Return every client with its networks, mostly none."""
    return {
        row.client_id: tuple(networks.read(name) for name in row.policy.get(MEMBER, ()))
        for row in connection.execute(_POLICIES)
    }
