"""Cookies of the browser."""

from idp.authentication import browser


def test_secure_cookie() -> None:
    """On https the cookie is `__Host-` and Secure, for the whole host and no other."""
    spec = browser.cookie(browser.SESSION, "v", secure=True)

    assert spec.attributes() == {
        "key": "__Host-dd_session",
        "value": "v",
        "max_age": None,
        "path": "/",
        "secure": True,
        "httponly": True,
        "samesite": "Lax",
    }


def test_loopback_cookie() -> None:
    """On plain http it carries neither, or browsers would refuse it."""
    spec = browser.cookie(browser.DEVICE, "v", secure=False, max_age=60)

    assert (spec.name, spec.secure, spec.max_age) == ("dd_device", False, 60)


def test_expired_cookie() -> None:
    """Forgetting a cookie needs its exact name."""
    spec = browser.expired_cookie(browser.SESSION, secure=True)

    assert (spec.name, spec.value, spec.max_age) == ("__Host-dd_session", "", 0)


def test_values() -> None:
    """Values are long and new each time; the server keeps a digest of 32 bytes."""
    first, second = browser.new_value(), browser.new_value()

    assert first != second
    assert len(first) >= 43
    assert len(browser.digest(first)) == 32
