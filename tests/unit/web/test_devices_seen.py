"""Browsers in words."""

import pytest

from idp.web.devices_seen import browser_name

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
EDGE = f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0"
PHONE = f"Mozilla/5.0 (Linux; Android 14) {WEBKIT} Chrome/140.0 Mobile Safari/537.36"
IPHONE = f"Mozilla/5.0 (iPhone; like Mac OS X) {WEBKIT} Version/18.0 Safari/604.1"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (EDGE, "Edge on Windows"),
        (PHONE, "Chrome on Android"),
        (IPHONE, "Safari on iPhone"),
        (FIREFOX, "Firefox on Linux"),
        ("<script>alert(1)</script>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_browser_name(user_agent, expected):
    """Browser and system are named; what is not known is never repeated."""
    assert browser_name(user_agent) == expected
