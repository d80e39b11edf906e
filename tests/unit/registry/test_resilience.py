"""A registry that fails: tried again, left alone for a while, told from memory."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp.config import RegistryConfig
from idp.registry.answers import LastAnswers
from idp.registry.models import RegistryAnswer
from idp.registry.port import Question, RegistryDownError
from idp.registry.resilience import Policy, ResilientRegistry
from tests.unit.registry.records import ASKER, record_of
from tests.unit.world import NOW, on_each_backend

NUMBER = "999085000001"
QUESTION = Question(NUMBER, "Trần Văn Thử", "1985")
POLICY = Policy.of(RegistryConfig(breaker_failures=3, breaker_pause=30, attempts=2))


class Remote:
    """A registry at the other end of a wire that the test cuts."""

    authority = "Remote"
    capabilities = frozenset({"card"})

    def __init__(self):
        self.failures = 0  # how many of the next questions fail
        self.asked = 0
        self.record = record_of(NUMBER)

    def look_up(self, question, asker, *, now):
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise RegistryDownError
        return self.record

    def confirms(self, question, asker, *, now):
        return self.look_up(question, asker, now=now) is not None


class Setting:
    """A resilient registry, the remote one, and how long it waited."""

    def __init__(self, world, policy=POLICY):
        self.remote, self.waits = Remote(), []
        self.answers = LastAnswers(world.database, world.sealer)
        self.registry = ResilientRegistry(
            self.remote, policy, self.answers, wait=self.waits.append
        )

    def look_up(self, now=NOW, question=QUESTION):
        return self.registry.look_up(question, ASKER, now=now)

    def confirms(self, now=NOW):
        return self.registry.confirms(QUESTION, ASKER, now=now)

    def fail(self, times=1, now=NOW):
        for _ in range(times):
            self.remote.failures = POLICY.attempts
            with pytest.raises(RegistryDownError):
                self.confirms(now)


@pytest.fixture
def setting(world):
    """Return a setting whose remote registry works so far."""
    return Setting(world)


def test_one_failure_is_tried_again_after_a_chance_pause(setting):
    """Between half and one and a half of the configured pause."""
    setting.remote.failures = 1

    assert setting.confirms()

    assert setting.remote.asked == 2
    (pause,) = setting.waits
    assert 0.5 * POLICY.pause <= pause < 1.5 * POLICY.pause
    assert setting.registry.authority == "Remote"
    assert setting.registry.capabilities == {"card"}


def test_after_failures_in_a_row_nobody_asks_for_a_while(setting):
    """Then one question tries, the others wait for what comes of it."""
    setting.fail(POLICY.failures)
    asked = setting.remote.asked
    rested = NOW + POLICY.rest

    with pytest.raises(RegistryDownError):
        setting.confirms(rested - timedelta(seconds=1))
    assert setting.remote.asked == asked

    setting.fail(now=rested)
    assert setting.remote.asked > asked
    with pytest.raises(RegistryDownError):
        setting.confirms(rested + timedelta(seconds=1))
    assert setting.confirms(rested + POLICY.rest)
    assert setting.confirms(rested + POLICY.rest)


def test_success_forgets_failures(setting):
    """Only failures in a row count."""
    for _ in range(2):
        setting.fail(POLICY.failures - 1)
        assert setting.confirms()


@on_each_backend
def test_the_last_answer_is_told_with_its_day(world):
    """Marked as stale, while it is young enough; nothing is confirmed by it."""
    setting = Setting(world)
    fresh = setting.look_up()
    assert not fresh.is_stale
    setting.look_up()  # the second answer replaces the first

    setting.remote.failures = 100
    limit = NOW + POLICY.stale_max_age
    stale = setting.look_up(limit)

    assert stale == replace(fresh, is_stale=True)
    assert stale.as_of == fresh.as_of
    with pytest.raises(RegistryDownError):
        setting.look_up(limit + timedelta(seconds=1))
    with pytest.raises(RegistryDownError):
        setting.confirms()


@pytest.mark.parametrize(
    "changes", [{"name": "Ai Khác"}, {"birth_date": "1986"}, {"number": "999085000002"}]
)
def test_the_last_answer_needs_the_whole_question(setting, changes):
    """Accents do not matter, every part does."""
    setting.look_up()
    setting.remote.failures = 100

    assert setting.look_up(question=replace(QUESTION, name="TRAN VAN THU")).is_stale
    with pytest.raises(RegistryDownError):
        setting.look_up(question=replace(QUESTION, **changes))


def test_that_nobody_was_found_is_the_last_answer_too(setting):
    """What was told before is not told again."""
    setting.look_up()
    setting.remote.record = None
    assert setting.look_up() is None

    setting.remote.failures = 100
    with pytest.raises(RegistryDownError):
        setting.look_up()


def test_by_policy_nothing_is_kept(world):
    """Then what the registry does not tell now is not told."""
    policy = Policy.of(RegistryConfig(stale_answers=False))
    setting = Setting(world, policy)
    setting.look_up()
    setting.remote.failures = 100

    with pytest.raises(RegistryDownError):
        setting.look_up()
    with world.database.read() as connection:
        assert not connection.execute(sa.select(RegistryAnswer)).all()


@on_each_backend
def test_answers_are_sealed(world):
    """Neither number nor name can be read from the table."""
    setting = Setting(world)
    setting.look_up()

    with world.database.read() as connection:
        row = connection.execute(sa.select(RegistryAnswer.__table__)).one()

    assert NUMBER.encode() not in bytes(row.question_index) + bytes(row.record_sealed)
    assert "Thử".encode() not in bytes(row.record_sealed)
