"""Writing status lists: the arrangement of the specification's own example."""

import zlib
from base64 import urlsafe_b64decode

import pytest

from idp.credentials import status_list

# Token Status List §4.1: twelve statuses of two bits.
EXAMPLE = dict(enumerate((1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3)))


def unpacked(text):
    return zlib.decompress(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def test_the_example_of_the_specification():
    """Least significant bits first, then DEFLATE in ZLIB's frame."""
    written = status_list.write(EXAMPLE, size=12)

    assert written["bits"] == 2
    assert unpacked(written["lst"]).hex() == "c944f9"


@pytest.mark.parametrize(
    ("size", "octets"), [(1, 1), (4, 1), (5, 2), (131_072, 32_768)]
)
def test_the_list_tells_its_size_and_no_more(size, octets):
    """Unused places read as valid, so the number of credentials stays unknown."""
    written = status_list.write({}, size=size)

    assert unpacked(written["lst"]) == bytes(octets)
