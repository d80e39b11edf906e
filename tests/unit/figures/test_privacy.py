"""What is told in steps, and that no subtraction gives away what is below them."""

from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from idp.figures.privacy import listed, told, total

STEP = 10


def test_figures_are_told_in_whole_steps() -> None:
    """Between two looks the difference is none, or a step."""
    assert [told(count, STEP) for count in (10, 19, 20)] == [10, 10, 20]


def test_nobody_and_few_look_the_same() -> None:
    """That there is somebody is a figure too."""
    assert [told(count, STEP) for count in (0, 1, 9)] == [None, None, None]
    assert listed({"a": 0, "b": 9, "c": 10}, STEP) == {"c": 10}


def test_a_sum_is_the_sum_of_what_is_told() -> None:
    """What is not told is in no sum."""
    assert total([told(count, STEP) for count in (3, 25, 19)]) == 30
    assert total([None, None]) is None


def test_a_step_of_one_tells_all() -> None:
    """An operator with nothing to hide may say so."""
    assert [told(count, 1) for count in (0, 1, 7)] == [None, 1, 7]


def left(cells: Counter, tables: list[Counter]) -> dict[object, tuple[int, int]]:
    """Return between what each cell must be, for one who has all of these tables.

    All tables count the same sign-ins, and even the keys that are not listed are known:
    more than anybody who looks at the figures has.
    """
    floors = {key: told(count, STEP) or 0 for key, count in cells.items()}
    sums = [total(told(count, STEP) for count in one.values()) or 0 for one in tables]
    least = max(sums)
    most = min(
        low + (STEP - 1) * len(one) for low, one in zip(sums, tables, strict=True)
    )
    others = sum(floors.values())
    bounds = {}
    for key, low in floors.items():
        below = others - low
        above = below + (STEP - 1) * (len(floors) - 1)
        bounds[key] = max(low, least - above), min(low + STEP - 1, most - below)
    return bounds


sign_ins = st.lists(
    st.tuples(
        st.dates(date(2026, 6, 1), date(2026, 6, STEP - 1)),
        st.sampled_from(["tax", "bank", "health"]),
        st.sampled_from(["01", "79", "48", "92", ""]),
        st.integers(1, 25),
    ),
    min_size=1,
    max_size=40,
)


@given(sign_ins)
def test_no_subtraction_between_tables_tells_one_count(uses) -> None:
    """Days, portals and provinces of the same sign-ins leave each count open.

    With fewer cells than a step has values roundings can never add up so that only one
    is possible: with more they all would have to be the largest, or none.
    """
    tables = [Counter(), Counter(), Counter()]
    for *keys, times in uses:
        for table, key in zip(tables, keys, strict=True):
            table[key] += times
    for cells in tables:
        for key, (low, high) in left(cells, tables).items():
            assert low <= cells[key] <= high, "the attack itself is right"
            assert low < high, f"{key} can only be {low}"
