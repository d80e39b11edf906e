"""How a question is compared with what the registry has."""

import pytest

from idp.config import Config
from idp.registry.port import Asker, same_birth, same_name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Nguyễn Thị Đào", "NGUYEN THI DAO", True),
        ("Nguyễn Thị Đào", "nguyễnthịđào", True),
        ("H'Bia Niê Kdăm", "HBIA NIE KDAM", True),
        ("Trần  Văn Bình", "Trần Văn Binh", True),
        ("Ayŭn", "Ayun", True),
        ("Trần Văn Bình", "Trần Văn Binhh", False),
        ("Trần Văn Bình", "Bình Trần Văn", False),
        ("", "", False),
        ("'", "-", False),
    ],
)
def test_names_are_compared_without_accents_case_and_spaces(one, other, same):
    """As the national exchange does; đ is d. Two names of nothing are not the same."""
    assert same_name(one, other) is same
    assert same_name(other, one) is same


@pytest.mark.parametrize(
    ("registered", "told", "same"),
    [
        ("1990-02-28", "1990-02-28", True),
        ("1990-02-28", "1990", False),
        ("1945", "1945", True),
        ("1945", "1945-07-01", True),
        ("1945", "1946-07-01", False),
        ("1990-02-28", "1990-03-01", False),
    ],
)
def test_birth_dates_are_compared_by_the_registrys_precision(registered, told, same):
    """Where only the year is registered, nobody can know a day."""
    assert same_birth(registered, told) is same


def test_citizens_ask_under_the_configured_officer():
    """The exchange wants an officer's code with each query."""
    asker = Asker.citizen(Config())

    assert (asker.officer, asker.unit) == ("dinhdanh", "dinhdanh")
    assert asker.purpose
