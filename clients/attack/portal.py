"""The suite's relying parties: requests, proofs of the client, and whole sign-ins."""

import base64
import hashlib
import json
import secrets
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pyotp
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from requests import Response

from clients.attack.browser import Browser, at, forms
from clients.attack.suite import NotTriedError
from clients.attack.target import Target

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(header: Any, claims: Any) -> str:
    """Return what a JWS signs; text goes in as it is, duplicate members and all."""
    parts = (part if isinstance(part, str) else json.dumps(part) for part in
             (header, claims))  # fmt: skip
    return ".".join(b64(part.encode()) for part in parts)


def signed(header: Any, claims: Any, key: ECKey) -> str:
    """Return a JWT with an ES256 signature, whatever its header says."""
    text = compact(header, claims)
    signature = JWSRegistry.algorithms["ES256"].sign(text.encode(), key)
    return f"{text}.{b64(signature)}"


@dataclass
class Asked:
    """One authorization request under way: what was sent, and its secret."""

    params: dict[str, str]
    verifier: str


@dataclass
class Portal:
    """One registered client of the suite at one target."""

    target: Target
    registration: dict[str, Any]

    @property
    def client_id(self) -> str:
        """Return its identifier."""
        return str(self.registration["client_id"])

    @property
    def redirect_uri(self) -> str:
        """Return its first redirect URI."""
        return str(self.registration["redirect_uris"][0])

    @property
    def bye(self) -> str:
        """Return where it wants browsers after a sign-out."""
        return str(self.registration["post_logout_redirect_uris"][0])

    @property
    def key(self) -> ECKey:
        """Return the key of its assertions."""
        return ECKey.import_key(self.registration["private_jwk"])

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a client assertion (RFC 7523 §3); None leaves out."""
        now = int(time.time())  # noqa: TID251 - a relying party has a clock of its own
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.target.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 60,
        } | changes
        return {name: value for name, value in claims.items() if value is not None}

    def assertion(self, **changes: Any) -> str:
        """Return a fresh, right client assertion but for `changes`."""
        return signed({"alg": "ES256", "typ": "JWT"}, self.claims(**changes), self.key)

    def proof(self, assertion: str | None = None) -> dict[str, str]:
        """Return the form fields by which the client proves itself."""
        if "private_jwk" not in self.registration:
            fields = {"client_id": self.client_id}
            if "client_secret" in self.registration:
                fields["client_secret"] = self.registration["client_secret"]
            return fields
        return {
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion or self.assertion(),
        }

    def post(self, endpoint: str, **fields: str) -> Response:
        """Post a form with the client's proof to an endpoint of discovery."""
        address = self.target.endpoints[f"{endpoint}_endpoint"]
        return self.target.open("POST", address, data=self.proof() | fields)

    def ask(self, **changes: str | None) -> Asked:
        """Return a right request but for `changes`; None leaves a parameter out."""
        verifier = secrets.token_urlsafe(48)
        values: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            "code_challenge": b64(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        values |= changes
        kept = {name: value for name, value in values.items() if value is not None}
        return Asked(kept, verifier)

    def push(self, asked: Asked) -> str:
        """Push the request and return its `request_uri` (RFC 9126)."""
        fields = {**asked.params}
        fields.pop("client_id")
        answered = self.post("pushed_authorization_request", **fields)
        if answered.status_code != 201:
            raise ValueError(f"push: {answered.text[:200]}")
        return str(answered.json()["request_uri"])

    def address(self, asked: Asked) -> str:
        """Return the address of the request, pushed first where the client must."""
        params = asked.params
        if self.registration.get("require_pushed_authorization_requests"):
            params = {"client_id": self.client_id, "request_uri": self.push(asked)}
        return f"/authorize?{urlencode(params)}"

    def redeem(self, code: str, asked: Asked, **changes: str) -> Response:
        """Redeem a code (RFC 6749 §4.1.3)."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": asked.verifier,
        } | changes
        return self.post("token", **fields)

    def refresh(self, token: str, **changes: str) -> Response:
        """Use a refresh token (RFC 6749 §6)."""
        fields = {"grant_type": "refresh_token", "refresh_token": token}
        return self.post("token", **fields, **changes)

    def userinfo(self, token: str) -> Response:
        """Ask userinfo with a bearer token."""
        address = self.target.endpoints["userinfo_endpoint"]
        bearer = {"Authorization": f"Bearer {token}"}
        return self.target.open("GET", address, headers=bearer)


@dataclass
class Visit:
    """A citizen's way through one request: the browser, the request, the last page."""

    portal: Portal
    browser: Browser
    asked: Asked
    page: Response
    tokens: dict[str, Any] = field(default_factory=dict)

    @property
    def answer(self) -> dict[str, str]:
        """Return the parameters that came back to the portal."""
        parts = urlsplit(self.page.headers["Location"])
        return dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))

    @property
    def code(self) -> str:
        """Return the code that came back."""
        return self.answer["code"]

    def redeem(self) -> "Visit":
        """Redeem the code and keep the tokens."""
        answered = self.portal.redeem(self.code, self.asked)
        if answered.status_code != 200:
            raise ValueError(f"token: {answered.text[:200]}")
        self.tokens = answered.json()
        return self

    @property
    def claims(self) -> dict[str, Any]:
        """Return the claims of the ID token; who signed it is not looked at."""
        payload = self.tokens["id_token"].split(".")[1]
        value: dict[str, Any] = json.loads(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        )
        return value


def portal(target: Target, number: int = 0) -> Portal:
    """Return a client of the suite; 1 has a key, 0 and 2 a secret, 3 nothing."""
    if len(target.clients) <= number:
        raise NotTriedError(f"needs {number + 1} registered clients")
    return Portal(target, target.clients[number])


def after(target: Target, lifetime: str) -> AbstractContextManager[None]:
    """Let this lifetime of the provider's pass, as far as there is patience for it."""
    seconds = target.lifetimes.get(lifetime)
    if seconds is None or seconds > target.patience:
        raise NotTriedError(f"would wait until {lifetime} is over: {seconds} seconds")
    return target.later(seconds + 1)


def keyed(target: Target) -> Portal:
    """Return the client that proves itself by `private_key_jwt`."""
    for one in target.clients:
        if "private_jwk" in one:
            return Portal(target, one)
    raise NotTriedError("needs a client with private_key_jwt and its private_jwk")


def simple(target: Target) -> dict[str, Any]:
    """Return a citizen of level 2 who signs in by password alone."""
    return target.people("pwd", account_level=2)[0]


def prove(browser: Browser, page: Response, citizen: dict[str, Any]) -> Response:
    """Prove the password, and the app's code if one is asked."""
    page = browser.submit(
        page,
        personal_number=citizen["personal_number"],
        password=citizen["password"],
    )
    if at(page) == "otp" and citizen["totp_secret"]:
        page = browser.submit(page, otp=pyotp.TOTP(citizen["totp_secret"]).now())
    return page


def withdraw_all(browser: Browser) -> None:
    """Take back what the citizen of this browser has allowed to whomever."""
    page = browser.visit("/account/permissions")
    for form in forms(page):
        if form.action.endswith("/withdraw"):
            browser.send(page, form)


def enter(
    party: Portal,
    citizen: dict[str, Any] | None = None,
    browser: Browser | None = None,
    **changes: str | None,
) -> Visit:
    """Go through a request as a citizen who allows everything."""
    browser = browser or Browser(party.target)
    asked = party.ask(**changes)
    page = browser.visit(party.address(asked))
    if at(page) == "login":
        page = prove(browser, page, citizen or simple(party.target))
    if at(page) == "consent":
        page = browser.submit(page, decision="allow")
    return Visit(party, browser, asked, page)
