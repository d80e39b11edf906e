"""Where bars and columns stand."""

from hypothesis import given
from hypothesis import strategies as st

from idp.web.staff.figure_charts import HEIGHT, WIDTH, bars, columns


def test_the_largest_bar_is_whole_and_a_withheld_one_has_no_length() -> None:
    """Lengths are shares of the largest."""
    rows = bars({"a": 50, "b": 200, "c": None, "d": 0})

    assert [(row.key, row.length) for row in rows] == [
        ("a", 25.0),
        ("b", 100.0),
        ("c", None),
        ("d", 0.0),
    ]


def test_with_a_limit_the_largest_come_first() -> None:
    """A long list shows where most people go."""
    rows = bars({"a": 1, "b": 3, "c": None, "d": 2}, limit=2)

    assert [row.key for row in rows] == ["b", "d"]


def test_nothing_counted_is_a_chart_without_columns_in_height() -> None:
    """An empty table and a quiet month are drawn, not divided by zero."""
    assert bars({}) == []
    assert columns({}).columns == ()
    assert columns({"2026-11-20": 0}).columns[0].height == 0
    assert [value for _, value in columns({"2026-11-20": 7}).lines] == [10, 5, 0]


@given(st.lists(st.none() | st.integers(0, 10**8), min_size=1, max_size=60))
def test_every_column_stands_within_the_chart(counts: list[int | None]) -> None:
    """None is cut off or upside down, and few are named."""
    chart = columns({str(day): count for day, count in enumerate(counts)})

    for column in chart.columns:
        assert 0 <= column.x <= column.x + column.width <= WIDTH
        assert 0 <= column.y <= column.y + column.height <= HEIGHT
    assert sum(column.is_named for column in chart.columns) <= 6
