"""The machine-readable zone: ICAO's examples, and every check digit."""

import pytest

from idp.emrtd.errors import EmrtdError
from idp.emrtd.mrz import MrzKey, check_digit, parse_mrz
from tests.unit.emrtd.personal_files import NUMBER, zone

# ICAO Doc 9303-10 appendix A.2; the TD2 example with the digits that make it right
TD1 = (
    "I<NLDXI85935F86999999990<<<<<<"
    "7208148F1108268NLD<<<<<<<<<<<4"
    "VAN<DER<STEEN<<MARIANNE<LOUISE"
)
TD2 = "I<ATASMITH<<JOHN<T<<<<<<<<<<<<<<<<<<123456789<HMD7406221M10123120122<<<0"
TD3 = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
)


def test_the_td1_example():
    """ICAO Doc 9303-10 §A.2.1."""
    mrz = parse_mrz(TD1)

    assert (mrz.size, mrz.document_code, mrz.issuing_state) == ("TD1", "I", "NLD")
    assert mrz.key == MrzKey("XI85935F8", "720814", "110826")
    assert (mrz.name, mrz.sex) == ("VAN DER STEEN MARIANNE LOUISE", "female")
    assert mrz.optional_data == "999999990"


def test_the_td2_example_has_a_long_document_number():
    """ICAO Doc 9303-10 §A.2.2: the number goes on in the optional data."""
    mrz = parse_mrz(TD2)

    assert (mrz.size, mrz.document_number) == ("TD2", "123456789012")
    assert (mrz.surname, mrz.given_names) == ("SMITH", "JOHN T")
    assert (mrz.nationality, mrz.optional_data) == ("HMD", "")


def test_the_td3_example():
    """ICAO Doc 9303-10 §A.2.3 and Doc 9303-4 §4.2.2."""
    mrz = parse_mrz(TD3)

    assert (mrz.size, mrz.document_number) == ("TD3", "L898902C3")
    assert mrz.optional_data == "ZE184226B"
    assert mrz.expiry_date == "120415"


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        ("520727", "3"),
        ("AB2134<<<", "5"),
        ("HA672242<658022549601086<<<<<<<<<<<<<<0", "8"),
    ],
)
def test_check_digits_of_the_examples(text, digit):
    """ICAO Doc 9303-3 appendix A to section 4."""
    assert check_digit(text) == digit


def test_the_key_of_the_worked_example():
    """ICAO Doc 9303-11 appendix D.2: a short number is filled up."""
    key = MrzKey("L898902C", "690806", "940623")

    assert key.information == "L898902C<369080619406236"


def test_a_vietnamese_card():
    """The last nine digits are the document's number, all twelve are optional data."""
    mrz = parse_mrz(zone())

    assert (mrz.document_number, mrz.optional_data) == (NUMBER[-9:], NUMBER)


def test_line_breaks_are_skipped():
    """As a zone is printed."""
    assert parse_mrz("\n".join([TD1[:30], TD1[30:60], TD1[60:]])) == parse_mrz(TD1)


# Each place of a check digit in the two sizes, and of what it protects
@pytest.mark.parametrize("place", [5, 14, 15, 30, 36, 38, 44, 59])
def test_a_wrong_character_of_td1_is_found(place):
    """Number, optional data, dates and their digits, and the composite one."""
    other = "8" if zone()[place] != "8" else "7"
    with pytest.raises(EmrtdError):
        parse_mrz(zone()[:place] + other + zone()[place + 1 :])


@pytest.mark.parametrize("place", [36, 49, 55, 57, 63, 64, 67, 71])
def test_a_wrong_character_of_td2_is_found(place):
    """Also of the long number's digit, which stands in the optional data."""
    other = "8" if TD2[place] != "8" else "7"
    with pytest.raises(EmrtdError):
        parse_mrz(TD2[:place] + other + TD2[place + 1 :])


@pytest.mark.parametrize("place", [44, 53, 57, 63, 65, 71, 72, 86, 87])
def test_a_wrong_character_of_td3_is_found(place):
    """Also of the optional data's own digit."""
    other = "8" if TD3[place] != "8" else "7"
    with pytest.raises(EmrtdError):
        parse_mrz(TD3[:place] + other + TD3[place + 1 :])


def test_the_digit_of_no_optional_data_may_be_a_filler():
    """ICAO Doc 9303-4 §4.2.2.2: a zero or a filler."""
    second = "L898902C36UTO7408122F1204159<<<<<<<<<<<<<<"
    composite = second[:10] + second[13:20] + second[21:42]
    for digit in "0<":
        zone3 = TD3[:44] + second + digit + check_digit(composite + digit)
        assert parse_mrz(zone3).optional_data == ""


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        TD1[:-1],
        TD1.lower(),
        TD1.replace("F", "É", 1),
        zone(sex="X"),
        zone(birth="9A0305"),
        TD2.replace("123456789<HMD", "123456789<HMD")[:64] + "<<<<<<<0",
    ],
)
def test_what_is_no_zone_is_refused(wrong):
    """Lengths, letters, a sex and a date that no zone has, a number without end."""
    with pytest.raises(EmrtdError):
        parse_mrz(wrong)


def test_a_check_digit_is_of_the_zones_characters_only():
    """What is typed into a form may hold anything."""
    with pytest.raises(EmrtdError):
        check_digit("abc")
