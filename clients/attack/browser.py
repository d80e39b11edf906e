"""A browser without scripts, whose cookies an attacker can read and set."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode, urlsplit

from requests import Response

from clients.attack.target import FORM, Target

_MAX_REDIRECTS = 12


@dataclass
class Form:
    """A form as a browser sees it."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._is_open = found.get("method", "").lower() == "post"
            if self._is_open:
                self.forms.append(Form(found.get("action", "")))
        elif tag == "input" and self._is_open and found.get("name"):
            is_choice = found.get("type") in ("checkbox", "radio")
            if not is_choice or "checked" in found:
                self.forms[-1].fields.append((found["name"], found.get("value", "on")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_open = False


def forms(page: Response) -> list[Form]:
    """Return the POST forms of a page; a step's own is the first."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


def path(page: Response) -> str:
    """Return where on the provider a page is."""
    return urlsplit(page.url).path


def at(page: Response) -> str:
    """Name where the browser is: `login`, `otp`, `consent`, …, or `portal`."""
    if page.headers.get("Location"):
        return "portal"
    return path(page).strip("/").partition("/")[0]


@dataclass
class Browser:
    """One browser: its cookies by name, and the page where it is."""

    target: Target
    cookies: dict[str, str] = field(default_factory=dict)

    def open(
        self, method: str, url: str, *, data: Any = None, **headers: str
    ) -> Response:
        """Send one request with the cookies, and keep those that come back."""
        sent = dict(headers)
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            sent["Cookie"] = "; ".join(pairs)
        if isinstance(data, str):
            sent["Content-Type"] = FORM
        page = self.target.open(method, url, data=data, headers=sent)
        for line in page.raw.headers.getlist("Set-Cookie"):
            self._keep(line)
        return page

    def visit(self, url: str, *, data: Any = None) -> Response:
        """Go to `url` (POST if there is data) and on, until we stay or leave."""
        page = self.open("GET" if data is None else "POST", url, data=data)
        for _ in range(_MAX_REDIRECTS):
            location = page.headers.get("Location")
            if location is None or not self._is_local(location):
                return page
            page = self.open("GET", location)
        raise ValueError("redirected in a circle")

    def submit(self, page: Response, **typed: Any) -> Response:
        """Fill the page's first form and press its button."""
        return self.send(page, forms(page)[0], **typed)

    def send(self, page: Response, form: Form, **typed: Any) -> Response:
        """Fill one form of the page and press its button."""
        data = [(name, value) for name, value in form.fields if name not in typed]
        for name, value in typed.items():
            values = value if isinstance(value, list | tuple) else [value]
            data += [(name, item) for item in values]
        return self.visit(form.action or path(page), data=urlencode(data))

    def session(self) -> str | None:
        """Return the value of the session's cookie."""
        plain = self.cookies.get("dd_session")
        return self.cookies.get("__Host-dd_session", plain)

    def _is_local(self, location: str) -> bool:
        issuer = f"{self.target.issuer}/"
        is_path = location.startswith("/") and location[1:2] not in ("/", "\\")
        return is_path or location.startswith(issuer)

    def _keep(self, line: str) -> None:
        pair, _, attributes = line.partition(";")
        name, _, value = pair.partition("=")
        if "max-age=0" in attributes.lower().replace(" ", ""):
            self.cookies.pop(name.strip(), None)
        else:
            self.cookies[name.strip()] = value
