"""argon2id in bounds: one cost for everyone, never a queue without end."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from unicodedata import normalize

import pytest
from argon2 import PasswordHasher
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.config import PasswordConfig
from idp.errors import BusyError
from idp.factors.password import (
    MAX_BYTES,
    PasswordBusyError,
    PasswordPool,
    UnfitPasswordError,
    prove,
    set_password,
)
from tests.unit.world import NOW, on_each_backend

CHEAP = PasswordConfig(memory_kib=64, iterations=1, concurrent=4, waiting=200)
POOL = PasswordPool(CHEAP)
PASSWORD = "bốn mùa hoa nở"


def test_a_right_password_fits_and_a_wrong_one_does_not():
    """The plain contract, in argon2id with the configured cost."""
    encoded = POOL.hash(PASSWORD)
    assert encoded.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert POOL.verify(encoded, PASSWORD)
    assert not POOL.verify(encoded, PASSWORD + " ")


def test_composed_and_decomposed_letters_are_the_same():
    """What one keyboard composes another one sends apart."""
    encoded = POOL.hash(normalize("NFD", PASSWORD))
    assert POOL.verify(encoded, normalize("NFC", PASSWORD))


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(), max_size=1200))
def test_nobody_has_no_password(password):
    """Without a hash nothing fits, whatever is typed, lone surrogates included."""
    assert not POOL.verify(None, password)


def test_without_a_hash_the_same_work_is_done(monkeypatch):
    """Known and unknown accounts, short and endless passwords: one hash each."""
    calls = []
    original = PasswordHasher.verify

    def counting(self, encoded, password):
        calls.append((encoded.split("$")[3], len(password) <= MAX_BYTES))
        return original(self, encoded, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    encoded = POOL.hash(PASSWORD)
    for known, typed in (
        (encoded, PASSWORD),
        (None, PASSWORD),
        (encoded, "x" * 10**6),
        (None, "\ud800"),
    ):
        POOL.verify(known, typed)
    assert calls == [("m=64,t=1,p=1", True)] * 4


@pytest.mark.parametrize("password", ["quá ngắn", "x" * (MAX_BYTES + 1), "\ud800" * 12])
def test_unfit_passwords_are_refused(password):
    """Shorter than twelve characters, longer than 1024 bytes, no text."""
    with pytest.raises(UnfitPasswordError):
        POOL.hash(password)


def test_the_longest_password_is_taken_whole():
    """1024 bytes count to the last."""
    longest = "x" * MAX_BYTES
    encoded = POOL.hash(longest)
    assert POOL.verify(encoded, longest)
    assert not POOL.verify(encoded, longest[:-1])
    assert not POOL.verify(encoded, longest + "x")


def test_a_broken_hash_fits_nothing():
    """A row that was tampered with refuses instead of failing."""
    assert not POOL.verify("$argon2id$broken", PASSWORD)


def test_beyond_the_bound_callers_are_turned_away_at_once(monkeypatch):
    """One hashes, two wait, the fourth is told to come back; places are given back."""
    pool = PasswordPool(
        PasswordConfig(memory_kib=64, iterations=1, concurrent=1, waiting=2)
    )
    encoded, go, running = pool.hash(PASSWORD), Event(), Event()
    original = PasswordHasher.verify

    def slow(self, encoded, password):
        running.set()
        assert go.wait(10)
        return original(self, encoded, password)

    monkeypatch.setattr(PasswordHasher, "verify", slow)
    with ThreadPoolExecutor(3) as threads:
        admitted = [threads.submit(pool.verify, encoded, PASSWORD) for _ in range(3)]
        assert running.wait(10)
        while pool._places._value:
            pass
        with pytest.raises(PasswordBusyError) as turned_away:
            pool.verify(encoded, PASSWORD)
        go.set()
        assert all(future.result() for future in admitted)
    assert isinstance(turned_away.value, BusyError)
    assert (turned_away.value.code, turned_away.value.retry_after) == ("DD-AUTH-503", 2)
    assert pool.verify(encoded, PASSWORD)


@on_each_backend
def test_the_password_of_a_number_is_proven(world, account):
    """The account and its factor come back; wrong, unknown and unset do not."""
    with world.database.transaction() as session:
        set_password(session, world.audit, account.id, POOL.hash(PASSWORD), now=NOW)
    stores = (world.database, world.sealer, POOL, world.audit)

    proven = prove(*stores, number=account.number, password=PASSWORD, now=NOW)

    assert proven is not None
    assert proven.account_id == account.id
    assert (proven.factor.method, proven.factor.at) == ("pwd", NOW)
    for number, password in (
        (account.number, "wrong password"),
        ("001085999999", PASSWORD),
    ):
        assert prove(*stores, number=number, password=password, now=NOW) is None
    assert world.events(account.id) == ["PasswordChanged", "AccountCreated"]


def test_an_account_without_a_password_is_not_proven(world, account):
    """No hash, no proof."""
    stores = (world.database, world.sealer, POOL, world.audit)
    assert prove(*stores, number=account.number, password=PASSWORD, now=NOW) is None


def test_a_hash_of_other_parameters_is_renewed_once(world, account):
    """The next right password renews it, with its event; then it stays."""
    old = PasswordPool(PasswordConfig(memory_kib=32, iterations=1))
    with world.database.transaction() as session:
        set_password(session, world.audit, account.id, old.hash(PASSWORD), now=NOW)
    stores = (world.database, world.sealer, POOL, world.audit)
    assert prove(*stores, number=account.number, password="w" * 12, now=NOW) is None

    for _ in range(2):
        assert prove(*stores, number=account.number, password=PASSWORD, now=NOW)

    assert world.events(account.id).count("PasswordRehashed") == 1
    with world.database.read() as connection:
        stored = connection.exec_driver_sql("SELECT password_hash FROM accounts")
        assert "m=64," in stored.scalar_one()


def test_nothing_of_a_password_is_logged(caplog):
    """Neither password nor hash reaches a log."""
    with caplog.at_level(logging.DEBUG):
        encoded = POOL.hash(PASSWORD)
        POOL.verify(encoded, PASSWORD)
    assert PASSWORD not in caplog.text
    assert encoded not in caplog.text
