"""The list of administrative units: what comes with us, and a whole one imported."""

from dataclasses import fields, replace

import pytest

from idp.registry import division_lists
from idp.registry.divisions import (
    Commune,
    Divisions,
    DivisionsError,
    packaged,
    read_list,
)
from idp.registry.person import CODE_LIST
from idp.sandbox.citizens import all_citizens
from tests.unit.world import NOW, on_each_backend

HEADER = ",".join(item.name for item in fields(Commune))
LINE = (
    "26,Tỉnh Vĩnh Phúc,243,Thành phố Vĩnh Yên,08707,Phường Tích Sơn,"
    "25,Tỉnh Phú Thọ,08716,Phường Vĩnh Yên"
)


def test_the_packaged_list_has_every_province():
    """63 of before, 34 of today; each code once."""
    communes = packaged().communes

    assert len({one.province_code for one in communes}) == 34
    assert len({one.old_province_code for one in communes}) == 63
    assert len({one.commune_code for one in communes}) == len(communes)
    assert packaged().by_code("09556").commune == "Phường Hà Đông"
    assert packaged().by_old_code("25747").old_province == "Tỉnh Bình Dương"
    assert packaged().by_code("99999") is None


def test_the_sandbox_agrees_with_the_list():
    """Where both know a commune they call it, and its province, the same."""
    agreed = 0
    for citizen in all_citizens():
        stays = citizen.record.residence
        address = stays.permanent.address if stays and stays.permanent else None
        known = address and packaged().by_code(address.commune_code)
        if known:
            assert (known.commune, known.province) == (
                address.commune,
                address.province,
            )
            agreed += 1
    assert agreed > 10


@on_each_backend
def test_an_imported_list_replaces_the_packaged_one(world):
    """With former communes of which several became one; the one of its code stands."""
    (one,) = read_list([HEADER, LINE])
    kept = replace(one, old_commune_code="08716", old_commune="Phường Đống Đa")
    with world.database.read() as connection:
        assert division_lists.load(connection) is packaged()

    for communes in ([one], [one, kept]):
        with world.database.transaction() as session:
            division_lists.store(session, communes, code_list=CODE_LIST, now=NOW)
    with world.database.read() as connection:
        divisions = division_lists.load(connection)

    assert set(divisions.communes) == {one, kept}
    assert divisions.by_old_code("08707") == one
    assert divisions.by_code("08716") == kept


def test_whichever_order_the_same_code_stands():
    """A commune is represented by the former one whose code it keeps."""
    (one,) = read_list([HEADER, LINE])
    kept = replace(one, old_commune_code=one.commune_code)

    assert Divisions([one, kept]).by_code(one.commune_code) == kept
    assert Divisions([kept, one]).by_code(one.commune_code) == kept
    assert Divisions([one]).by_code(one.commune_code) == one


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["old_province,province"], "columns are missing: commune"),
        ([HEADER, LINE.replace("08707", "8707")], "line 2: old_commune_code has 5"),
        ([HEADER, LINE, LINE.replace("25,", "2x,")], "line 3: province_code has 2"),
        ([HEADER, LINE.replace("Tỉnh Phú Thọ", " ")], "line 2: a value is missing"),
        ([HEADER, "26"], "line 2: a value is missing"),
    ],
)
def test_a_wrong_list_is_refused_by_line(lines, told):
    """Nothing is imported of a list that has one wrong line."""
    with pytest.raises(DivisionsError, match=told):
        list(read_list(lines))
