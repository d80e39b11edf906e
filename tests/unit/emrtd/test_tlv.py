"""TLV: what chips write is read, whatever is framed wrongly is refused, in bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.emrtd import tlv
from idp.emrtd.errors import EmrtdError


def reason(data, **limits):
    with pytest.raises(EmrtdError) as refused:
        list(tlv.parse(data, **limits).walk())
    return refused.value.reason


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_000])
@pytest.mark.parametrize("tag", [0x04, 0x61, 0x5F1F, 0x7F61, 0x5F8101])
def test_what_is_encoded_is_read_back(tag, size):
    """Every length form and tags of up to three bytes."""
    node = tlv.parse(tlv.encode(tag, b"x" * size))

    assert (node.tag, len(node.value)) == (tag, size)
    assert node.encoded == tlv.encode(tag, b"x" * size)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "30",
        "3080",
        "3005",
        "300000",
        "308200",
        "3085000000000100",
        "5f",
        "30020001ff",
    ],
)
def test_broken_framing_is_refused(wrong):
    """Nothing, no length, indefinite, too short, trailing bytes, too long a length."""
    assert reason(bytes.fromhex(wrong)) == "malformed"


@pytest.mark.parametrize("inside", ["04", "0405ff", "3080", "1f"])
def test_broken_framing_inside_is_refused_when_it_is_read(inside):
    """Children must fill their parent to the last byte."""
    assert reason(tlv.encode(0x30, bytes.fromhex(inside))) == "malformed"


def test_depth_is_bounded():
    """Twelve levels are read, a thirteenth is not."""
    data = b""
    for _ in range(12):
        data = tlv.encode(0x30, data)
    list(tlv.parse(data).walk())

    assert reason(tlv.encode(0x30, data)) == "limit"


def test_size_is_bounded():
    """A file beyond the limit is not even looked at."""
    assert reason(b"\x04" * 65_537) == "limit"
    assert reason(b"\x04\x01\x00", max_size=2) == "limit"


def test_a_long_tag_is_refused():
    """No file has a tag of more than three bytes."""
    assert reason(bytes.fromhex("5f81818101" + "00")) == "limit"


def test_paths_lead_to_elements():
    """`find` gives None and `require` refuses where a path ends."""
    node = tlv.parse(tlv.encode(0x30, tlv.encode(0x31, tlv.encode(0x02, b"\x05"))))

    assert node.require(0x31, 0x02).integer() == 5
    assert node.find(0x31, 0x04) is None
    assert node.find(0x04, 0x02) is None
    with pytest.raises(EmrtdError):
        node.require(0x31, 0x04)
    with pytest.raises(EmrtdError):
        node.integer()
    with pytest.raises(EmrtdError):
        tlv.Node(tlv.INTEGER, b"").integer()


def test_a_header_is_read_before_its_value_is_there():
    """The first bytes of a file tell how much there is to read."""
    assert tlv.read_header(bytes.fromhex("7F6182012C")) == tlv.Header(0x7F61, 5, 300)
    assert tlv.read_header(b"\x61\x5d").total == 95


@pytest.mark.parametrize("wrong", [b"", b"\x80", b"\x2a\x86", b"\x01" * 40])
def test_a_wrong_object_identifier_is_refused(wrong):
    """Empty, unfinished or endless ones."""
    with pytest.raises(EmrtdError):
        tlv.decode_oid(wrong)


@given(
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 2**28), max_size=6),
)
def test_object_identifiers_are_read_back(root, second, rest):
    """X.690 §8.19: the first two arcs share a number."""
    dotted = ".".join(map(str, (root, second, *rest)))

    assert tlv.decode_oid(tlv.encode_oid(dotted)) == dotted
