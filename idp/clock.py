"""The one place that reads the wall clock; everything else takes `now`."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present as an aware UTC datetime."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock


def timestamp(moment: datetime) -> int:
    """Return whole seconds since the epoch (RFC 7519 NumericDate)."""
    return int(moment.timestamp())


def from_timestamp(seconds: float) -> datetime:
    """Return the aware UTC datetime of a NumericDate."""
    return datetime.fromtimestamp(seconds, UTC)
