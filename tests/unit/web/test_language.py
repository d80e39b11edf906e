"""Which language a page speaks."""

import pytest

from idp.web import language


@pytest.mark.parametrize(
    ("chosen", "hints", "accepted", "expected"),
    [
        (None, (), (), "vi"),
        ("en", ("vi",), ("vi",), "en"),
        (None, ("en", "vi"), ("vi",), "en"),
        (None, ("fr", "EN-gb"), (), "en"),
        (None, (), ("fr-FR", "en_US"), "en"),
        (None, ("fr",), ("de",), "vi"),
        ("xx", ("vi-VN",), ("en",), "vi"),
    ],
)
def test_choose_takes_the_strongest_wish(chosen, hints, accepted, expected):
    """The citizen's choice, then the portal's hint, then the browser, then default."""
    found = language.choose(chosen=chosen, hints=hints, accepted=accepted, default="vi")

    assert found == expected


def test_texts_are_translated():
    """The Vietnamese catalogue is read; the source language needs none."""
    assert language.catalogue("vi").ugettext("Sign in") == "Đăng nhập"
    assert language.catalogue("en").ugettext("Sign in") == "Sign in"


def test_values_are_filled_in():
    """Outside a request the source language fills in named values."""
    assert language.gettext("%(portal)s asks", portal="100 %") == "100 % asks"
