"""The card's zone against samples that others published or made."""

import pytest

from clients.reader.virtual import machine_zone
from tests.cards.people import AN, DAO

# ICAO Doc 9303-5 appendix B: the worked TD1 specimen.
SPECIMEN = (
    "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA"
)
# A fictional Vietnamese card that another program made.
OTHER_CARD = (
    "IDVNM0990123459001099012345<<<9901018M3901016VNM<<<<<<<<<<<0NGUYEN<<VAN<AN<<<<<<<"
)


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        (SPECIMEN[5:14], SPECIMEN[14]),
        (SPECIMEN[30:36], SPECIMEN[36]),
        (SPECIMEN[38:44], SPECIMEN[44]),
        (SPECIMEN[5:37] + SPECIMEN[38:45] + SPECIMEN[48:59], SPECIMEN[59]),
        (OTHER_CARD[5:14], OTHER_CARD[14]),
        (OTHER_CARD[30:36], OTHER_CARD[36]),
        (OTHER_CARD[38:44], OTHER_CARD[44]),
        # ICAO Doc 9303-11 appendix D.2
        ("L898902C<", "3"),
        ("690806", "1"),
        ("940623", "6"),
    ],
)
def test_check_digits_are_those_of_known_samples(text, digit):
    """A check digit is what others computed for the same characters."""
    assert machine_zone.check_digit(text) == digit


def test_whole_zone_of_a_citizen():
    """All three lines, the composite digit included, are as they must be."""
    zone = machine_zone.zone(
        "001099012345",
        names=("Nguyễn", "Văn An"),
        born=machine_zone.birth("1999-01-01"),
        sex="M",
        until="390101",
    )
    assert zone[:30] == "IDVNM0990123459001099012345<<0"
    assert zone[30:60] == "9901018M3901016VNM<<<<<<<<<<<0"
    assert zone[60:] == "NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Đặng", "DANG"),
        ("Thị Đào", "THI<DAO"),
        ("Nguyễn Ưng Ơn", "NGUYEN<UNG<ON"),
        ("H'Bia Niê Kdăm", "HBIA<NIE<KDAM"),
        ("Ly-Na", "LY<NA"),
    ],
)
def test_names_lose_their_marks_and_keep_their_letters(name, letters):
    """The zone has plain capitals, and Đ is a D of its own in Unicode."""
    assert machine_zone.latin(name) == letters


def test_unknown_parts_of_dates():
    """A year alone leaves month and day open; a card for life ends with the century."""
    assert machine_zone.birth(DAO.birth_date) == "50<<<<"
    assert machine_zone.expiry(DAO.expires_on) == "991231"
    assert machine_zone.expiry(AN.expires_on) == "390101"


def test_long_names_are_cut_at_the_end_of_the_line():
    """The third line has thirty characters, whatever the name."""
    zone = machine_zone.zone(
        AN.number,
        names=("Tôn Nữ", "Công Tằng Thị Hoàng Hoa Mai"),
        born="000101",
        sex="F",
        until="400101",
    )
    assert zone[60:] == "TON<NU<<CONG<TANG<THI<HOANG<HO"
