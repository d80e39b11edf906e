"""Authorization requests: what is verified first, what is refused, and where it goes.

RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2, RFC 9207, RFC 9700.
"""

import json
from urllib.parse import urlencode, urlsplit

import pytest
from flask.testing import FlaskClient

from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen, error_code

ISSUER = "http://localhost:8000"


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": None}, "DD-OIDC-001"),
        ({"client_id": "nobody"}, "DD-OIDC-001"),
        (
            {"client_id": "nobody", "redirect_uri": "https://evil.example"},
            "DD-OIDC-001",
        ),
        ({"redirect_uri": None}, "DD-OIDC-003"),
        ({"redirect_uri": "https://evil.example/back"}, "DD-OIDC-002"),
        ({"redirect_uri": "https://tax.example/back/"}, "DD-OIDC-002"),
        ({"redirect_uri": "https://tax.example/back?x=1"}, "DD-OIDC-002"),
        ({"redirect_uri": "https://tax.example/back/..%2fback"}, "DD-OIDC-002"),
        ({"redirect_uri": "HTTPS://tax.example/back"}, "DD-OIDC-002"),
        (
            {"redirect_uri": "https://tax.example/back", "state": "a\r\nb"},
            "DD-OIDC-004",
        ),
        ({"state": "s" * 5000}, "DD-OIDC-004"),
        (
            {"request": "e30.e30.", "redirect_uri": "https://evil.example"},
            "DD-OIDC-002",
        ),
        (
            {"response_type": "none", "redirect_uri": "https://evil.example"},
            "DD-OIDC-002",
        ),
        ({"scope": "none", "redirect_uri": "https://evil.example"}, "DD-OIDC-002"),
    ],
)
def test_page_before_trust(
    portal: Portal, browser: Browser, changes: dict[str, str | None], code: str
) -> None:
    """Until client and redirect URI are verified nothing redirects (R1–R3)."""
    page = browser.visit(portal.url(**changes))

    assert page.status_code == 400
    assert "Location" not in page.headers
    assert error_code(page) == code


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "web_message"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "register"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"claims": "{"}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"values":[1]}}}'}, "invalid_request"),
        ({"id_token_hint": "not.a.token"}, "invalid_request"),
        ({"resource": "relative"}, "invalid_target"),
        ({"resource": "https://api.example/#part"}, "invalid_target"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://tax.example/r.jwt"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_error_by_redirect(
    portal: Portal, browser: Browser, changes: dict[str, str | None], error: str
) -> None:
    """After that every refusal goes to the client, with its state and our `iss`."""
    page = browser.visit(portal.url(**changes, state="st+ate &=é"))

    assert page.headers["Location"].startswith(portal.redirect_uri + "?")
    told = answer(page)
    assert told["error"] == error
    assert told["state"] == "st+ate &=é"
    assert told["iss"] == ISSUER
    assert "code" not in told
    assert "no-store" in page.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["state", "client_id", "redirect_uri", "scope", "x"])
def test_repeated_parameter(portal: Portal, browser: Browser, name: str) -> None:
    """A parameter that comes twice is refused on a page, wherever it comes (R6)."""
    first = urlencode(portal.parameters())
    double = urlencode({name: "again"})
    single = "&x=1" if name == "x" else ""

    for page in (
        browser.visit(f"/authorize?{first}{single}&{double}"),
        browser.visit(
            f"/authorize?{double}",
            data=first + single,
            content_type="application/x-www-form-urlencoded",
        ),
    ):
        assert (page.status_code, error_code(page)) == (400, "DD-OIDC-004")


@pytest.mark.parametrize("query", ["state=%ff%fe", "&".join(["a=1"] * 70), "%00=%00"])
def test_illegible(portal: Portal, browser: Browser, query: str) -> None:
    """What is not text, or far too much of it, is a clear error."""
    page = browser.visit(f"/authorize?client_id=tax&{query}")

    assert page.status_code == 400
    assert error_code(page) is not None


def test_unknown_parameters_and_scopes(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """Unknown parameters are ignored, unknown and unregistered scopes dropped."""
    browser.visit(portal.url(extra="foobar", scope="openid profile household huge"))
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    page = browser.submit(decision="allow")

    tokens = portal.redeem(browser.client, answer(page)["code"])
    assert tokens["scope"] == "openid profile"


def test_whole_sign_in(provider: Provider, portal: Portal, browser: Browser) -> None:
    """Password, consent and back; then silently again with the same `sub`."""
    page = browser.visit(portal.url(state="x y"))
    assert at(page) == "login"
    page = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    assert at(page) == "consent"
    page = browser.submit(decision="allow")

    told = answer(page)
    assert (told["state"], told["iss"]) == ("x y", ISSUER)
    first = portal.redeem(browser.client, told["code"])["claims"]
    second = portal.round(browser, prompt="none")["claims"]
    assert second["sub"] == first["sub"]
    assert second["auth_time"] == first["auth_time"]
    assert second["sid"] == first["sid"]


def test_posted_request(provider: Provider, portal: Portal, browser: Browser) -> None:
    """A posted request goes on as a GET, where SameSite cookies are sent again."""
    response = browser.client.post("/authorize", data=portal.parameters())

    assert response.status_code == 303
    assert urlsplit(response.headers["Location"]).path == "/authorize"
    assert at(browser.visit(response.headers["Location"])) == "login"


def test_posted_errors(portal: Portal, browser: Browser) -> None:
    """A posted request is refused as a GET would be."""
    assert (
        answer(
            browser.visit("/authorize", data=portal.parameters(prompt="none login"))
        )["error"]
        == "invalid_request"
    )
    assert (
        error_code(browser.visit("/authorize", data=portal.parameters(client_id=None)))
        == "DD-OIDC-001"
    )


def test_denial(provider: Provider, portal: Portal, browser: Browser) -> None:
    """A citizen who says no, or turns back, sends `access_denied` to the portal."""
    browser.visit(portal.url(state="a"))
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    denied = answer(browser.submit(decision="deny"))
    page = browser.visit(portal.url(state="b"))
    name = page.request.path.rpartition("/")[2]
    cancelled = answer(browser.visit("/authorize/cancel", data={"transaction": name}))

    for told, state in ((denied, "a"), (cancelled, "b")):
        assert (told["error"], told["state"], told["iss"]) == (
            "access_denied",
            state,
            ISSUER,
        )


def test_nonce_instead_of_pkce(provider: Provider, browser: Browser) -> None:
    """A client without PKCE must send a nonce, unless its sandbox policy says no."""
    old = Portal.register(provider, "old", require_pkce=False)
    oldest = Portal.register(
        provider, "oldest", require_pkce=False, require_nonce=False
    )
    bare = {"code_challenge": None, "code_challenge_method": None}

    assert at(browser.visit(old.url(**bare))) == "login"
    told = answer(browser.visit(old.url(**bare, nonce=None)))
    assert told["error"] == "invalid_request"
    assert at(browser.visit(old.url(nonce=None))) == "login"
    assert at(browser.visit(oldest.url(**bare, nonce=None))) == "login"
    broken = answer(browser.visit(old.url(code_challenge_method="plain")))
    assert broken["error"] == "invalid_request"


def test_public_client_needs_pkce(provider: Provider, browser: Browser) -> None:
    """No policy lets a client without a secret leave PKCE out."""
    app = Portal.register(
        provider, "app", token_endpoint_auth_method="none", scope="openid"
    )

    told = answer(
        browser.visit(app.url(code_challenge=None, code_challenge_method=None))
    )

    assert told["error"] == "invalid_request"


def test_loopback_port_of_native_clients(provider: Provider, browser: Browser) -> None:
    """A native client's loopback redirect may vary in port and nothing else."""
    app = Portal.register(
        provider,
        "app",
        application_type="native",
        token_endpoint_auth_method="none",
        redirect_uris=["http://127.0.0.1/back"],
        post_logout_redirect_uris=None,
        scope="openid",
    )

    told = browser.visit(
        app.url(redirect_uri="http://127.0.0.1:51234/back", prompt="none")
    )
    refused = browser.visit(app.url(redirect_uri="http://127.0.0.1:51234/other"))

    assert told.headers["Location"].startswith("http://127.0.0.1:51234/back?")
    assert error_code(refused) == "DD-OIDC-002"


def test_id_token_hint(provider: Provider, portal: Portal, browser: Browser) -> None:
    """A hint of the signed-in citizen passes silently; of another it does not."""
    other = Portal.register(provider, "other")
    lan = citizen(provider, account_level=2, factors=["pwd"])
    minh = citizen(provider, account_level=1, factors=["pwd"])
    browser.visit(portal.url())
    browser.sign_in(lan)
    page = browser.submit(decision="allow")
    hint = portal.redeem(browser.client, answer(page)["code"])["id_token"]

    assert "code" in answer(
        browser.visit(portal.url(prompt="none", id_token_hint=hint))
    )
    foreign = answer(browser.visit(other.url(id_token_hint=hint)))
    assert foreign["error"] == "invalid_request"

    browser.visit(portal.url(prompt="login"))
    browser.sign_in(minh)
    browser.submit(decision="allow")
    told = answer(browser.visit(portal.url(prompt="none", id_token_hint=hint)))
    assert told["error"] == "login_required"
    page = browser.visit(portal.url(id_token_hint=hint))
    assert at(page) == "login"
    assert "code" in answer(browser.sign_in(lan))


def test_subject_claim(provider: Provider, portal: Portal, browser: Browser) -> None:
    """A `sub` asked by value is honoured as a hint is (Core §5.5.1)."""
    browser.visit(portal.url())
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    page = browser.submit(decision="allow")
    subject = portal.redeem(browser.client, answer(page)["code"])["claims"]["sub"]

    for value, member in ((subject, "code"), ("somebody-else", "error")):
        claims = json.dumps({"id_token": {"sub": {"value": value}}})
        told = answer(browser.visit(portal.url(prompt="none", claims=claims)))
        assert member in told


def test_registration_changes_meanwhile(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """A redirect URI that was taken back while the citizen signs in gets no code."""
    browser.visit(portal.url())
    Portal.register(provider, "tax", redirect_uris=["https://tax.example/new"])

    page = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))

    assert error_code(page) == "DD-OIDC-002"
    assert "Location" not in page.headers
