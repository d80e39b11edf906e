"""Deployed messages: names, dates, codes and addresses in their many spellings."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from idp.registry.divisions import packaged
from idp.registry.soap_messages import (
    UnreadableAnswerError,
    birth_date,
    moment,
    name_parts,
    record,
)
from tests.unit.world import NOW

PARTS = (
    "SoDinhDanh", "SoCMND", "HoVaTen", "GioiTinh", "DanToc", "NgayThangNamSinh",
    "ThuongTru", "NoiOHienTai", "NoiOHienNay", "QueQuan", "QuocTich", "Cha", "Me",
    "NguoiDaiDien",
)  # fmt: skip
PLACE = (
    "MaDonViHanhChinh", "MaTinhThanh", "MaQuanHuyen", "MaPhuongXa", "ChiTiet",
    "QuocGia",
)  # fmt: skip


def name(family="", middle="", given=""):
    return SimpleNamespace(Ho=family, ChuDem=middle, Ten=given)


def day(value=None, year=None):
    return SimpleNamespace(NgayThangNam=value, Nam=year)


def place(**values):
    return SimpleNamespace(**(dict.fromkeys(PLACE) | values))


def citizen(**values):
    plain = {
        "SoDinhDanh": "999085100000",
        "HoVaTen": name("Trần", "Văn", "Thử"),
        "NgayThangNamSinh": day("19850101"),
    }
    return SimpleNamespace(**(dict.fromkeys(PARTS) | plain | values))


def read(**values):
    return record(citizen(**values), asked_at=NOW, as_of=None, places=packaged())


@pytest.mark.parametrize(
    ("told", "parts"),
    [
        (name("Trần", "Văn", "Thử"), ("Trần", "Văn", "Thử")),
        (name(None, None, "TRẦN VĂN THỬ"), ("Trần", "Văn", "Thử")),
        (name("", "", "TRẦN THỬ"), ("Trần", "", "Thử")),
        (name("", "", "H'BIA NIÊ KDĂM"), ("H'Bia", "Niê", "Kdăm")),
        (name("", "", "BÊU"), ("", "", "Bêu")),
        (name("TRẦN", "", ""), ("", "", "Trần")),
        (name("Trần", "Thị Minh", "Khai "), ("Trần", "Thị Minh", "Khai")),
    ],
)
def test_names_come_in_parts_or_whole(told, parts):
    """In upper case they are written as people write them."""
    assert name_parts(told) == parts


@pytest.mark.parametrize(
    ("told", "date"),
    [
        (day("19900228"), "1990-02-28"),
        (day("1990-02-28"), "1990-02-28"),
        (day("1990-02-28T00:00:00"), "1990-02-28"),
        (day("1945"), "1945"),
        (day("19450000"), "1945"),
        (day(None, "1945"), "1945"),
        (day("194500"), "1945"),
    ],
)
def test_birth_dates_keep_their_precision(told, date):
    """A year alone stays a year."""
    assert birth_date(told) == date


@pytest.mark.parametrize("told", [None, day(), day("x"), day("19900231"), day("90")])
def test_no_date_is_no_answer(told):
    """Nothing is guessed."""
    with pytest.raises(UnreadableAnswerError):
        birth_date(told)


@pytest.mark.parametrize("told", [None, name(), name(" ", None, "")])
def test_no_name_is_no_answer(told):
    """Nor is nobody."""
    with pytest.raises(UnreadableAnswerError):
        name_parts(told)


@pytest.mark.parametrize(
    ("code", "gender"),
    [("1", "male"), ("2", "female"), ("02", "female"), ("Nam", "male"),
     ("Nữ", "female"), ("0", "unknown"), ("3", "unknown"), (None, "unknown")],
)  # fmt: skip
def test_sex_codes_vary(code, gender):
    """0 and 3 mean unknown."""
    assert read(GioiTinh=code).person.gender == gender


def test_other_codes_vary():
    """Ethnic groups with and without the zero; countries by code or in words."""
    assert read(DanToc="1").person.ethnicity == "Kinh"
    assert read(DanToc="12").person.ethnicity == "Ê Đê"
    assert read(DanToc="99").person.ethnicity is None
    for told, country in (
        (None, "VN"), ("VNM", "VN"), ("Việt Nam", "VN"), ("kr", "KR"), ("KOR", "ZZ"),
    ):  # fmt: skip
        assert read(QuocTich=told).person.nationality == country


def test_old_numbers_are_aliases():
    """The nine digits of before; the same number twice is one."""
    assert read(SoCMND="012345678").person.former_numbers == ("012345678",)
    assert read(SoCMND="999085100000").person.former_numbers == ()


def test_representatives_are_told_once():
    """A guardian who is the father is the father."""
    father = SimpleNamespace(SoDinhDanh="999060100000", HoVaTen=name("", "", "TRẦN BỐ"))
    nobody = SimpleNamespace(SoDinhDanh=None, HoVaTen=name("", "", "AI"))

    told = read(Cha=father, Me=nobody, NguoiDaiDien=father).person.representatives

    assert [(r.number, r.name, r.relation) for r in told] == [
        ("999060100000", "Trần Bố", "father")
    ]


@pytest.mark.parametrize(
    ("told", "commune", "district"),
    [
        ({"MaDonViHanhChinh": "09556"}, "Phường Hà Đông", None),
        ({"MaPhuongXa": "9556"}, "Phường Hà Đông", None),
        ({"MaTinhThanh": "74", "MaQuanHuyen": "718", "MaPhuongXa": "25747"},
         "Phường Thủ Dầu Một", "Thành phố Thủ Dầu Một"),
    ],
)  # fmt: skip
def test_addresses_of_either_list_get_todays_names(told, commune, district):
    """A district tells that the codes are of before July 2025."""
    address = read(ThuongTru=place(ChiTiet="Số 1", **told)).residence.permanent.address

    assert (address.commune, address.district) == (commune, district)
    assert address.text.startswith("Số 1, ")


def test_unknown_codes_are_kept_without_names():
    """Old ones of an unknown place say too little to be told."""
    new = place(MaTinhThanh="1", MaPhuongXa="99998", ChiTiet="Số 1")
    old = place(MaTinhThanh="1", MaQuanHuyen="9", MaPhuongXa="99998", ChiTiet="Số 1")

    told = read(ThuongTru=new, NoiOHienNay=old).residence

    assert told.permanent.address.province_code == "01"
    assert told.permanent.address.commune_code == "99998"
    assert told.present.address.commune_code == ""
    assert told.present.address.text == "Số 1"
    assert read(ThuongTru=place(), QueQuan=place()).residence is None


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("2026-10-01T08:00:00+07:00", datetime(2026, 10, 1, 1, tzinfo=UTC)),
        ("2026-10-01T08:00:00", datetime(2026, 10, 1, 1, tzinfo=UTC)),
        ("20261001", datetime(2026, 9, 30, 17, tzinfo=UTC)),
        ("soon", None),
        (None, None),
        ("0001-01-01T00:00:00", None),
    ],
)
def test_times_without_a_zone_are_of_hanoi(told, known):
    """What cannot be read is not known."""
    assert moment(told) == known
