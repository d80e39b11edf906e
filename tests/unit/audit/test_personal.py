"""Personal values beside the chain."""

import json
from types import SimpleNamespace

import pytest

from idp.audit import personal
from keys.errors import SealError
from keys.sealing import Sealer

SEALER = Sealer({1: b"s" * 32}, b"i" * 32)
VALUES = {"address": "192.0.2.1"}


def row_with(values: dict[str, str]) -> SimpleNamespace:
    """Return what of a stored row concerns its personal values."""
    commitment, sealed = personal.commit(SEALER, values)
    data = json.dumps({personal.MEMBER: commitment})
    return SimpleNamespace(data=data, personal_sealed=sealed, number_index=None)


def test_values_come_back() -> None:
    """What was sealed opens beside its own commitment."""
    row = row_with(VALUES)

    assert personal.unseal(SEALER, row) == VALUES
    assert personal.is_bound(SEALER, row)
    assert not personal.was_erased(row.personal_sealed, row.data)


def test_values_do_not_open_elsewhere() -> None:
    """Sealed values that were moved to another row do not open, equal or not."""
    row, other = row_with(VALUES), row_with(VALUES)
    row.personal_sealed = other.personal_sealed

    with pytest.raises(SealError):
        personal.unseal(SEALER, row)
    assert not personal.is_bound(SEALER, row)


def test_replaced_values_are_noticed() -> None:
    """Other values, though sealed with our key for this row, are not the committed."""
    row = row_with(VALUES)
    commitment = json.loads(row.data)[personal.MEMBER]
    row.personal_sealed = SEALER.seal(
        b'{"salt":"","values":{}}', context=f"audit.personal:{commitment}"
    )

    assert not personal.is_bound(SEALER, row)


def test_garbage_and_added_values_are_noticed() -> None:
    """Values that do not open, or that the chain does not know of, are no values."""
    row, added = row_with(VALUES), row_with(VALUES)
    row.personal_sealed = b"garbage"
    added.data = "{}"

    assert not personal.is_bound(SEALER, row)
    assert not personal.is_bound(SEALER, added)


def test_an_index_that_was_not_committed_is_noticed() -> None:
    """Nobody moves a look into another's history, nor takes it out of one."""
    index = personal.number_index(SEALER, "999099000001")
    row, added = row_with({personal.NUMBER: index.hex()}), row_with(VALUES)
    row.number_index = added.number_index = index

    assert personal.is_bound(SEALER, row)
    assert personal.unseal(SEALER, row) == {}
    assert not personal.is_bound(SEALER, added)
    row.number_index = None
    assert not personal.is_bound(SEALER, row)
    added.personal_sealed = None
    assert not personal.is_bound(SEALER, added)


def test_erased_values_leave_the_row_bound() -> None:
    """Erasing is allowed and told apart from never having had any."""
    row = row_with(VALUES)

    row.personal_sealed = None

    assert personal.is_bound(SEALER, row)
    assert personal.was_erased(row.personal_sealed, row.data)


def test_equal_values_have_unequal_commitments() -> None:
    """The salt keeps commitments from telling that two values are equal."""
    assert row_with(VALUES).data != row_with(VALUES).data
