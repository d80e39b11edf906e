"""Nobody has another's subject without a live representation or mandate."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from idp.accounts import memberships, organisations, principals, representation
from idp.accounts.lifecycle import change_state, create_account, lift_lock, place_lock
from idp.accounts.memberships import Invitation
from idp.accounts.organisations import Details
from idp.accounts.representation import Term
from idp.audit.log import AuditLog
from idp.consent import grants, live_grants
from idp.consent.grants import Consent
from idp.relying_parties.models import RelyingPartyRecord
from idp.storage import migration
from idp.storage.database import Database
from keys.sealing import Sealer
from tests.unit.world import NOW, World, an_account

ACTORS, WARDS = ("anna", "binh"), ("child", "elder")
ORGANISATION, DAY = "company", timedelta(days=1)
actors = st.sampled_from(ACTORS)
whom = st.sampled_from((*WARDS, ORGANISATION))
actions = st.one_of(
    st.tuples(st.just("begin"), actors, whom),
    st.tuples(st.just("begin_short"), actors, whom),
    st.tuples(st.just("stop"), actors, whom),
    st.tuples(st.just("list"), actors, st.just(ORGANISATION)),
    st.tuples(st.just("consent"), actors, whom),
    st.tuples(st.just("consent"), actors, whom),
    st.tuples(st.just("lock"), st.sampled_from((*ACTORS, *WARDS, ORGANISATION)), whom),
    st.tuples(st.just("unlock"), st.sampled_from((*ACTORS, *WARDS)), whom),
    st.tuples(st.just("wait"), actors, whom),
)


@dataclass
class Model:
    """What should hold: who may act since when until when, and who is locked."""

    may: dict[tuple[str, str], tuple[Any, Any]] = field(default_factory=dict)
    locked: set[str] = field(default_factory=set)
    given: dict[tuple[str, str], Any] = field(default_factory=dict)

    def allows(self, pair: tuple[str, str], now: Any) -> bool:
        """Say whether the pair may act at this moment."""
        since, until = self.may.get(pair, (None, None))
        is_live = since is not None and since <= now and (not until or until > now)
        return is_live and not self.locked & set(pair)


class Walk:
    """One story told to the database and to the model."""

    def __init__(self, world: World, numbers: Any) -> None:
        self.world, self.model, self.now = world, Model(), NOW
        self.names: dict[str, UUID] = {}
        self.numbers: dict[str, str] = {}
        self.listed: dict[str, UUID] = {}
        self.grants: dict[tuple[str, str], UUID] = {}
        self.client = f"portal-{next(numbers)}"
        with world.database.transaction() as session:
            for name in (*ACTORS, *WARDS):
                new = an_account(level=1 if name in WARDS else 2)
                self.numbers[name] = new.number
                self.names[name] = create_account(
                    session, world.audit, world.sealer, new, now=NOW
                )
            self.names[ORGANISATION] = self._organisation(session, next(numbers))
            session.add(
                RelyingPartyRecord(
                    client_id=self.client,
                    document={},
                    policy={},
                    created_at=NOW,
                    updated_at=NOW,
                )
            )

    def _organisation(self, session: Any, number: int) -> UUID:
        world, filer = self.world, an_account()
        by = create_account(session, world.audit, world.sealer, filer, now=NOW)
        details = Details(
            name="A", tax_code=f"{number:010}", head_office="B", founded_on="2020-01-01"
        )
        made = organisations.create(
            session, world.audit, world.sealer, details,
            filed_by=by, number=filer.number, now=NOW,
        )  # fmt: skip
        for state in ("in_review", "granted"):
            change_state(session, world.audit, made, state, now=NOW)
        self.filer = by
        return made

    def do(self, action: str, who: str, other: str) -> None:
        """Tell one thing, a moment after the last."""
        self.now += timedelta(seconds=1)
        with self.world.database.transaction() as session:
            getattr(self, f"_{action}")(session, who, other)

    def _begin(self, session: Any, who: str, other: str, until: Any = None) -> None:
        if self.model.allows((who, other), self.now) or (who, other) in self.model.may:
            return
        world = self.world
        if other == ORGANISATION:
            self._listing(session, who, organisations.AUTHORISED, until)
        else:
            representation.appoint(
                session, world.audit, representative_id=self.names[who],
                ward_id=self.names[other], relation="guardian", now=self.now,
                term=Term(until=until),
            )  # fmt: skip
        self.model.may[who, other] = (self.now, until)

    def _begin_short(self, session: Any, who: str, other: str) -> None:
        self._begin(session, who, other, self.now + DAY)

    def _list(self, session: Any, who: str, other: str) -> None:
        if who not in self.listed and (who, other) not in self.model.may:
            self._listing(session, who, organisations.MEMBER, None)

    def _listing(self, session: Any, who: str, role: str, until: Any) -> None:
        world, organisation_id = self.world, self.names[ORGANISATION]
        if who in self.listed:
            former = self.listed.pop(who)
            memberships.end(
                session, world.audit, former, ended_by=self.filer, now=self.now
            )
        invitation = Invitation(
            organisation_id=organisation_id, invited_by=self.filer,
            number=self.numbers[who], role=role, mandate="all", valid_from=self.now,
            valid_until=until,
        )  # fmt: skip
        self.listed[who] = memberships.invite(
            session, world.audit, world.sealer, invitation, now=self.now
        )
        assert memberships.accept(
            session, world.audit, world.sealer, self.listed[who],
            account_id=self.names[who], now=self.now,
        )  # fmt: skip

    def _stop(self, session: Any, who: str, other: str) -> None:
        if self.model.may.pop((who, other), None) is None:
            return
        if other == ORGANISATION:
            former = self.listed.pop(who)
            memberships.end(
                session, self.world.audit, former, ended_by=self.filer, now=self.now
            )
        else:
            representation.dismiss(
                session, self.world.audit, representative_id=self.names[who],
                ward_id=self.names[other], reason="court", now=self.now,
            )  # fmt: skip

    def _consent(self, session: Any, who: str, other: str) -> None:
        since, _ = self.model.may.get((who, other), (None, None))
        consent = Consent(
            account_id=self.names[other], client_id=self.client, sector=self.client,
            scopes=("openid",), claims=(), refused=(), lifetime=10**8,
            actor_id=self.names[who], since=since,
        )  # fmt: skip
        grant = grants.give(session, self.world.audit, consent, now=self.now)
        self.grants[who, other] = grant.id
        self.model.given[who, other] = self.now

    def _lock(self, session: Any, who: str, other: str) -> None:
        del other
        if who not in self.model.locked:
            place_lock(
                session, self.world.audit, self.names[who],
                ground="terms_breach", asker="agency", now=self.now,
            )  # fmt: skip
            self.model.locked.add(who)

    def _unlock(self, session: Any, who: str, other: str) -> None:
        del other
        if who in self.model.locked:
            lift_lock(
                session, self.world.audit, self.names[who],
                ground="terms_breach", asker="agency", now=self.now,
            )  # fmt: skip
            self.model.locked.remove(who)

    def _wait(self, session: Any, who: str, other: str) -> None:
        del session, who, other
        self.now += 2 * DAY

    def check(self) -> None:
        """Hold what tokens stand on, and what people are offered, to the model."""
        with self.world.database.read() as connection:
            for pair, grant_id in self.grants.items():
                live = live_grants.live_for_token(connection, grant_id, self.now)
                since, _ = self.model.may.get(pair, (None, None))
                is_right = (
                    self.model.allows(pair, self.now)
                    and self.model.given[pair] >= since
                )
                assert (live is not None and live.is_usable) == is_right, pair
                if live is not None and live.is_usable:
                    assert live.act is not None
                    assert live.act["sub"] != live.grant.subject
            for who in ACTORS:
                found = principals.list_for(
                    connection, self.names[who], ("ward", "organisation"), now=self.now
                )
                able = {item.id for item in found if item.obstacle is None}
                # One's own lock stops the sign-in, before there is a choice.
                free = Model(self.model.may, self.model.locked - {who})
                right = {
                    self.names[other]
                    for other in (*WARDS, ORGANISATION)
                    if free.allows((who, other), self.now)
                }
                assert able == right, who


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(story=st.lists(actions, min_size=3, max_size=14))
@example(story=[("begin", "anna", "child"), ("consent", "anna", "child"),
                ("stop", "anna", "child"), ("begin", "anna", "child")])  # fmt: skip
@example(story=[("consent", "anna", ORGANISATION), ("list", "anna", ORGANISATION),
                ("begin", "anna", ORGANISATION)])  # fmt: skip
def test_no_story_gives_anyone_anothers_subject(
    tmp_path_factory: Any, story: list[tuple[str, str, str]]
) -> None:
    """Whatever begins, ends, is locked, allowed or waited for, in whatever order."""
    walk = Walk(_shared_world(tmp_path_factory), _NUMBERS)
    for action, who, other in story:
        walk.do(action, who, other)
        walk.check()


_NUMBERS = count(1)
_WORLDS: list[World] = []


def _shared_world(tmp_path_factory: Any) -> World:
    """Return one database for every story: each has people and a portal of its own."""
    if not _WORLDS:
        folder: Path = tmp_path_factory.mktemp("acting")
        database = Database(f"sqlite:///{folder}/acting.db")
        migration.upgrade(database)
        sealer = Sealer({1: b"s" * 32}, b"i" * 32)
        _WORLDS.append(World(database, sealer, AuditLog(sealer)))
    return _WORLDS[0]


def teardown_module() -> None:
    """Close the database of the stories."""
    for world in _WORLDS:
        with closing(world.database):
            pass
