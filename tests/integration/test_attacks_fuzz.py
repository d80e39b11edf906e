"""Random requests: never a server error, never a redirect to a foreign address.

Parameters are drawn from what attackers and broken libraries send; whatever comes, a
machine endpoint answers JSON and a page of ours carries its stable code.
"""

from urllib.parse import urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.provider import Provider
from tests.driver import Browser, Portal, at, citizen, error_code
from tests.integration import token_side

FORM = "application/x-www-form-urlencoded"
RANDOM = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)

TEXTS = st.one_of(
    st.sampled_from(
        [
            "", " ", "\x00", "\r\nSet-Cookie: a=b", "none", "null", "0", "-1", "1e400",
            "openid", "openid profile", "login", "none login", "form_post", "fragment",
            "tax", "urn:ietf:params:oauth:request_uri:x", "http://[", "javascript:1",
            "https://tax.example/back", "https://tax.example/back#", "//evil.example",
            "https://evil.example", "http://127.0.0.1:99999/", "a.b.c", "e30.e30.",
            "{}", "[]", '{"id_token":{"acr":{"values":["\\ud800"]}}}', "[" * 2000,
            '{"userinfo":{"name":{"value":1e999}}}', '{"id_token":{"sub":{"value":1}}}',
            "authorization_code", "refresh_token", "urn:dinhdanh:acr:2.2", "S256",
            "\u202e\ufeff\U0010ffff", "%00%ff%zz", "a" * 5000,
        ]
    ),
    st.text(max_size=20),
)  # fmt: skip


def parameters(*names: str) -> st.SearchStrategy[dict[str, str]]:
    """Return a strategy of a few of these parameters with random values."""
    return st.dictionaries(st.sampled_from(names), TEXTS, max_size=4)


AUTHORIZE = parameters(
    "response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "prompt",
    "response_mode", "max_age", "acr_values", "login_hint", "id_token_hint", "claims",
    "ui_locales", "resource", "request", "request_uri", "registration", "display",
    "code_challenge", "code_challenge_method", "claims_locales", "dpop_jkt",
)  # fmt: skip
TOKEN = parameters(
    "grant_type", "code", "redirect_uri", "code_verifier", "client_id", "scope",
    "client_secret", "client_assertion", "client_assertion_type", "refresh_token",
    "resource", "token", "token_type_hint", "request_uri", "access_token",
)  # fmt: skip
LOGOUT = parameters(
    "id_token_hint", "post_logout_redirect_uri", "client_id", "state", "logout_hint",
    "ui_locales", "handle",
)  # fmt: skip


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def browser(client: FlaskClient, provider: Provider, portal: Portal) -> Browser:
    """Return a browser that is signed in and has consented: most code is reached."""
    browser = Browser(client)
    browser.visit(portal.url())
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    assert at(browser.submit(decision="allow")) == "portal"
    return browser


@RANDOM
@given(changes=AUTHORIZE, method=st.sampled_from(["GET", "POST"]))
def test_authorize(portal, browser, changes, method) -> None:
    """/authorize: a page of ours, or the registered address and no other."""
    sent = portal.parameters() | changes

    if method == "GET":
        page = browser.client.get(f"/authorize?{urlencode(sent)}")
    else:
        page = browser.client.post("/authorize", data=sent)

    assert page.status_code in (200, 303, 400)
    location = page.headers.get("Location")
    if page.status_code == 303:
        assert location.startswith((portal.redirect_uri, "/")), location
        assert not location.startswith("//")
        target = urlsplit(location)
        assert target.netloc in ("", "tax.example")
    elif page.status_code == 400:
        assert error_code(page)
    else:
        assert f'action="{portal.redirect_uri}"' in page.text
    assert "evil" not in (location or "").partition("?")[0]


@RANDOM
@given(
    form=TOKEN,
    path=st.sampled_from(["/token", "/par", "/revoke", "/introspect"]),
    authorization=st.none() | st.sampled_from(["Basic", "Basic é", "Bearer x", "x"]),
)
def test_machine_endpoints(client, provider, form, path, authorization) -> None:
    """A stranger's form is refused in JSON with a legal error, and sets no cookie."""
    headers = {"Authorization": authorization} if authorization else {}

    answered = client.post(path, data=form, headers=headers)

    token_side.assert_refused(
        answered, answered.get_json()["error"], answered.status_code
    )
    assert answered.status_code in (400, 401)
    assert "Set-Cookie" not in answered.headers


@RANDOM
@given(form=AUTHORIZE, path=st.sampled_from(["/token", "/par", "/revoke"]))
def test_of_a_proven_client(client, portal, form, path) -> None:
    """A client that proved itself breaks no more than a stranger does."""
    proof = {"client_id": "tax", "client_secret": "a-secret-of-more-than-32-characters"}
    sent = portal.parameters() | form | proof
    sent |= {"grant_type": "refresh_token", "token": "x"} if path != "/par" else {}

    answered = client.post(path, data=sent)

    assert answered.status_code in (200, 201, 400), answered.text
    if answered.status_code == 400:
        token_side.assert_refused(answered, answered.get_json()["error"])


@RANDOM
@given(changes=LOGOUT, method=st.sampled_from(["GET", "POST"]))
def test_end_session(client, portal, changes, method) -> None:
    """/end_session without a hint of ours stays here, whatever is asked."""
    page = (
        client.get(f"/end_session?{urlencode(changes)}")
        if method == "GET"
        else client.post("/end_session", data=changes)
    )

    assert page.status_code in (303, 400)
    if page.status_code == 303:
        location = page.headers["Location"]
        assert location.startswith("/")
        assert not location.startswith("//")


@RANDOM
@given(
    raw=st.binary(max_size=60),
    path=st.sampled_from(["/authorize", "/end_session", "/token", "/par", "/userinfo"]),
)
def test_raw_bodies(client, provider, raw, path) -> None:
    """Bytes that are no form at all are refused as clearly."""
    answered = client.post(path, data=raw, content_type=FORM)

    assert answered.status_code in (303, 400, 401), answered.text
    if answered.status_code == 303:
        assert answered.headers["Location"].startswith("/end_session?handle=")
