"""A ring's keys on an axis of time, as numbers for inline SVG. Pure.

Steps lie minutes or months apart, so the axis is not to scale: every change has its
place, in order, and the table beside it has the dates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from keys.ring import RingKey

WIDTH = 480
_LEFT, _RIGHT, _TOP, _ROW, _BAR = 8, 472, 30, 30, 18


@dataclass(frozen=True, slots=True)
class Span:
    """One stretch of a key's life: `published`, `signing` or `verifying`."""

    kind: str
    x: float
    y: float
    width: float
    height: int = _BAR


@dataclass(frozen=True, slots=True)
class Axis:
    """The drawing: stretches, ends of keys, and where now is."""

    spans: tuple[Span, ...]
    ends: tuple[tuple[float, float], ...]
    now: float
    height: int
    width: int = WIDTH
    top: int = _TOP


def draw(keys: Sequence[RingKey], now: datetime) -> Axis:
    """Return the drawing of the keys, each on a row of its own."""
    lives = [_life(key) for key in keys]
    moments = {at for life in lives for _, *ends in life for at in ends if at}
    order = sorted(moments | {now})
    step = (_RIGHT - _LEFT) / (len(order) + 1)
    place = {at: round(_LEFT + (n + 1) * step, 1) for n, at in enumerate(order)}
    spans, ends = [], []
    for row, (key, life) in enumerate(zip(keys, lives, strict=True)):
        y = _TOP + row * _ROW + (_ROW - _BAR) / 2
        for kind, begin, end in life:
            x = place[begin]
            until = place[end] if end else _RIGHT
            spans.append(Span(kind, x, y, round(until - x, 1)))
        if key.destroyed_at in place:
            ends.append((place[key.destroyed_at], y + _BAR / 2))
    height = _TOP + len(keys) * _ROW + 8
    return Axis(tuple(spans), tuple(ends), place[now], height)


def _life(key: RingKey) -> list[tuple[str, datetime, datetime | None]]:
    """Return the stretches of a published key that took, or will take, any time."""
    if key.published_at is None or key.activates_at is None:
        return []
    dead = key.destroyed_at
    stretches = (
        ("published", key.published_at, key.activates_at),
        ("signing", key.activates_at, key.retired_at),
        ("verifying", key.retired_at, dead),
    )
    return [
        (kind, begin, _earlier(end, dead))
        for kind, begin, end in stretches
        if begin is not None
        and (end is None or begin < end)
        and (dead is None or begin < dead)
    ]


def _earlier(end: datetime | None, dead: datetime | None) -> datetime | None:
    return min(filter(None, (end, dead)), default=None)
