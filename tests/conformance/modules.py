"""The modules of the Foundation's Basic plan, each a test named after it.

They are written once, for a class's `response_mode`: the Form Post plan is the same
list with another way for the answer (OpenID Foundation conformance suite 5.2).
"""

import hashlib
import secrets
import string
import time
from base64 import urlsafe_b64encode
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey

from idp import clock
from idp.provider import Provider
from tests.conformance.suite import (
    CALLBACK,
    NEEDS_PAGE,
    SCOPE,
    Suite,
    check_token_error,
    register,
)
from tests.driver import at, error_code

PROFILE = {"name", "family_name", "middle_name", "given_name", "birthdate", "gender"}
EMAIL = {"email", "email_verified"}
PHONE = {"phone_number", "phone_number_verified"}


class BasicModules:
    """`oidcc-basic-certification-test-plan`, without the prefix `oidcc-`."""

    response_mode = "query"

    @pytest.fixture
    def suite(self, provider: Provider, client: FlaskClient) -> Suite:
        """Return the plan's default client in a fresh browser."""
        register(provider, "suite-client")
        return Suite(provider, client, response_mode=self.response_mode)

    def test_server(self, suite: Suite) -> None:
        """The whole flow with client_secret_basic."""
        tokens = suite.flow()

        assert set(tokens["userinfo"]) == {"sub"}

    @pytest.mark.parametrize("asked", [None, "", "foo"])
    def test_response_type_missing(self, suite: Suite, asked: str | None) -> None:
        """Back with an error, which the suite allows beside a page."""
        error = suite.silent(response_type=asked)["error"]

        assert error in {"invalid_request", "unsupported_response_type"}

    def test_idtoken_signature(self, suite: Suite) -> None:
        """RS256 without registration: `Suite.id_token` takes nothing else."""
        assert suite.flow()["id_token"]

    def test_idtoken_unsigned(self, suite: Suite) -> None:
        """`none` is neither advertised nor ever issued."""
        document = suite.client.get("/.well-known/openid-configuration").get_json()

        assert "none" not in document["id_token_signing_alg_values_supported"]

    @pytest.mark.parametrize("way", ["get", "post-header", "post-body"])
    def test_userinfo(self, suite: Suite, way: str) -> None:
        """userinfo-get, userinfo-post-header, userinfo-post-body."""
        tokens = suite.tokens(suite.authorize()["code"])

        assert suite.userinfo(tokens, way)

    def test_ensure_request_without_nonce_succeeds_for_code_flow(
        self, suite: Suite
    ) -> None:
        """Then the ID token has none."""
        assert "nonce" not in suite.flow(nonce=None)["claims"]

    @pytest.mark.parametrize(
        ("scope", "claims"),
        [
            ("openid profile", PROFILE),
            ("openid email", EMAIL),
            ("openid address", {"address"}),
            ("openid phone", PHONE),
            ("openid profile email address phone", PROFILE | EMAIL | PHONE),
        ],
    )
    def test_scope(self, suite: Suite, scope: str, claims: set[str]) -> None:
        """scope-profile, -email, -address, -phone, -all: from userinfo."""
        assert claims <= set(suite.flow(scope=scope)["userinfo"])

    def test_alternate_happy_flow(self, suite: Suite) -> None:
        """Neither the order of scopes nor that of parameters matters."""
        parameters = suite.request(scope="email openid")
        turned = dict(reversed(parameters.items()))
        page = suite.browser.visit(f"/authorize?{urlencode(turned)}")

        code = suite.response(suite.answer_pages(page))["code"]

        assert set(suite.userinfo(suite.tokens(code))) >= EMAIL

    @pytest.mark.parametrize(
        "parameter",
        [
            {"display": "page"},
            {"display": "popup"},
            {"extra": "foobar"},
            {"login_hint": "buffy@suite.example"},
            {"ui_locales": "se"},
            {"claims_locales": "se"},
        ],
    )
    def test_harmless_parameter(self, suite: Suite, parameter: dict[str, str]) -> None:
        """display-*, ensure-request-with-unknown-parameter, login-hint, *-locales."""
        assert suite.flow(**parameter)["claims"]

    def test_prompt_login(self, suite: Suite) -> None:
        """A second sign-in is asked, and `auth_time` is later."""
        first = suite.flow()["claims"]
        time.sleep(1.1)
        page = suite.visit(prompt="login")

        assert at(page) == "login"
        second = suite.tokens(suite.response(suite.answer_pages(page))["code"])
        assert second["claims"]["auth_time"] > first["auth_time"]
        assert second["claims"]["sub"] == first["sub"]

    def test_prompt_none_not_logged_in(self, suite: Suite) -> None:
        """An error by redirect, no page."""
        assert suite.silent(prompt="none")["error"] in NEEDS_PAGE

    @pytest.mark.parametrize("with_hint", [False, True])
    def test_prompt_none_logged_in(self, suite: Suite, with_hint: bool) -> None:
        """prompt-none-logged-in, id-token-hint: same subject, same `auth_time`."""
        first = suite.flow()
        hint = first["id_token"] if with_hint else None
        code = suite.silent(prompt="none", id_token_hint=hint)["code"]
        second = suite.tokens(code)["claims"]

        assert second["sub"] == first["claims"]["sub"]
        assert second["auth_time"] == first["claims"]["auth_time"]

    def test_max_age_1(self, suite: Suite) -> None:
        """After a second the citizen signs in again."""
        first = suite.flow()["claims"]
        time.sleep(2.1)
        page = suite.visit(max_age="1")

        assert at(page) == "login"
        second = suite.tokens(suite.response(suite.answer_pages(page))["code"])
        assert second["claims"]["auth_time"] > first["auth_time"]

    def test_max_age_10000(self, suite: Suite) -> None:
        """Within the time nothing is asked, and `auth_time` stays."""
        first = suite.flow()["claims"]
        second = suite.tokens(suite.silent(max_age="10000")["code"])["claims"]

        assert second["auth_time"] == first["auth_time"]

    def test_ensure_request_with_acr_values_succeeds(self, suite: Suite) -> None:
        """What was earned is told in the word that was asked."""
        document = suite.client.get("/.well-known/openid-configuration").get_json()
        asked = document["acr_values_supported"]

        assert suite.flow(acr_values=" ".join(asked))["claims"]["acr"] in asked
        assert suite.flow(acr_values="LoA1")["claims"]["acr"] == "LoA1"

    @pytest.mark.parametrize("later", [0, 30])
    def test_codereuse(
        self, suite: Suite, monkeypatch: pytest.MonkeyPatch, later: int
    ) -> None:
        """codereuse, codereuse-30seconds: refused, and the access token dies."""
        code = suite.authorize()["code"]
        tokens = suite.tokens(code)
        suite.userinfo(tokens)
        move_clock(monkeypatch, seconds=later)

        check_token_error(suite.redeem(code), "invalid_grant")
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert suite.client.get("/userinfo", headers=bearer).status_code == 401

    def test_ensure_registered_redirect_uri(self, suite: Suite) -> None:
        """A page of ours, and no redirect."""
        page = suite.visit(redirect_uri=f"{CALLBACK}/{secrets.token_hex(4)}")

        assert page.status_code == 400
        assert "Location" not in page.headers
        assert error_code(page)

    def test_ensure_post_request_succeeds(self, suite: Suite) -> None:
        """The authorization request by POST."""
        page = suite.browser.visit("/authorize", data=suite.request())

        assert suite.tokens(suite.response(suite.answer_pages(page))["code"])

    def test_server_client_secret_post(self, suite: Suite) -> None:
        """The third client of the configuration."""
        method = "client_secret_post"
        register(suite.provider, "suite-post", token_endpoint_auth_method=method)
        suite.client_id, suite.auth_method = "suite-post", method

        assert suite.flow()

    def test_request_uri_unsigned(self, suite: Suite) -> None:
        """A foreign request_uri is refused by name."""
        error = suite.silent(request_uri="https://suite.example/r.jwt")["error"]

        assert error == "request_uri_not_supported"

    @pytest.mark.parametrize("inner", [{"state": "inside"}, {"redirect_uri": CALLBACK}])
    def test_request_object(self, suite: Suite, inner: dict[str, str]) -> None:
        """unsigned-request-object, ensure-request-object-with-redirect-uri."""
        key = OctKey.import_key("k" * 32)
        # Signed or not makes no difference to a provider that reads none.
        token = jwt.encode({"alg": "HS256"}, inner, key)

        assert suite.silent(request=token)["error"] == "request_not_supported"

    def test_claims_essential(self, suite: Suite) -> None:
        """`name` as an essential claim of userinfo."""
        asked = '{"userinfo":{"name":{"essential":true}}}'

        assert suite.flow(claims=asked)["userinfo"]["name"]

    def test_refresh_token(self, suite: Suite) -> None:
        """Rotation, the ID token's continuity, and binding to the client."""
        first = suite.flow(scope=SCOPE, prompt="consent")
        second = suite.checked(suite.refresh(first["refresh_token"]), is_refreshed=True)

        suite.userinfo(second)
        for claim in ("iss", "sub", "aud", "auth_time"):
            assert second["claims"][claim] == first["claims"][claim]
        register(suite.provider, "suite-client-2")
        suite.client_id = "suite-client-2"
        check_token_error(suite.refresh(second["refresh_token"]), "invalid_grant")
        suite.client_id = "suite-client"
        assert suite.refresh(second["refresh_token"]).status_code == 200

    def test_ensure_request_with_valid_pkce_succeeds(self, suite: Suite) -> None:
        """With every character that a verifier may have (RFC 7636 §4.1)."""
        verifier = string.ascii_letters + string.digits + "-._~"
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        asked = {"code_challenge": challenge, "code_challenge_method": "S256"}

        code = suite.authorize(**asked)["code"]
        assert suite.tokens(code, code_verifier=verifier)
        # Sent, it is enforced, though this client need not send one.
        refused = suite.redeem(suite.authorize(**asked)["code"])
        check_token_error(refused, "invalid_grant", "invalid_request")

    def test_user_rejects_authentication(self, suite: Suite) -> None:
        """The citizen's no comes back the same way."""
        page = suite.visit()
        while at(page) == "login":
            page = suite.sign_in()

        page = suite.browser.submit(page, decision="deny")
        assert suite.response(page)["error"] == "access_denied"


def move_clock(monkeypatch: pytest.MonkeyPatch, *, seconds: int) -> None:
    """Let the provider's clock be ahead."""
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(seconds=seconds))
