"""States, levels and locks of an account, each change with its audit event."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.identifiers import NumberTakenError
from idp.accounts.lifecycle import (
    LOCK_GROUNDS,
    STATES,
    LifecycleError,
    PhoneTakenError,
    change_level,
    change_state,
    create_account,
    effective_state,
    lift_lock,
    live_locks,
    place_lock,
)
from idp.accounts.standing import read_standing
from idp.errors import IdpError, NotFoundError
from tests.unit.world import NOW, an_account, on_each_backend


@given(st.sampled_from(STATES), st.lists(st.sampled_from(LOCK_GROUNDS)))
def test_locked_while_any_lock_holds(state, locks):
    """The effective state is `locked` exactly while a lock holds."""
    assert effective_state(state, locks) == ("locked" if locks else state)


def test_an_account_walks_every_state_once(world, new_account):
    """Submitted, in review, granted, active: one event for each step."""
    account = new_account(state="submitted")
    for state in STATES[1:]:
        with world.database.transaction() as session:
            change_state(session, world.audit, account.id, state, now=NOW)
    with world.database.read() as connection:
        assert read_standing(connection, account.id).state == "active"
    assert world.events(account.id) == ["StateChanged"] * 3 + ["AccountCreated"]


@pytest.mark.parametrize(
    ("before", "after"),
    [("submitted", "active"), ("submitted", "granted"), ("active", "granted"),
     ("active", "active"), ("granted", "submitted")],
)  # fmt: skip
def test_no_state_is_skipped_or_taken_back(world, new_account, before, after):
    """Only the next state may follow; a refused change leaves no event."""
    account = new_account(state=before)
    with pytest.raises(LifecycleError), world.database.transaction() as session:
        change_state(session, world.audit, account.id, after, now=NOW)
    assert world.events(account.id) == ["AccountCreated"]


@on_each_backend
def test_of_parallel_activations_one_succeeds(world, new_account):
    """Twenty callers that activate one account make one event."""
    account = new_account(state="granted")

    def activate(_turn):
        try:
            with world.database.transaction() as session:
                change_state(session, world.audit, account.id, "active", now=NOW)
        except LifecycleError:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(activate, range(20))) == 1
    assert world.events(account.id).count("StateChanged") == 1


@on_each_backend
def test_locks_are_kept_apart_from_the_state(world, account):
    """Two grounds hold independently; with the last one gone the state is back."""
    for ground, asker in (("holder_request", "holder"), ("card_expired", "system")):
        with world.database.transaction() as session:
            place_lock(
                session, world.audit, account.id, ground=ground, asker=asker, now=NOW
            )
    with world.database.read() as connection:
        standing = read_standing(connection, account.id)
    assert standing.effective == "locked"
    assert standing.state == "active"
    assert set(standing.locks) == {"holder_request", "card_expired"}

    for ground, left in (("holder_request", ("card_expired",)), ("card_expired", ())):
        with world.database.transaction() as session:
            lift_lock(
                session, world.audit, account.id, ground=ground, asker="agency", now=NOW
            )
        with world.database.read() as connection:
            assert live_locks(connection, account.id) == left
    with world.database.read() as connection:
        assert read_standing(connection, account.id).effective == "active"
    assert world.events(account.id) == [
        "LockLifted", "LockLifted", "LockPlaced", "LockPlaced", "AccountCreated",
    ]  # fmt: skip


@on_each_backend
def test_one_ground_locks_once(world, account):
    """Of parallel callers with one ground, one places the lock."""

    def lock(_turn):
        try:
            with world.database.transaction() as session:
                place_lock(
                    session, world.audit, account.id,
                    ground="death", asker="system", now=NOW,
                )  # fmt: skip
        except LifecycleError:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(lock, range(20))) == 1


@pytest.mark.parametrize("change", [place_lock, lift_lock])
@pytest.mark.parametrize(
    ("ground", "asker"), [("whim", "holder"), ("death", "Nguyễn"), ("death", "system")]
)
def test_unknown_grounds_askers_and_accounts_are_refused(world, change, ground, asker):
    """Grounds and askers are closed lists, and the account must exist."""
    with pytest.raises(IdpError), world.database.transaction() as session:
        change(session, world.audit, uuid4(), ground=ground, asker=asker, now=NOW)


def test_a_lock_that_does_not_hold_cannot_be_lifted(world, account):
    """Lifting names a ground that holds."""
    with pytest.raises(LifecycleError), world.database.transaction() as session:
        lift_lock(
            session, world.audit, account.id, ground="death", asker="system", now=NOW
        )


def test_the_level_changes_with_an_event(world, account):
    """A real change is recorded, the same level again is none."""
    for level in (1, 1):
        with world.database.transaction() as session:
            change_level(session, world.audit, account.id, level, now=NOW)
    with world.database.read() as connection:
        assert read_standing(connection, account.id).level == 1
    assert world.events(account.id) == ["LevelChanged", "AccountCreated"]


@on_each_backend
def test_one_number_and_one_phone_for_one_account(world, new_account):
    """A second account for a number or a phone is refused and leaves nothing."""
    first = new_account(phone="+84500000901")
    for values, error in (
        ({"number": first.number}, NumberTakenError),
        ({"number": "001085123123", "phone": "+84500000901"}, PhoneTakenError),
    ):
        new = replace(an_account(), **values)
        with pytest.raises(error), world.database.transaction() as session:
            create_account(session, world.audit, world.sealer, new, now=NOW)
    with world.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM accounts").scalar() == 1


@on_each_backend
def test_of_parallel_accounts_for_one_number_one_comes_to_be(world):
    """Ten applications for one person make one account."""
    new = an_account()

    def create(_turn):
        try:
            with world.database.transaction() as session:
                create_account(session, world.audit, world.sealer, new, now=NOW)
        except NumberTakenError:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(create, range(10))) == 1


@pytest.mark.parametrize("values", [{"level": 3}, {"state": "open"}])
def test_unknown_levels_and_states_are_refused(world, values):
    """An account starts at a known level and in a known state."""
    new = replace(an_account(), **values)
    with pytest.raises(LifecycleError), world.database.transaction() as session:
        create_account(session, world.audit, world.sealer, new, now=NOW)


def test_nobody_stands_nowhere(world):
    """An unknown account has no standing."""
    with world.database.read() as connection, pytest.raises(NotFoundError):
        read_standing(connection, uuid4())
