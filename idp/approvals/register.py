"""Every kind of proposal by its name; each area of two-person acts adds its own."""

from idp.approvals import accounts, keys, portals, sealing, trust
from idp.approvals.kinds import Kind

KINDS: dict[str, Kind] = {
    **portals.KINDS,
    **trust.KINDS,
    **accounts.KINDS,
    **keys.KINDS,
    **sealing.KINDS,
}


def kinds_of(roles: frozenset[str]) -> tuple[str, ...]:
    """Return the kinds that an officer of these roles decides."""
    return tuple(name for name, kind in KINDS.items() if roles.intersection(kind.roles))
