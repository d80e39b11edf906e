"""An error id tells its minute, however it was read out."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.web import error_ids

NOW = datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("days", [0, 1, 40, 368])
def test_an_error_id_tells_its_minute(days: int) -> None:
    """Within a year there is one minute that it can be of."""
    then = NOW - timedelta(days=days)
    told = error_ids.minute_of(error_ids.new(then).lower(), now=NOW)

    assert told == then.replace(second=0)


@pytest.mark.parametrize("text", ["", "2222-222", "2222-222A", "2222-22222"])
def test_other_texts_tell_nothing(text: str) -> None:
    """Too short, too long, or of letters that no error id has."""
    assert error_ids.minute_of(text, now=NOW) is None
