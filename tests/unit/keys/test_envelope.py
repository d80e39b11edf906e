"""What is sealed under the key-encryption key."""

import pytest

from keys.envelope import envelope
from keys.errors import SealError


def test_purposes_do_not_open_each_other():
    """What is sealed for one purpose does not open for another."""
    kek = b"k" * 32
    sealed = envelope(kek, "one").seal(b"x", context="c")

    assert envelope(kek, "one").open(sealed, context="c") == b"x"
    with pytest.raises(SealError):
        envelope(kek, "two").open(sealed, context="c")
