"""A passcode: six digits that are not the first ones tried, kept sealed."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from idp.config import PasswordConfig
from idp.factors import enrolled, passcode
from idp.factors.models import Credential
from idp.factors.passcode_rules import fault
from idp.factors.password import PasswordPool
from tests.unit.world import NOW, on_each_backend

ABOUT = ["999001234567", "1985-03-21", "+84500000931"]
CHEAP = PasswordConfig(memory_kib=8, iterations=1)


@pytest.mark.parametrize("typed", ["493817", "280461", "735924"])
def test_other_digits_are_taken(typed):
    """No pattern, and nothing of its owner."""
    assert fault(typed, about=ABOUT) is None


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "form"),
        ("12345", "form"),
        ("1234567", "form"),
        ("12a456", "form"),
        ("٤٩٣٨١٧", "form"),
        ("123456", "trivial"),
        ("654321", "trivial"),
        ("890123", "trivial"),
        ("777777", "trivial"),
        ("121212", "trivial"),
        ("123123", "trivial"),
        ("111222", "trivial"),
        ("147258", "trivial"),
        ("686868", "trivial"),
        ("210385", "personal"),
        ("850321", "personal"),
        ("031985", "personal"),
        ("198503", "personal"),
        ("234567", "trivial"),
        ("001234", "personal"),
        ("000931", "personal"),
    ],
)
def test_likely_digits_have_a_reason(typed, reason):
    """Each its own."""
    assert fault(typed, about=ABOUT) == reason


@given(st.from_regex(r"[0-9]{6}", fullmatch=True))
def test_few_codes_are_refused(typed):
    """Whatever the digits, the rules answer; a year alone is no date."""
    assert fault(typed, about=["1985"]) in (None, "trivial")


@on_each_backend
def test_the_hash_is_sealed_and_the_newest_counts(world, account):
    """The table alone lets nobody try a million codes; a new passcode ends the old."""
    person, pool = account.id, PasswordPool(CHEAP)
    for digits in ("493817", "280461"):
        hashed = passcode.hash_passcode(pool, digits)
        with world.database.transaction() as session:
            stores = (session, world.audit, world.sealer)
            passcode.enrol(*stores, person, hashed, now=NOW)

    with world.database.read() as connection:
        kinds = [item.kind for item in enrolled.list_enrolled(connection, person)]
        kept = connection.execute(
            sa.select(Credential.secret_sealed).where(Credential.account_id == person)
        ).scalars()
        assert all(b"argon2" not in (sealed or b"") for sealed in kept)
    found = [
        passcode.prove(
            world.database,
            world.sealer,
            pool,
            world.audit,
            account_id=person,
            passcode=digits,
            now=NOW,
        )
        for digits in ("493817", "280461", "")
    ]
    assert kinds == ["passcode"]
    assert [proof.method if proof else None for proof in found] == [
        None,
        "passcode",
        None,
    ]
