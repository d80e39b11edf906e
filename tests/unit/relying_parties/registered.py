"""Registering and removing clients, each in a transaction of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from idp.relying_parties.registration import OVERLAP
from idp.relying_parties.registry import RelyingParties
from tests.unit.relying_parties.parties import metadata
from tests.unit.world import NOW, World


@dataclass(frozen=True)
class Registered:
    """A registry and the world it lives in."""

    world: World
    parties: RelyingParties

    def add(
        self,
        *,
        sandbox: bool = True,
        now: datetime = NOW,
        overlap: timedelta = OVERLAP,
        **members: Any,
    ) -> dict[str, Any]:
        """Register a client; return the response."""
        with self.world.database.transaction() as session:
            return self.parties.add(
                session,
                self.world.audit,
                metadata(**members),
                sandbox=sandbox,
                now=now,
                overlap=overlap,
            )

    def remove(self, client_id: str) -> None:
        """Remove a client."""
        with self.world.database.transaction() as session:
            self.parties.remove(session, self.world.audit, client_id, now=NOW)

    def at(self, now: datetime) -> RelyingParties:
        """Return the registry as another process sees it at another time."""
        return RelyingParties(
            self.world.database, b"c" * 32, sandbox=True, now=lambda: now
        )
