"""Sealing binds a value to its key and its place, and says nothing when it fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.errors import SealError
from keys.sealing import Sealer, derive_key

OLD, NEW, INDEX = b"1" * 32, b"2" * 32, b"3" * 32
SEALER = Sealer({1: OLD, 2: NEW}, INDEX)


@given(st.binary(max_size=200), st.text(max_size=30))
def test_opens_what_it_sealed(plaintext, context):
    """Any bytes come back for the same context."""
    sealed = SEALER.seal(plaintext, context=context)

    assert SEALER.open(sealed, context=context) == plaintext


def test_the_highest_key_seals():
    """A sealer that knows the highest key alone opens new values."""
    sealed = SEALER.seal(b"x", context="c")

    assert Sealer({2: NEW}, INDEX).open(sealed, context="c") == b"x"


def test_an_older_key_still_opens():
    """Values sealed before a key was added open."""
    sealed = Sealer({1: OLD}, INDEX).seal(b"x", context="c")

    assert SEALER.open(sealed, context="c") == b"x"


def test_two_seals_of_one_value_differ():
    """Equal plaintexts cannot be recognised."""
    assert SEALER.seal(b"x", context="c") != SEALER.seal(b"x", context="c")


@given(st.data())
def test_a_changed_bit_is_refused(data):
    """No single bit of a sealed value may change: format, key id, nonce, text, tag."""
    sealed = bytearray(SEALER.seal(b"0901234567", context="accounts.phone"))
    position = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[position // 8] ^= 1 << position % 8

    with pytest.raises(SealError) as refused:
        SEALER.open(bytes(sealed), context="accounts.phone")
    assert str(refused.value) == "this value cannot be opened"


def test_another_context_is_refused():
    """A value copied to another column does not open there."""
    sealed = SEALER.seal(b"x", context="accounts.phone")

    with pytest.raises(SealError):
        SEALER.open(sealed, context="accounts.email")


def test_an_unknown_key_is_refused():
    """A value sealed under a key that is gone does not open."""
    sealed = SEALER.seal(b"x", context="c")

    with pytest.raises(SealError):
        Sealer({1: OLD}, INDEX).open(sealed, context="c")


def test_a_relabelled_key_is_refused():
    """Equal bytes under another key id do not open: the id is authenticated."""
    sealed = bytearray(Sealer({1: OLD}, INDEX).seal(b"x", context="c"))
    sealed[2] = 9

    with pytest.raises(SealError):
        Sealer({1: OLD, 9: OLD}, INDEX).open(bytes(sealed), context="c")


@given(st.binary(max_size=60))
def test_noise_is_refused(noise):
    """Arbitrary bytes end in the one error, whatever their length."""
    with pytest.raises(SealError):
        SEALER.open(noise, context="c")


def test_a_value_keeps_its_index():
    """The index is stable across processes, 32 bytes, and depends on key and place."""
    index = SEALER.index("012345678901", context="number")

    assert index == Sealer({5: b"9" * 32}, INDEX).index(
        "012345678901", context="number"
    )
    assert len(index) == 32
    assert index != SEALER.index("012345678902", context="number")
    assert index != SEALER.index("012345678901", context="phone")
    assert index != Sealer({1: OLD}, b"4" * 32).index("012345678901", context="number")


def test_context_and_value_do_not_run_together():
    """Moving the border between context and value changes the index."""
    assert SEALER.index("bc", context="a") != SEALER.index("c", context="ab")


@pytest.mark.parametrize(
    ("keys", "index_key"),
    [
        ({}, INDEX),
        ({1: b"short"}, INDEX),
        ({1: OLD}, b"short"),
        ({0: OLD}, INDEX),
        ({65536: OLD}, INDEX),
        ({1: OLD}, OLD),
    ],
)
def test_unfit_keys_are_refused(keys, index_key):
    """No key, a short key, an id out of range, one key for two purposes: refused."""
    with pytest.raises(ValueError, match="key"):
        Sealer(keys, index_key)


def test_subkeys_differ_by_purpose():
    """One secret gives unrelated keys, the same ones each time."""
    assert derive_key(OLD, "a") == derive_key(OLD, "a")
    assert derive_key(OLD, "a") != derive_key(OLD, "b")
    assert OLD not in (derive_key(OLD, "a"), derive_key(OLD, "b"))
