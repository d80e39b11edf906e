"""The pure parts of the hash chain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.audit.chain import (
    SHARDS,
    Link,
    canonical,
    genesis,
    link_hash,
    month_of,
    shard_of,
)

LINK = Link(
    month="2026-11",
    shard=7,
    at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
    type="PasswordChanged",
    account_id=UUID(int=7),
    data="{}",
)


@given(st.uuids())
def test_shard_is_the_last_digit_of_the_account(account_id: UUID) -> None:
    """The shard of an account never changes and is one of sixteen."""
    assert shard_of(account_id) == int(account_id.hex[-1], 16) < SHARDS


def test_service_events_are_in_the_first_shard() -> None:
    """What belongs to no account has a fixed place."""
    assert shard_of(None) == 0


def test_month_is_utc() -> None:
    """The month turns at midnight UTC, seven hours after Hà Nội's."""
    hanoi = timezone(timedelta(hours=7))

    assert month_of(datetime(2026, 12, 1, 6, 59, tzinfo=hanoi)) == "2026-11"
    assert month_of(datetime(2026, 12, 1, 7, 0, tzinfo=hanoi)) == "2026-12"


def test_canonical_is_one_text() -> None:
    """Members are sorted, letters are kept, nothing is padded."""
    assert canonical({"b": ("ắ",), "a": None}) == '{"a":null,"b":["ắ"]}'


@pytest.mark.parametrize(
    "change",
    [
        {"month": "2026-12"},
        {"shard": 8},
        {"at": LINK.at + timedelta(microseconds=1)},
        {"type": "StateChanged"},
        {"account_id": None},
        {"data": '{"a":1}'},
    ],
    ids=lambda change: next(iter(change)),
)
def test_hash_covers_every_column(change: dict) -> None:
    """Whatever is changed, the hash is another."""
    previous = genesis("2026-11", 7)

    assert link_hash(previous, replace(LINK, **change)) != link_hash(previous, LINK)


def test_hash_covers_the_row_before() -> None:
    """The same row after another one has another hash."""
    assert link_hash(genesis("2026-11", 6), LINK) != link_hash(
        genesis("2026-11", 7), LINK
    )
