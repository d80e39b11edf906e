"""The token that binds a form to its browser and purpose."""

import pytest

from idp.web import csrf

KEY = bytes(32)


def test_own_token_fits():
    """A form of this page in this browser passes."""
    token = csrf.token(KEY, browser="b", purpose="login:1")

    csrf.check(KEY, browser="b", purpose="login:1", sent=token)


@pytest.mark.parametrize(
    ("key", "browser", "purpose"),
    [
        (bytes(31) + b"\1", "b", "login:1"),
        (KEY, "other", "login:1"),
        (KEY, "b", "login:2"),
        (KEY, "1", "login:b"),
    ],
)
def test_foreign_tokens_are_refused(key, browser, purpose):
    """Another key, browser or purpose gives another token."""
    token = csrf.token(key, browser=browser, purpose=purpose)

    with pytest.raises(csrf.CsrfError):
        csrf.check(KEY, browser="b", purpose="login:1", sent=token)


@pytest.mark.parametrize("sent", [None, "", "ữ", "0" * 64])
def test_anything_else_is_refused(sent):
    """A missing or odd token is no error of ours."""
    with pytest.raises(csrf.CsrfError):
        csrf.check(KEY, browser="b", purpose="login:1", sent=sent)


def test_missing_cookie_is_told_apart():
    """A browser that sends no cookie gets the page about cookies."""
    with pytest.raises(csrf.CookiesOffError):
        csrf.check(KEY, browser=None, purpose="login:1", sent="")
