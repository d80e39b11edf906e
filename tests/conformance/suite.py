"""A relying party that checks every answer as the OpenID Foundation's suite does.

`Suite` is one registered client with the suite's configuration: a confidential client
without PKCE and, in the sandbox, without a demand for a nonce. Whatever it receives
passes the checks that each module of the suite repeats.
"""

import hashlib
import math
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask.testing import FlaskClient
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from idp import clock
from idp.provider import Provider
from tests.driver import SECRET, Browser, at, citizen
from tests.integration.token_side import basic

ISSUER = "http://localhost:8000"
BASE = "https://suite.example/test/a/dinhdanh"
CALLBACK = f"{BASE}/callback"
SCOPE = "openid profile email phone address offline_access"

AUTHORIZATION_ERRORS = {
    *("invalid_request", "unauthorized_client", "access_denied"),
    *("unsupported_response_type", "invalid_scope", "server_error"),
    *("temporarily_unavailable", "interaction_required", "login_required"),
    *("account_selection_required", "consent_required", "invalid_request_uri"),
    *("invalid_request_object", "request_not_supported"),
    *("request_uri_not_supported", "registration_not_supported"),
}
NEEDS_PAGE = {
    *("login_required", "interaction_required"),
    *("consent_required", "account_selection_required"),
}
TOKEN_ERRORS = {
    *("invalid_request", "invalid_client", "invalid_grant"),
    *("unauthorized_client", "unsupported_grant_type", "invalid_scope"),
}
CLAIM_TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("sub", "name", "given_name", "family_name", "middle_name"), str),
    **dict.fromkeys(("gender", "birthdate", "phone_number", "email", "acr"), str),
    **dict.fromkeys(("email_verified", "phone_number_verified"), bool),
    **dict.fromkeys(("auth_time", "iat", "exp", "updated_at"), (int, float)),
    "address": dict,
    "amr": list,
}
_LEGAL = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
_FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_ACTION = re.compile(r'<form method="post" action="([^"]*)"')


def register(provider: Provider, client_id: str, **metadata: Any) -> None:
    """Register a client of the suite; `metadata` replaces members of its own."""
    document = {
        "client_id": client_id,
        "client_secret": SECRET,
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [f"{BASE}/post_logout_redirect"],
        "scope": SCOPE,
        "require_pkce": False,
        "require_nonce": False,
        "sector": "suite.example",
    }
    document |= metadata
    with provider.database.transaction() as session:
        provider.relying_parties.add(
            session, provider.audit, document, sandbox=True, now=clock.now()
        )


@dataclass
class Suite:
    """One client of the suite in one browser, with its last request."""

    provider: Provider
    client: FlaskClient
    client_id: str = "suite-client"
    auth_method: str = "client_secret_basic"
    response_mode: str = "query"
    token_type: str = "bearer"
    id_token_alg: str = "RS256"
    sent: dict[str, str] = field(default_factory=dict)
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = Browser(self.client)

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return the request's parameters; None leaves one out."""
        values: dict[str, str | None] = {
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": secrets.token_urlsafe(12),
            "response_type": "code",
            "nonce": secrets.token_urlsafe(12),
            **({"response_mode": "form_post"} if self._is_form_post else {}),
            **changes,
        }
        self.sent = {name: value for name, value in values.items() if value is not None}
        return self.sent

    @property
    def _is_form_post(self) -> bool:
        return self.response_mode == "form_post"

    def visit(self, **changes: str | None) -> TestResponse:
        """Send the browser to the authorization endpoint."""
        return self.browser.visit(f"/authorize?{urlencode(self.request(**changes))}")

    def sign_in(self) -> TestResponse:
        """Sign in as the citizen with a password alone."""
        wanted = {"account_level": 2, "factors": ["pwd"], "state": "active"}
        return self.browser.sign_in(citizen(self.provider, **wanted))

    def answer_pages(self, page: TestResponse) -> TestResponse:
        """Sign in and agree to everything, where asked."""
        while at(page) in ("login", "consent"):
            if at(page) == "login":
                page = self.sign_in()
            else:
                boxes = re.findall(r'name="claim" value="([^"]+)"', page.text)
                page = self.browser.submit(decision="allow", claim=boxes)
        return page

    def authorize(self, **changes: str | None) -> dict[str, str]:
        """Run an authorization request to its answer."""
        return self.response(self.answer_pages(self.visit(**changes)))

    def silent(self, **changes: str | None) -> dict[str, str]:
        """Run a request that must be answered without any page."""
        return self.response(self.visit(**changes))

    def response(self, page: TestResponse) -> dict[str, str]:
        """Return the authorization response after the suite's standard checks."""
        address, pairs = self._delivered(page)
        assert address == self.sent["redirect_uri"]
        found = dict(pairs)
        assert len(found) == len(pairs), "a parameter comes twice"
        assert found.pop("iss") == ISSUER
        assert found.pop("state", None) == self.sent.get("state")
        if "error" in found:
            assert set(found) <= {"error", "error_description", "error_uri"}
            assert found["error"] in AUTHORIZATION_ERRORS
            assert _LEGAL.fullmatch(found.get("error_description", ""))
        else:
            assert set(found) == {"code"}
            check_entropy(found["code"])
        return found

    def _delivered(self, page: TestResponse) -> tuple[str, list[tuple[str, str]]]:
        if self._is_form_post:
            # The suite's browser runs classic scripts at most: a plain form is posted.
            assert page.status_code == 200, page.text
            assert "Location" not in page.headers
            (action,) = _ACTION.findall(page.text)
            fields = _FIELD.findall(page.text)
            return unescape(action), [(name, unescape(text)) for name, text in fields]
        assert page.status_code in (302, 303), page.text[:1000]
        parts = urlsplit(page.headers["Location"])
        assert not parts.fragment
        address = f"{parts.scheme}://{parts.netloc}{parts.path}"
        return address, parse_qsl(parts.query, keep_blank_values=True)

    def post_token(self, **form: str) -> TestResponse:
        """Post a token request with the client's authentication."""
        headers = {}
        if self.auth_method == "client_secret_basic":
            headers["Authorization"] = basic(self.client_id, SECRET)
        else:
            form |= {"client_id": self.client_id, "client_secret": SECRET}
        return self.client.post("/token", data=form, headers=headers)

    def redeem(self, code: str, **extra: str) -> TestResponse:
        """Present a code."""
        return self.post_token(
            grant_type="authorization_code", code=code, redirect_uri=CALLBACK, **extra
        )

    def refresh(self, token: str) -> TestResponse:
        """Present a refresh token."""
        return self.post_token(grant_type="refresh_token", refresh_token=token)

    def tokens(self, code: str, **extra: str) -> dict[str, Any]:
        """Redeem a code; return the checked response with `claims` of the ID token."""
        return self.checked(self.redeem(code, **extra))

    def checked(
        self, response: TestResponse, *, is_refreshed: bool = False
    ) -> dict[str, Any]:
        """Check a token response and its ID token."""
        assert response.status_code == 200, response.text
        assert response.content_type == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        tokens: dict[str, Any] = response.get_json()
        assert tokens["token_type"].lower() == self.token_type
        assert isinstance(tokens["expires_in"], int)
        check_entropy(tokens["access_token"])
        if "refresh_token" in tokens:
            check_entropy(tokens["refresh_token"])
        nonce = None if is_refreshed else self.sent.get("nonce")
        claims = self.id_token(tokens, nonce=nonce)
        return tokens | {"claims": claims}

    def id_token(self, tokens: dict[str, Any], *, nonce: str | None) -> dict[str, Any]:
        """Check an ID token (OpenID Connect Core §3.1.3.7) and return its claims."""
        keys = check_keys(self.client.get("/jwks.json").get_json())
        token = jwt.decode(tokens["id_token"], keys, algorithms=[self.id_token_alg])
        header = jws.extract_compact(tokens["id_token"].encode()).headers()
        assert header["kid"] in {key["kid"] for key in keys.as_dict()["keys"]}
        claims, now = token.claims, clock.timestamp(clock.now())
        assert claims["iss"] == ISSUER
        assert claims["aud"] in (self.client_id, [self.client_id])
        assert now < claims["exp"] < now + 50 * 366 * 86_400
        assert now - 300 <= claims["iat"] <= now
        assert 0 < claims["auth_time"] <= now
        assert claims.get("nonce") == nonce
        assert claims["acr"]
        assert re.fullmatch(r"[\x21-\x7e]{1,255}", claims["sub"])
        digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
        assert claims["at_hash"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
        check_types(claims)
        return dict(claims)

    def userinfo(self, tokens: dict[str, Any], way: str = "get") -> dict[str, Any]:
        """Ask userinfo; check status, type, subject and the claims' types."""
        if way == "get":
            headers = self.bearing(tokens["access_token"], "GET")
            response = self.client.get("/userinfo", headers=headers)
        elif way == "post-header":
            headers = self.bearing(tokens["access_token"], "POST")
            response = self.client.post("/userinfo", headers=headers)
        else:
            form = {"access_token": tokens["access_token"]}
            response = self.client.post("/userinfo", data=form)
        assert response.status_code == 200, response.text
        assert response.content_type == "application/json"
        found: dict[str, Any] = response.get_json()
        assert found["sub"] == tokens["claims"]["sub"]
        check_types(found)
        return found

    def bearing(self, token: str, method: str) -> dict[str, str]:
        """Return the headers that bring an access token to userinfo."""
        del method
        return {"Authorization": f"Bearer {token}"}

    def flow(self, **changes: str | None) -> dict[str, Any]:
        """Run one whole sign-in; return tokens, `claims` and `userinfo`."""
        tokens = self.tokens(self.authorize(**changes)["code"])
        return tokens | {"userinfo": self.userinfo(tokens)}


def check_token_error(response: TestResponse, *errors: str) -> None:
    """Check an error answer of the token endpoint (RFC 6749 §5.2)."""
    body = response.get_json()
    allowed = (400, 401) if body["error"] == "invalid_client" else (400,)
    assert response.status_code in allowed
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert body["error"] in TOKEN_ERRORS & set(errors)
    assert _LEGAL.fullmatch(body.get("error_description", ""))


def check_keys(document: dict[str, Any]) -> KeySet:
    """Check the published keys (RFC 7517) and return them."""
    kids = [key["kid"] for key in document["keys"]]
    assert len(set(kids)) == len(kids)
    for key in document["keys"]:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
        assert key["use"] == "sig"
        assert (key["kty"], key["alg"]) in (("RSA", "RS256"), ("EC", "ES256"))
        assert key["kty"] != "RSA" or len(key["n"]) >= 2048 // 6
    return KeySet.import_key_set(document)


def check_types(claims: dict[str, Any]) -> None:
    """Check the JSON types of the standard claims (OpenID Connect Core §5.1)."""
    for name, kind in CLAIM_TYPES.items():
        if name in claims:
            assert isinstance(claims[name], kind), name
            assert claims[name] not in ("", [], {}), name


def check_entropy(value: str) -> None:
    """Measure at least 96 bits, in characters that pass everywhere (RFC 6749 A)."""
    assert re.fullmatch(r"[A-Za-z0-9\-._~+/]+=*", value)
    shares = [value.count(letter) / len(value) for letter in set(value)]
    assert -sum(share * math.log2(share) for share in shares) * len(value) >= 96
