"""Giving and ending grants, refreshing tokens: each in a transaction of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from idp.consent import grants, live_grants, refresh_tokens
from idp.consent.grants import Consent, GrantView
from idp.consent.refresh_tokens import Rotation
from tests.unit.world import NOW, TestAccount, World

PARALLEL = 50
GRACE = 3
IDLE = 3600
LIFETIME = 86_400


def all_at_once(call: Callable[[int], Any]) -> list[Any]:
    """Call 50 times in parallel; return the answers."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(call, range(PARALLEL)))


@dataclass(frozen=True)
class Allowing:
    """One account and what it allows."""

    world: World
    account: TestAccount

    def give(
        self,
        *,
        client_id: str = "portal",
        scopes: tuple[str, ...] = ("openid", "profile"),
        claims: tuple[str, ...] = ("name",),
        refused: tuple[str, ...] = (),
        now: datetime = NOW,
    ) -> GrantView:
        """Give a consent."""
        consent = Consent(
            account_id=self.account.id,
            client_id=client_id,
            sector="portal.example.vn",
            scopes=scopes,
            claims=claims,
            refused=refused,
            lifetime=LIFETIME,
        )
        with self.world.database.transaction() as session:
            return grants.give(session, self.world.audit, consent, now=now)

    def end(self, grant_id: UUID, reason: str = "withdrawn") -> bool:
        """End a grant."""
        with self.world.database.transaction() as session:
            return grants.end(session, self.world.audit, grant_id, reason, NOW)

    def find(self, client_id: str = "portal") -> GrantView | None:
        """Return the pair's grant."""
        with self.world.database.read() as connection:
            return grants.find_live(connection, self.account.id, client_id)

    def live(self, grant_id: UUID, now: datetime = NOW) -> live_grants.LiveGrant | None:
        """Return what a token stands on."""
        with self.world.database.read() as connection:
            return live_grants.live_for_token(connection, grant_id, now)

    def issue(self, grant: GrantView, chain_id: UUID | None = None) -> str:
        """Begin a chain of refresh tokens."""
        with self.world.database.transaction() as session:
            return refresh_tokens.issue(
                session,
                self.world.audit,
                grant=grant,
                chain_id=chain_id or uuid4(),
                client_id=grant.client_id,
                snapshot={"acr": "x"},
                now=NOW,
                idle=IDLE,
            )

    def rotate(
        self, token: str, *, client_id: str = "portal", now: datetime = NOW
    ) -> Rotation:
        """Use a refresh token."""
        with self.world.database.transaction() as session:
            return refresh_tokens.rotate(
                session,
                self.world.audit,
                token,
                client_id=client_id,
                now=now,
                grace=GRACE,
                idle=IDLE,
            )

    def renew(self, token: str, *, now: datetime = NOW) -> Rotation:
        """Use a refresh token that stays."""
        with self.world.database.transaction() as session:
            return refresh_tokens.renew(
                session,
                self.world.audit,
                token,
                client_id="portal",
                now=now,
                idle=IDLE,
            )

    def end_chain(self, grant: GrantView, chain_id: UUID) -> Any:
        """End a chain."""
        with self.world.database.transaction() as session:
            return refresh_tokens.end_chain(
                session,
                self.world.audit,
                grant=grant,
                chain_id=chain_id,
                reason="revoked",
                now=NOW,
            )
