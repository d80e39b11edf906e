"""Bad input at the protocol endpoints: a clear error, and nothing is lost."""

import base64
import json
from io import BytesIO
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from joserfc import jws

from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen, error_code
from tests.integration import token_side
from tests.integration.token_side import assert_refused, post, register
from tests.services import BACKENDS

FORM = "application/x-www-form-urlencoded"
CHUNKED = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
FIELDS = (
    "client_id", "client_secret", "grant_type", "code", "redirect_uri", "token",
    "code_verifier", "refresh_token", "scope", "resource", "request_uri",
)  # fmt: skip
MACHINE = ("/token", "/par", "/revoke", "/introspect")


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax")


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("resource", "http//api.example", "invalid_target"),
        ("resource", "https://api.example/é", "invalid_target"),
        ("resource", "https://api.example/" + "a" * 600, "invalid_target"),
        ("claims", '{"id_token":{"acr":{"values":["\\ud800"]}}}', "invalid_request"),
        ("claims", '{"userinfo":{"name":{"value":1e999}}}', "invalid_request"),
        ("claims", '{"userinfo":{"name":{"value":NaN}}}', "invalid_request"),
        ("claims", '{"userinfo":' * 500, "invalid_request"),
        ("claims", "[" * 3000, "invalid_request"),
        ("claims", json.dumps({"userinfo": {"name": {"value": "a" * 7000}}}),
         "invalid_request"),
        ("claims", '{"userinfo":{"name":null,"name":null}}', "invalid_request"),
        ("claims", '{"userinfo":{"name":true}}', "invalid_request"),
        ("max_age", "٣", "invalid_request"),
    ],
)  # fmt: skip
def test_unusable_values(
    portal: Portal, browser: Browser, name: str, value: str, error: str
) -> None:
    """What no store or token can hold is refused to the client, not by a crash."""
    told = answer(browser.visit(portal.url(**{name: value})))

    assert (told["error"], told["iss"]) == (error, token_side.ISSUER)


@pytest.mark.parametrize("value", ["\x00", "a\x7f", "\r\nX: y", "s" * 5000])
def test_control_characters(portal: Portal, browser: Browser, value: str) -> None:
    """NUL, line breaks and endless values get a page, whichever field brings them."""
    for name in ("state", "nonce", "login_hint", "scope", "resource", "acr", "x"):
        page = browser.visit(portal.url(**{name: value}))

        assert (page.status_code, error_code(page)) == (400, "DD-OIDC-004")


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "multipart/form-data", ""]
)
@pytest.mark.parametrize("path", ["/authorize", "/end_session"])
def test_content_types_of_pages(
    portal: Portal, client: FlaskClient, path: str, content_type: str
) -> None:
    """A posted request is a form; another content type is named as the mistake."""
    body = urlencode(portal.parameters())

    page = client.post(path, data=body, content_type=content_type)

    assert (page.status_code, error_code(page)) == (400, "DD-OIDC-004")
    assert FORM in page.text


@pytest.mark.parametrize("path", ["/authorize", "/end_session"])
def test_huge_bodies_of_pages(client: FlaskClient, path: str) -> None:
    """A body beyond the limit is refused before it is read."""
    page = client.post(path, data="state=" + "s" * 100_000, content_type=FORM)

    assert (page.status_code, error_code(page)) == (413, "DD-WEB-413")


@pytest.mark.parametrize("path", MACHINE)
def test_huge_bodies_of_machines(client: FlaskClient, path: str) -> None:
    """Programs are told so in JSON."""
    answered = client.post(path, data="state=" + "s" * 100_000, content_type=FORM)

    assert_refused(answered, "invalid_request", 413)


@pytest.mark.parametrize("path", MACHINE)
def test_bodies_of_no_stated_length(client: FlaskClient, path: str) -> None:
    """A chunked body is read like any other, and refused like any other if huge."""
    for form, status in (("client_id=x&a=b", (400,)), ("a=" + "b" * 99_000, (413,))):
        answered = client.post(
            path,
            input_stream=BytesIO(form.encode()),
            content_type=FORM,
            environ_overrides=CHUNKED,
        )
        assert answered.status_code in status
        assert_refused(answered, answered.get_json()["error"], answered.status_code)


@pytest.mark.parametrize("backend", BACKENDS)
def test_bytes_in_forms(client: FlaskClient, backend: str) -> None:
    """NUL, broken UTF-8, surrogates: JSON with 4xx on either kind of store."""
    for name in FIELDS:
        proof = "" if name in ("client_id", "client_secret") else "client_id=tax&"
        for value in ("%00", "%ff", "%ed%a0%80", "%f4%90%80%80"):
            for path in MACHINE:
                form = f"{proof}{name}={value}"
                answered = client.post(path, data=form, content_type=FORM)
                assert answered.status_code in (400, 401)
                error = answered.get_json()["error"]
                assert_refused(answered, error, answered.status_code)


@pytest.mark.parametrize("jti", ['"\\ud800"', '"\\u0000"'])
def test_odd_assertion_identifiers(client: FlaskClient, provider, jti: str) -> None:
    """A `jti` of a lone surrogate is one more identifier: it works once, like any."""
    portal = register(provider, "private_key_jwt")
    payload = base64.urlsafe_b64decode(portal.assertion(jti="J").split(".")[1] + "==")
    raw = payload.replace(b'"J"', jti.encode())
    assertion = jws.serialize_compact({"alg": "ES256"}, raw, portal.key)
    form = {
        "client_assertion_type": token_side.ASSERTION_TYPE,
        "client_assertion": assertion,
        "grant_type": "refresh_token",
        "refresh_token": "none",
    }

    assert_refused(client.post("/token", data=form), "invalid_grant")
    assert_refused(client.post("/token", data=form), "invalid_client")


@pytest.mark.parametrize("endpoint", ["/authorize", "/par"])
def test_everything_that_may_be_asked_fits_a_token(
    provider: Provider, browser: Browser, endpoint: str
) -> None:
    """The longest `claims` we accept still gives an access token that works."""
    portal = Portal.register(provider, "tax")
    asked = {"userinfo": {"name": {"value": "a" * 6000}}}
    url = portal.url(claims=json.dumps(asked), state="s" * 4096, nonce="n" * 4096)
    if endpoint == "/par":
        proof = {"client_secret": "a-secret-of-more-than-32-characters"}
        form = portal.parameters(claims=json.dumps(asked)) | proof
        pushed = browser.client.post("/par", data=form).get_json()["request_uri"]
        url = "/authorize?" + urlencode({"client_id": "tax", "request_uri": pushed})
    browser.visit(url)
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    page = browser.submit(decision="allow")

    tokens = portal.redeem(browser.client, answer(page)["code"])

    told = token_side.userinfo(browser.client, tokens["access_token"])
    assert told.status_code == 200
    assert len(tokens["access_token"]) < 12_000


def test_a_mistake_in_a_form_loses_nothing(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """After duplicates, broken bytes and a huge body the sign-in still goes on."""
    page = browser.visit(portal.url(state="kept"))
    path = page.request.path

    for body in ("personal_number=1&personal_number=2", "%ff=%ff", "a=" + "b" * 99_000):
        broken = browser.client.post(path, data=body, content_type=FORM)
        assert 400 <= broken.status_code < 500
        assert error_code(broken) or at(broken) == "login"

    browser.visit(path)
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    told = answer(browser.submit(decision="allow"))
    assert told["state"] == "kept"
    assert "code" in told


def test_the_code_survives_other_people_s_mistakes(client, provider) -> None:
    """A request refused before its code was looked at leaves the code usable."""
    portal = register(provider)
    made = token_side.authorize(provider, portal)

    for content_type in ("application/json", "text/plain"):
        headers = portal.credentials()[1]
        body = json.dumps(made.form())
        refused = client.post(
            "/token", data=body, content_type=content_type, headers=headers
        )
        assert_refused(refused, "invalid_request", 415)

    assert post(client, "/token", portal, made.form()).status_code == 200


@pytest.mark.parametrize("value", ['a"b', "a\\b", "tiếng Việt"])
def test_unprintable_types_are_refused_legibly(
    client: FlaskClient, provider: Provider, value: str
) -> None:
    """A type that no error description may hold is still an RFC error, no 500."""
    portal = register(provider, "private_key_jwt")
    asking = {"response_type": value, "redirect_uri": token_side.REDIRECT_URI}
    pushed = post(client, "/par", portal, asking)
    asked = post(client, "/token", portal, {"grant_type": value})

    assert_refused(pushed, "unsupported_response_type")
    assert_refused(asked, "unsupported_grant_type")
