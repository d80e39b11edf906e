"""Receipt numbers: readable, and read back as they are said."""

import pytest

from idp.enrolment.receipts import (
    InvalidReceiptError,
    new_receipt,
    parse_receipt,
    receipt_text,
)


def test_a_receipt_is_read_back_in_any_grouping():
    """Groups, small letters and spaces make no difference."""
    receipt = new_receipt()
    assert parse_receipt(receipt_text(receipt)) == receipt
    assert (
        parse_receipt(f" {receipt_text(receipt).lower().replace('-', ' ')} ") == receipt
    )
    assert len({new_receipt() for _ in range(100)}) == 100


def test_look_alikes_are_read_as_what_they_look_like():
    """O is 0; I and L are 1."""
    assert parse_receipt("oil0-0000-0000") == "011000000000"


@pytest.mark.parametrize("text", ["", "ABC", "0" * 13, "U00000000000", "Ä" * 12])
def test_no_receipt(text):
    """What cannot be one is refused."""
    with pytest.raises(InvalidReceiptError):
        parse_receipt(text)
