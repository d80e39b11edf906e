"""New passwords: long enough, not about their owner, not what is tried first."""

import pytest

from idp.factors.password_rules import weakness

ABOUT = [
    "001085123456",
    "Nguyễn Thị Hoài An",
    "19850321",
    "21031985",
    "500000931",
    "an",
]


@pytest.mark.parametrize(
    "password",
    [
        "thuyền giấy trôi qua cầu gỗ",
        "correct horse battery staple",
        "Kx7!pq2#Vw9z",
        "hoa-sen-bay-canh",
        "một hai ba bốn năm sáu",
        "ăn cơm với cá kho tộ",
        "mật khẩu này là của riêng tôi",
    ],
)
def test_good_passwords_are_taken(password):
    """Words are fine, spaces are fine, no class of letters is demanded."""
    assert weakness(password, about=ABOUT) is None


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "short"),
        ("elevenchars", "short"),
        ("Abcd1234!@#$", "guessable"),
        ("toiyeuvietnam1", "guessable"),
        ("Tôi yêu Việt Nam", "guessable"),
        ("iloveyou2024!", "guessable"),
        ("ả" * 600, "long"),
        ("my 001085123456 number", "personal"),
        ("my 001 085 123 456 number", "personal"),
        ("NGUYENTHIHOAIAN rat vui", "personal"),
        ("nguyễn thị hoài an vui", "personal"),
        ("sinh nhat 21031985 nha", "personal"),
        ("goi 0500000931 nhe ban", "personal"),
        ("aaaaaaaaaaaa", "guessable"),
        ("abababababab", "guessable"),
        ("matkhaumatkhau", "guessable"),
        ("123456789012", "guessable"),
        ("qwertyuiop123", "guessable"),
        ("password1234", "guessable"),
        ("Mật khẩu 12345", "guessable"),
        ("anhyeuem12345", "guessable"),
        ("987654321098", "guessable"),
        ("abcdefghijkl", "guessable"),
        ("dinhdanh2026!", "guessable"),
    ],
)
def test_weak_passwords_have_a_reason(password, reason):
    """Each its own."""
    assert weakness(password, about=ABOUT) == reason


def test_unpaired_surrogates_do_no_harm():
    """Such text is refused later; here it only must not fail."""
    assert weakness("\ud800" * 12) == "guessable"
