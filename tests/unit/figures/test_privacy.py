"""What is withheld, and that no subtraction gives it away."""

from hypothesis import given
from hypothesis import strategies as st

from idp.figures.privacy import rounded_down, shown, total, withhold

SMALLEST = 10


def test_large_cells_are_shown() -> None:
    """Where nothing is small nothing is withheld."""
    assert withhold({"a": 10, "b": 2000}, SMALLEST) == {"a": 10, "b": 2000}


def test_nobody_is_told() -> None:
    """Zero says nothing of anyone, and hides nobody beside it."""
    assert withhold({"a": 0, "b": 50}, SMALLEST) == {"a": 0, "b": 50}


def test_one_small_cell_takes_the_next_with_it() -> None:
    """With the total shown, one withheld cell could be subtracted."""
    cells = {"a": 3, "b": 25, "c": 400}

    assert withhold(cells, SMALLEST) == {"a": None, "b": None, "c": 400}
    assert total(cells, SMALLEST) == 428


def test_two_small_cells_with_a_small_sum_take_a_third() -> None:
    """Their sum would itself be a figure of few people."""
    cells = {"a": 3, "b": 4, "c": 25, "d": 400}

    assert withhold(cells, SMALLEST) == {"a": None, "b": None, "c": None, "d": 400}


def test_two_small_cells_with_a_large_sum_are_enough() -> None:
    """Nothing more is withheld than is needed."""
    cells = {"a": 6, "b": 7, "c": 25}

    assert withhold(cells, SMALLEST) == {"a": None, "b": None, "c": 25}


def test_a_small_total_is_withheld() -> None:
    """A sum is a figure like any other."""
    assert total({"a": 2, "b": 3}, SMALLEST) is None
    assert shown(9, SMALLEST) is None
    assert shown(10, SMALLEST) == 10


def test_what_grows_is_told_in_steps() -> None:
    """Between two looks the difference is none, or at least a step."""
    assert [rounded_down(count, SMALLEST) for count in (10, 19, 20)] == [10, 10, 20]


@given(st.dictionaries(st.integers(), st.integers(0, 60), max_size=8))
def test_no_difference_reveals_a_small_cell(cells: dict[int, int]) -> None:
    """From total and shown cells only sums of two or more, or of nobody, follow."""
    told = withhold(cells, SMALLEST)

    assert all(count is None or count == 0 or count >= 10 for count in told.values())
    hidden = [cells[key] for key, count in told.items() if count is None]
    all_hidden = len(hidden) == sum(1 for count in cells.values() if count)
    if hidden and not all_hidden:
        assert len(hidden) > 1
        assert sum(hidden) >= SMALLEST
