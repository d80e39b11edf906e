"""What a reader chose for every page: language, colours, size of text.

A choice is a link that adds `?lang=`, `?theme=` or `?text=` to the page's own address,
so it works without script and can lead nowhere else; a cookie keeps it until the
browser closes, because many people share a counter's computer.
"""

from urllib.parse import urlencode

from flask import Response, current_app, g, request

from idp.authentication import browser
from idp.provider import current

CHOICES = {
    "lang": ("vi", "en"),
    "theme": ("auto", "light", "dark"),
    "text": ("normal", "large"),
}
COOKIES = {"lang": browser.LANGUAGE, "theme": "dd_theme", "text": "dd_text"}


def wish(kind: str) -> str | None:
    """Return the reader's choice: this request's link, else the cookie's."""
    for value in (request.args.get(kind), request.cookies.get(_cookie_name(kind))):
        if value in CHOICES[kind]:
            return value
    return None


def remember(response: Response) -> Response:
    """Keep what this request's link chose."""
    for kind, allowed in CHOICES.items():
        # Most requests make no choice, and need not have their query parsed for it.
        is_named = kind.encode() in request.query_string
        value = request.args.get(kind) if is_named else None
        if value in allowed:
            cookie = browser.cookie(COOKIES[kind], value, secure=_is_secure())
            response.set_cookie(**cookie.attributes())
    return response


def href(kind: str, value: str) -> str:
    """Return this page's address with one choice changed."""
    others = {name: kept for name, kept in request.args.items() if name not in CHOICES}
    return f"{page_path() or '/'}?{urlencode({**others, kind: value})}"


def page_path() -> str | None:
    """Return the path of this page, if it can be opened by a link at all."""
    if "page_path" not in g:
        adapter = current_app.create_url_adapter(request)
        can_open = adapter is not None and adapter.test(request.path, "GET")
        g.page_path = request.path if can_open else None
    path: str | None = g.page_path
    return path


def _cookie_name(kind: str) -> str:
    return browser.cookie_name(COOKIES[kind], secure=_is_secure())


def _is_secure() -> bool:
    return current().config.is_secure
