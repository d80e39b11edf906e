"""A browser without scripts and a relying party, for tests through HTTP.

`Browser` follows our redirects and fills our forms by the stable contract of docs/
(`personal_number`, `password`, `otp`, `decision`, `claim`); whatever leaves our host
ends the walk. `Portal` builds requests as a stock relying party would.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pyotp
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from idp import clock
from idp.provider import Provider
from idp.sandbox import loader
from tests.log_scan import PORTAL_SECRET

MAX_REDIRECTS = 10
SECRET = PORTAL_SECRET


@dataclass
class Form:
    """A form as a browser sees it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = found.get("method", "get").lower()
            self.forms.append(Form(found.get("action", ""), method))
            self._is_open = True
        elif self._is_open and tag == "input":
            kind = found.get("type", "text")
            if found.get("name") and (
                kind not in ("checkbox", "radio") or "checked" in found
            ):
                self.forms[-1].fields.append((found["name"], found.get("value", "on")))
        elif self._is_open and tag == "button":
            self.forms[-1].buttons.append(
                (found.get("name", ""), found.get("value", ""))
            )

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_open = False


def step_form(page: TestResponse) -> Form:
    """Return the step's form: the first POST form on the page."""
    parser, text = _Forms(), page.text
    # The rest of a page takes twice as long to read as its forms.
    parser.feed(text[text.find("<form") : text.rfind("</form>") + len("</form>")])
    return next(form for form in parser.forms if form.method == "post")


@dataclass
class Browser:
    """One browser with its cookies, and the page where it is."""

    client: FlaskClient
    page: TestResponse | None = None
    codes_used: int = 0

    def visit(self, url: str, **posted: Any) -> TestResponse:
        """Go to `url` (POST if there is `data`) and on, until we stay or leave."""
        method = "POST" if posted else "GET"
        page = self.client.open(url, method=method, **posted)
        for _ in range(MAX_REDIRECTS):
            location = page.headers.get("Location")
            if location is None or not location.startswith("/"):
                self.page = page
                return page
            page = self.client.get(location)
        raise AssertionError("redirected in a circle")

    def submit(self, page: TestResponse | None = None, **typed: Any) -> TestResponse:
        """Fill the step's form and press its button; `decision` names the button."""
        shown = page or self.page
        assert shown is not None
        form = step_form(shown)
        data = [
            (name, value)
            for name, value in form.fields
            if name not in typed and (name != "claim" or "claim" not in typed)
        ]
        for name, value in typed.items():
            values = value if isinstance(value, list | tuple) else [value]
            data += [(name, item) for item in values]
        return self.visit(
            form.action or shown.request.path,
            data=urlencode(data),
            content_type="application/x-www-form-urlencoded",
        )

    def sign_in(self, citizen: dict[str, Any]) -> TestResponse:
        """Prove the password, and the code too if one is asked."""
        page = self.submit(
            personal_number=citizen["personal_number"], password=citizen["password"]
        )
        if at(page) == "otp":
            page = self.submit(otp=self.one_time_code(citizen))
        return page

    def one_time_code(self, citizen: dict[str, Any]) -> str:
        """Return a code that was not used yet: a used one is refused."""
        totp = pyotp.TOTP(citizen["totp_secret"])
        self.codes_used += 1
        return totp.at(clock.now(), counter_offset=self.codes_used - 1)


def at(page: TestResponse) -> str:
    """Name where the browser is: `login`, `otp`, `consent`, …, or `portal`."""
    if page.headers.get("Location"):
        return "portal"
    return page.request.path.strip("/").partition("/")[0]


def error_code(page: TestResponse) -> str | None:
    """Return the stable code of an error page."""
    _, found, rest = page.text.partition('data-error-code="')
    return rest.partition('"')[0] if found else None


def answer(page: TestResponse) -> dict[str, str]:
    """Return the parameters of an authorization response by query or fragment."""
    parts = urlsplit(page.headers["Location"])
    pairs = parse_qsl(parts.query or parts.fragment, keep_blank_values=True)
    assert len({name for name, _ in pairs}) == len(pairs), "a parameter comes twice"
    return dict(pairs)


@dataclass
class Portal:
    """A confidential relying party with its registration and one open request."""

    provider: Provider
    client_id: str
    redirect_uri: str
    verifier: str = ""

    @classmethod
    def register(cls, provider: Provider, name: str, **metadata: Any) -> "Portal":
        """Register a portal called `name`, with a client secret and PKCE."""
        redirect_uri = f"https://{name}.example/back"
        document = {
            "client_id": name,
            "client_name": name,
            "client_secret": SECRET,
            "token_endpoint_auth_method": "client_secret_post",
            "redirect_uris": [redirect_uri],
            "post_logout_redirect_uris": [f"https://{name}.example/bye"],
            "grant_types": ["authorization_code", "refresh_token"],
            "scope": "openid profile offline_access residence",
            "sector": f"{name}.example",
        }
        document |= metadata
        if document["token_endpoint_auth_method"] == "none":
            document.pop("client_secret")
        document = {key: value for key, value in document.items() if value is not None}
        with provider.database.transaction() as session:
            provider.relying_parties.add(
                session, provider.audit, document, sandbox=True, now=clock.now()
            )
        return cls(provider, name, document["redirect_uris"][0])

    def parameters(self, **changes: str | None) -> dict[str, str]:
        """Return a request's parameters; None leaves one out."""
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        values: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        } | changes
        return {name: value for name, value in values.items() if value is not None}

    def url(self, **changes: str | None) -> str:
        """Return the address of an authorization request."""
        return f"/authorize?{urlencode(self.parameters(**changes))}"

    def redeem(self, client: FlaskClient, code: str) -> dict[str, Any]:
        """Redeem a code and return the token response with `claims` of the ID token."""
        response = client.post(
            "/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": self.verifier,
                "client_id": self.client_id,
                "client_secret": SECRET,
            },
        )
        tokens: dict[str, Any] = response.get_json()
        assert response.status_code == 200, tokens
        keys = KeySet.import_key_set(client.get("/jwks.json").get_json())
        token = jwt.decode(tokens["id_token"], keys, algorithms=["RS256", "ES256"])
        return tokens | {"claims": token.claims}

    def round(self, browser: Browser, **changes: str | None) -> dict[str, Any]:
        """Run one silent round for a signed-in browser; return the token response."""
        page = browser.visit(self.url(**changes))
        assert at(page) == "portal", page.text[:2000]
        return self.redeem(browser.client, answer(page)["code"])


def citizens(provider: Provider) -> list[dict[str, Any]]:
    """Return the sandbox's citizens as `idp sandbox citizens --json` prints them."""
    return loader.citizens(provider)


def citizen(provider: Provider, **wanted: Any) -> dict[str, Any]:
    """Return the first citizen of whom all of `wanted` is true."""
    return next(
        person
        for person in loader.each_citizen(provider)
        if all(person[name] == value for name, value in wanted.items())
    )
