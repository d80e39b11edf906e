"""EF.COM, DG1, DG2 and DG13: what they say, whatever way it is wrapped."""

import pytest

from idp.emrtd import lds, personal
from idp.emrtd.com import parse_com
from idp.emrtd.errors import EmrtdError
from idp.emrtd.personal import parse_dg1, parse_dg13
from idp.emrtd.portrait import extract
from tests.unit.emrtd.issuing import tlv
from tests.unit.emrtd.personal_files import (
    FIELDS,
    NUMBER,
    card_a,
    com,
    dg1,
    dg13,
    field,
)

JPEG = b"\xff\xd8\xff\xe0" + b"picture" + b"\xff\xd9"
JP2 = bytes.fromhex("0000000c6a5020200d0a870a") + b"picture"


def reason(read, file):
    with pytest.raises(EmrtdError) as refused:
        read(file)
    return refused.value.reason


def text(value):
    return tlv(0x0C, value.encode())


def test_data_groups_have_their_addresses():
    """ICAO Doc 9303-10 §4.7: number, tag and file identifier."""
    assert len(lds.DATA_GROUPS) == 16
    addresses = {
        number: (lds.DATA_GROUPS[number].tag, lds.DATA_GROUPS[number].file_id)
        for number in (1, 2, 3, 13, 14, 15, 16)
    }
    assert addresses == {
        1: (0x61, 0x0101),
        2: (0x75, 0x0102),
        3: (0x63, 0x0103),
        13: (0x6D, 0x010D),
        14: (0x6E, 0x010E),
        15: (0x6F, 0x010F),
        16: (0x70, 0x0110),
    }
    assert (lds.COM.short_id, lds.SOD.short_id) == (0x1E, 0x1D)


def test_a_file_of_another_tag_is_refused():
    """DG13's bytes are not DG1, and no byte may follow a file."""
    assert reason(parse_dg1, dg13()) == "malformed"
    assert reason(parse_dg1, dg1() + b"\0") == "malformed"


def test_com_lists_data_groups():
    """Those of card A."""
    found = parse_com(card_a().com)

    assert (found.lds_version, found.unicode_version) == ("0107", "040000")
    assert found.data_groups == (1, 2, 13, 14, 15)


def test_a_wrong_com_is_refused():
    """An unknown tag, one twice, versions that are none, a member left out."""
    good = com([1, 13])
    assert reason(parse_com, com([1, 1])) == "dg_duplicate"
    assert reason(parse_com, good.replace(b"\x61\x6d", b"\x61\x99")) == "malformed"
    assert reason(parse_com, good.replace(b"0107", b"01\xff7")) == "malformed"
    assert reason(parse_com, tlv(0x60, b"")) == "malformed"


def test_dg1_must_be_ascii():
    """Anything else is no machine-readable zone."""
    assert reason(parse_dg1, tlv(0x61, tlv(0x5F1F, b"\xff" * 90))) == "malformed"


def test_dg13_of_card_a():
    """Twelve fields in Vietnamese."""
    found = parse_dg13(card_a().files[13])

    assert found.text(personal.NAME) == "Nguyễn Văn An"
    assert found.day(personal.BIRTH_DATE) == "1999-01-01"
    assert found.sex == "male"
    assert found.raw == {}


WRAPPINGS = {
    "bare": lambda fields: fields,
    "after a header": lambda fields: tlv(
        0x30, tlv(0x06, b"\x2a\x03") + tlv(0x30, tlv(0x31, fields))
    ),
    "after a version": lambda fields: tlv(0x30, tlv(0x02, b"\x01") + tlv(0x30, fields)),
    "beside bytes that are no TLV": lambda fields: tlv(
        0x30, tlv(0x30, b"\x99") + tlv(0x04, b"\x30\x05") + tlv(0xA0, fields)
    ),
}


@pytest.mark.parametrize("around", WRAPPINGS.values(), ids=WRAPPINGS)
@pytest.mark.parametrize("tag", [0x0C, 0x13, 0x04])
def test_dg13_is_found_wherever_its_fields_are(around, tag):
    """UTF8String, PrintableString or OCTET STRING, at any depth."""
    found = parse_dg13(dg13(around=around, tag=tag))

    assert {number: found.text(number) for number in FIELDS} == FIELDS
    assert found.text(1) == NUMBER
    assert found.sex == "female"


def test_texts_may_be_long():
    """Lengths beyond 127 and beyond 255 bytes: where readers of one byte break."""
    residence = "Số 1 phố Hoa Đào, " * 30
    found = parse_dg13(dg13({1: NUMBER, 9: residence}))

    assert found.text(personal.RESIDENCE) == residence.strip()


def test_parents_are_nested():
    """Two SEQUENCEs, father then mother, with numbers of their own or without."""
    plain = tlv(0x30, text("Cha")) + tlv(0x30, text("Mẹ"))
    numbered = field(1, text("Cha")) + field(2, text("Mẹ"))
    for parents in (plain, numbered):
        file = tlv(0x6D, field(1, text(NUMBER)) + field(13, parents))
        found = parse_dg13(file)
        assert found.texts[personal.PARENTS] == ("Cha", "Mẹ")
        assert found.text(personal.NUMBER) == NUMBER


def test_unknown_fields_are_kept_raw():
    """A number of tomorrow, a type that is no text, bytes that are no UTF-8."""
    bits, broken = tlv(0x03, b"\0\x01"), tlv(0x0C, b"\xff\xfe")
    file = tlv(
        0x6D,
        field(1, text(NUMBER))
        + field(40, bits)
        + field(9, broken)
        + field(41, text("x")),
    )
    found = parse_dg13(file)

    assert found.raw == {40: bits, 9: broken}
    assert found.text(41) == "x"
    assert found.text(9) is None


def test_a_field_twice_is_refused():
    """Nobody could tell which of the two numbers is the citizen's."""
    file = tlv(0x6D, field(1, text(NUMBER)) + field(1, text("001099000001")))

    assert reason(parse_dg13, file) == "malformed"


def test_dg13_has_bounds():
    """Depth, number of fields and length of a text."""
    deep = text("x")
    for _ in range(14):
        deep = tlv(0x30, deep)
    many = b"".join(field(number, text("x")) for number in range(100))

    assert reason(parse_dg13, tlv(0x6D, deep)) == "limit"
    assert reason(parse_dg13, tlv(0x6D, many)) == "limit"
    assert reason(parse_dg13, tlv(0x6D, field(9, text("x" * 5000)))) == "limit"
    assert reason(parse_dg13, tlv(0x6D, b"")) == "malformed"


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("05/03/1999", "1999-03-05"),
        ("1952", "1952"),
        ("31/02/1999", None),
        ("Không thời hạn", None),
    ],
)
def test_days_are_read(written, iso):
    """A birth of which only the year is known; a card without an end."""
    assert personal.iso_date(written) == iso


def test_a_sex_that_is_not_stated_is_unknown():
    """As is an empty text."""
    found = parse_dg13(dg13({1: NUMBER, 4: "", 2: "  "}))

    assert (found.sex, found.text(2), found.text(4)) == (None, None, None)


def dg2(image, tag=0x5F2E, header=b"FAC\x00010\x00" + bytes(38)):
    block = tlv(0xA1, tlv(0x80, b"\x01")) + tlv(tag, header + image)
    group = tlv(0x02, b"\x01") + tlv(0x7F60, block)
    return tlv(0x75, tlv(0x7F61, group))


@pytest.mark.parametrize("tag", [0x5F2E, 0x7F2E])
@pytest.mark.parametrize(
    ("image", "form"),
    [
        (JPEG, "jpeg"),
        (JP2, "jp2"),
        (b"\xff\x4f\xff\x51" + b"x" * 9 + b"\xff\xd9", "jp2"),
    ],
)
def test_the_portrait_is_taken_out(tag, image, form):
    """JPEG, JPEG 2000 and its bare code stream."""
    assert extract(dg2(image, tag)).format == form
    assert extract(dg2(image, tag)).image == image


def test_what_follows_a_jpeg_is_cut_off():
    """Padding of the record is not part of the image."""
    assert extract(dg2(JPEG + b"\0" * 9)).image == JPEG


def test_the_portrait_of_card_a():
    """A JPEG behind a short header."""
    portrait = extract(card_a().files[2])

    assert portrait.format == "jpeg"
    assert portrait.image.startswith(b"\xff\xd8\xff")
    assert portrait.image.endswith(b"\xff\xd9")


def test_a_portrait_that_is_none_is_refused():
    """No image, one far behind any header, one without an end, a file too large."""
    assert reason(extract, dg2(b"GIF89a")) == "malformed"
    assert reason(extract, dg2(bytes(4000) + JPEG)) == "malformed"
    assert reason(extract, dg2(JPEG[:-2])) == "malformed"
    assert reason(extract, tlv(0x75, tlv(0x7F61, tlv(0x7F60, b"")))) == "malformed"
    assert reason(extract, dg2(JPEG + bytes(210_000))) == "limit"
