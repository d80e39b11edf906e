"""Sessions: found in one statement, proven, shared by tabs, ended."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from idp.accounts.lifecycle import place_lock
from idp.audit.log import AuditLog
from idp.authentication import session, session_changes, sign_in
from idp.authentication.models import SessionRecord
from idp.authentication.session import AuthenticationEvent, SignedIn
from idp.authentication.session_changes import FirstProof
from idp.config import Config, LifetimesConfig, SandboxConfig
from idp.factors import totp
from idp.factors.results import VerifiedFactor
from idp.relying_parties.registry import RelyingParties
from idp.storage.ephemeral import EphemeralStore
from keys.sealing import Sealer
from keys.secrets import ServerSecrets
from tests.statements import noted_statements
from tests.unit.world import NOW, TestAccount, World, on_each_backend

LIFETIMES = LifetimesConfig()
ORIGIN = {"source": "203.0.113.7", "user_agent": "Firefox"}


@dataclass(frozen=True)
class Running:
    """The part of the provider that sessions use, of real parts."""

    world: World
    ephemeral: EphemeralStore
    relying_parties: RelyingParties
    config: Config = field(
        default_factory=lambda: Config(sandbox=SandboxConfig(enabled=True))
    )
    secrets: ServerSecrets = field(
        default_factory=lambda: ServerSecrets({"sid": b"s" * 32})
    )

    @property
    def sealer(self) -> Sealer:
        return self.world.sealer

    @property
    def audit(self) -> AuditLog:
        return self.world.audit

    def add_client(self, client_id: str, sector: str) -> None:
        metadata = {
            "client_id": client_id,
            "redirect_uris": [f"https://{sector}/back"],
            "sector": sector,
            "token_endpoint_auth_method": "none",
            "application_type": "web",
        }
        with self.world.database.transaction() as database:
            self.relying_parties.add(
                database, self.audit, metadata, sandbox=True, now=NOW
            )

    def sign_in(
        self,
        account_id: UUID,
        *,
        former: SignedIn | None = None,
        at: datetime = NOW,
    ) -> str:
        proof = FirstProof(account_id, AuthenticationEvent("pwd", at), ORIGIN)
        with self.world.database.transaction() as database:
            return sign_in.sign_in(
                self, database, proof, former=former.session if former else None
            )

    def prove(self, found: SignedIn, method: str, at: datetime) -> str:
        with self.world.database.transaction() as database:
            return sign_in.prove(
                self,
                database,
                session=found.session,
                factor=VerifiedFactor(method, at),
                now=at,
            )

    def find(self, token: str | None, now: datetime = NOW) -> SignedIn | None:
        with self.world.database.read() as connection:
            return session.find(connection, token, now=now, lifetimes=LIFETIMES)

    def found(self, token: str) -> SignedIn:
        signed_in = self.find(token)
        assert signed_in is not None
        return signed_in


@pytest.fixture
def running(world: World, ephemeral: EphemeralStore) -> Running:
    parties = RelyingParties(world.database, b"c" * 32, sandbox=True)
    return Running(world, ephemeral, parties)


@on_each_backend
def test_find(running: Running, account: TestAccount) -> None:
    """The cookie's value finds session, account, factors and locks at once."""
    with running.world.database.transaction() as database:
        totp.enrol(database, running.audit, running.sealer, account.id, now=NOW)
        for ground in ("holder_request", "card_expired"):
            place_lock(
                database,
                running.audit,
                account.id,
                ground=ground,
                asker="holder",
                now=NOW,
            )
    token = running.sign_in(account.id)
    with noted_statements() as statements:
        signed_in = running.found(token)

    assert len([text for text in statements if "SELECT" in text]) == 1
    assert signed_in.account.id == account.id
    assert signed_in.account.level == 2
    assert signed_in.account.state == "active"
    assert signed_in.account.locks == ("card_expired", "holder_request")
    assert signed_in.account.factors == {"totp"}
    assert signed_in.session.events == (AuthenticationEvent("pwd", NOW),)
    assert running.find("guess") is None
    assert running.find(None) is None
    assert running.world.events(account.id)[0] == "SessionStarted"


@pytest.mark.parametrize(
    ("after", "is_live"),
    [
        (timedelta(seconds=LIFETIMES.session_idle - 1), True),
        (timedelta(seconds=LIFETIMES.session_idle), False),
    ],
)
def test_idle(
    running: Running, account: TestAccount, after: timedelta, is_live: bool
) -> None:
    """A session that nobody used for its idle time is over."""
    token = running.sign_in(account.id)

    assert (running.find(token, NOW + after) is not None) is is_live


def test_longest_life(running: Running, account: TestAccount) -> None:
    """However busy, a session ends at its longest life."""
    token = running.sign_in(account.id)
    seen = running.found(token).session
    late = NOW + timedelta(seconds=LIFETIMES.session_max)
    with running.world.database.transaction() as database:
        session_changes.touch(database, session=seen, now=late)

    assert running.find(token, late - timedelta(seconds=1)) is not None
    assert running.find(token, late) is None


@on_each_backend
def test_each_proof_renews_the_cookie(running: Running, account: TestAccount) -> None:
    """The cookie's value changes at each proof; the session stays (S1)."""
    first = running.sign_in(account.id)
    started = running.found(first)

    second = running.prove(started, "totp", NOW + timedelta(seconds=5))

    assert running.find(first) is None
    stepped_up = running.found(second)
    assert stepped_up.session.id == started.session.id
    assert [event.method for event in stepped_up.session.events] == ["pwd", "totp"]
    third = running.sign_in(
        account.id, former=stepped_up, at=NOW + timedelta(seconds=9)
    )
    again = running.found(third)
    assert again.session.id == started.session.id
    assert [event.method for event in again.session.events] == ["pwd"]
    assert running.world.events(account.id)[:3] == [
        "FactorProven",
        "FactorProven",
        "SessionStarted",
    ]


@on_each_backend
def test_another_person(
    running: Running, new_account: Callable[..., TestAccount]
) -> None:
    """Another person's sign-in ends the former session: no `sid` is shared (S3)."""
    running.add_client("tax", "tax.example")
    lan, minh = new_account(), new_account()
    former = running.found(running.sign_in(lan.id))
    with running.world.database.transaction() as database:
        session_changes.reach(
            running, database, session=former.session, client_id="tax", now=NOW
        )
    former_token = running.prove(former, "totp", NOW)
    former = running.found(former_token)

    token = running.sign_in(minh.id, former=former)

    assert running.find(former_token) is None
    assert running.found(token).session.id != former.session.id
    name = session.sid(b"s" * 32, former.session.id, "tax.example")
    assert running.ephemeral.get(f"ended:{name}") == {}
    assert running.world.events(lan.id)[0] == "SessionEnded"


@on_each_backend
def test_parallel_tabs(running: Running, account: TestAccount) -> None:
    """Tabs that reach portals at the same moment lose none of them (S6)."""
    seen = running.found(running.sign_in(account.id)).session
    names = [f"portal-{number}" for number in range(8)]

    def reach(name: str) -> None:
        with running.world.database.transaction() as database:
            session_changes.reach(
                running, database, session=seen, client_id=name, now=NOW
            )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(reach, [*names, *names]))

    with running.world.database.read() as connection:
        kept = connection.execute(sa.select(SessionRecord.client_ids)).scalar_one()
    assert sorted(kept) == names
    assert running.world.events(account.id).count("SessionReached") == 8


@on_each_backend
def test_sign_out(running: Running, account: TestAccount) -> None:
    """Sign-out ends the session once, and its name in every sector that it reached."""
    for client_id, sector in (("a", "one.example"), ("b", "one.example"), ("c", "two")):
        running.add_client(client_id, sector)
    token = running.sign_in(account.id)
    started = running.found(token).session
    for client_id in ("a", "b", "c"):
        with running.world.database.transaction() as database:
            session_changes.reach(
                running, database, session=started, client_id=client_id, now=NOW
            )
    found = running.found(token)

    for _ in range(2):
        with running.world.database.transaction() as database:
            sign_in.sign_out(
                running, database, session=found.session, reason="citizen", now=NOW
            )

    assert running.find(token) is None
    names = sign_in.session_names(running, found.session)
    assert len(set(names)) == 2
    assert all(running.ephemeral.get(f"ended:{name}") == {} for name in names)
    assert running.world.events(account.id).count("SessionEnded") == 1


@on_each_backend
def test_list_for(running: Running, new_account: Callable[..., TestAccount]) -> None:
    """The citizen sees their own live sessions, with where they come from."""
    lan, minh = new_account(), new_account()
    running.sign_in(lan.id)
    running.sign_in(lan.id, at=NOW + timedelta(seconds=30))
    running.sign_in(minh.id)

    with running.world.database.read() as connection:
        views = session.list_for(
            connection,
            running.sealer,
            lan.id,
            now=NOW + timedelta(minutes=1),
            lifetimes=LIFETIMES,
        )
        later = session.list_for(
            connection,
            running.sealer,
            lan.id,
            now=NOW + timedelta(hours=1),
            lifetimes=LIFETIMES,
        )

    assert [view.origin for view in views] == [ORIGIN, ORIGIN]
    assert views[0].session.started_at > views[1].session.started_at
    assert later == []


def test_touch_is_rare(running: Running, account: TestAccount) -> None:
    """The last sight is written again after a minute, not at each request."""
    seen = running.found(running.sign_in(account.id)).session

    assert not session.needs_touch(seen, now=NOW + timedelta(seconds=59))
    assert session.needs_touch(seen, now=NOW + timedelta(seconds=60))


def test_sid_links_no_two_sectors() -> None:
    """One session has another name in each sector, and always the same there."""
    secret, first, second = b"s" * 32, UUID(int=1), UUID(int=2)
    names = {
        session.sid(secret, first, "bank"),
        session.sid(secret, first, "tax"),
        session.sid(secret, second, "bank"),
        session.sid(b"t" * 32, first, "bank"),
    }

    assert len(names) == 4
    assert session.sid(secret, first, "bank") in names
