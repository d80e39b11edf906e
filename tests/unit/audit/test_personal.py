"""Personal values beside the chain."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

import pytest

from idp.audit import personal
from idp.audit.chain import Link, canonical, link_of
from keys.errors import SealError
from keys.sealing import Sealer

SEALER = Sealer({1: b"s" * 32}, b"i" * 32)
VALUES = {"address": "192.0.2.1"}


def sealed_row(values: dict, seq: int = 1) -> SimpleNamespace:
    """Return a stored row with sealed values, as `append` writes it."""
    text = personal.with_salt(values)
    link = Link(
        month="2026-11",
        shard=7,
        seq=seq,
        at=datetime(2026, 11, 21, tzinfo=UTC),
        type="SessionStarted",
        account_id=UUID(int=7),
        data=canonical({personal.MEMBER: personal.commitment(SEALER, text)}),
    )
    sealed = personal.seal(SEALER, text, link)
    return SimpleNamespace(**asdict(link), personal_sealed=sealed)


def link(row: SimpleNamespace) -> Link:
    return Link(
        **{key: value for key, value in vars(row).items() if key[:8] != "personal"}
    )


def test_values_come_back() -> None:
    """What was sealed opens at its own place."""
    row = sealed_row(VALUES)

    assert personal.unseal(SEALER, row.personal_sealed, link_of(row)) == VALUES
    assert personal.is_bound(SEALER, row)
    assert not personal.was_erased(row)


def test_values_do_not_open_elsewhere() -> None:
    """Sealed values that were moved to another row do not open."""
    row = sealed_row(VALUES)

    with pytest.raises(SealError):
        personal.unseal(SEALER, row.personal_sealed, replace(link_of(row), seq=2))


def test_replaced_values_are_noticed() -> None:
    """Other values, though sealed by us for this place, are not the committed ones."""
    row, other = sealed_row(VALUES), sealed_row({"address": "192.0.2.2"})

    row.personal_sealed = other.personal_sealed

    assert not personal.is_bound(SEALER, row)


def test_garbage_and_added_values_are_noticed() -> None:
    """Values that do not open, or that the chain does not know of, are no values."""
    row, added = sealed_row(VALUES), sealed_row(VALUES)
    row.personal_sealed = b"garbage"
    added.data = "{}"

    assert not personal.is_bound(SEALER, row)
    assert not personal.is_bound(SEALER, added)


def test_erased_values_leave_the_row_bound() -> None:
    """Erasing is allowed and told apart from never having had any."""
    row = sealed_row(VALUES)

    row.personal_sealed = None

    assert personal.is_bound(SEALER, row)
    assert personal.was_erased(row)


def test_equal_values_have_unequal_commitments() -> None:
    """The salt keeps commitments from telling that two values are equal."""
    assert sealed_row(VALUES).data != sealed_row(VALUES).data
