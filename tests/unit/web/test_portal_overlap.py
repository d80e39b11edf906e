"""What approvers read of a replaced secret and key: until when each still holds."""

from datetime import UTC, datetime

import pytest

from idp.web import presentation
from idp.web.staff import portal_overlap

NOW = datetime(2026, 3, 1, 2, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 4, tzinfo=UTC)
OLD, NEW = ({"kty": "EC", "kid": name} for name in ("old", "new"))


@pytest.mark.parametrize(
    ("digest", "after", "lines"),
    [
        ("", [OLD], 0),
        ("", [OLD, NEW], 0),
        ("", [NEW], 1),
        ("ab", [OLD], 2),
        ("ab", [], 3),
    ],
)
def test_each_that_is_replaced_has_its_end(digest, after, lines) -> None:
    """A key that stays has none; without overlap the former ones end at once."""
    payload = {"overlap": 7200.0, "secret_digest": digest, "after": {}}
    if after:
        payload["after"] = {"jwks": {"keys": after}}
    before = {"jwks": {"keys": [OLD]}}
    until = presentation.moment_text(LATER)

    told = portal_overlap.told(payload, before, now=NOW)
    at_once = portal_overlap.told(payload | {"overlap": 0.0}, before, now=NOW)

    assert len(told) == len(at_once) == lines
    ends = lines - bool(digest)
    assert sum(until in line and "2 hours" in line for line in told) == ends
    assert sum("at once" in line for line in at_once) == ends
