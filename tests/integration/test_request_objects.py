"""Request objects by value (RFC 9101): the signed request counts, nothing beside it."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from joserfc import jwk, jws
from werkzeug.test import TestResponse

from idp import clock
from idp.provider import Provider
from tests.driver import SECRET, Browser, Portal, answer, at, citizen, error_code
from tests.integration.waiting_side import ask, kiosk_for

ISSUER = "http://localhost:8000"
KEY = jwk.ECKey.generate_key("P-256", {"kid": "tax-1"})
RSA = jwk.RSAKey.generate_key(2048, {"kid": "tax-2"})
FOREIGN = jwk.ECKey.generate_key("P-256", {"kid": "tax-1"})
OKP = jwk.OKPKey.generate_key("Ed25519", {"kid": "tax-3"})
KEYS = {"ES256": KEY, "PS256": RSA, "RS256": RSA, "EdDSA": OKP}
JWKS = {"keys": [key.as_dict(private=False) for key in (KEY, RSA, OKP)]}


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax", jwks=JWKS)


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def sign(portal: Portal, *, alg: str = "ES256", key: Any = None, **changes: Any) -> str:
    """Return a request object; a change of None leaves a member out."""
    now = clock.timestamp(clock.now())
    header = {"alg": alg, **changes.pop("header", {})}
    claims = {
        **portal.parameters(),
        "iss": portal.client_id,
        "aud": ISSUER,
        "nbf": now,
        "iat": now,
        "exp": now + 300,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    key = key or KEYS[alg]
    return jws.serialize_compact(header, json.dumps(claims), key, algorithms=[alg])


def url(portal: Portal, request: str, **beside: str) -> str:
    """Return the address of a request by value, with what stands beside it."""
    values = {"client_id": portal.client_id, "request": request, **beside}
    return f"/authorize?{urlencode(values)}"


def sign_in(provider: Provider, browser: Browser) -> TestResponse:
    page = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    return browser.submit(decision="allow") if at(page) == "consent" else page


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # joserfc's, when signing
@pytest.mark.parametrize("alg", KEYS)
def test_what_is_inside_is_the_request(
    provider: Provider, portal: Portal, browser: Browser, alg: str
) -> None:
    """RFC 9101 §6.3: nothing outside counts, not even what is absent inside."""
    asked = sign(portal, alg=alg, state="inside", max_age=10_000, unknown=[1])
    beside = {"state": "beside", "redirect_uri": "https://evil.example", "prompt": "x"}

    assert at(browser.visit(url(portal, asked, **beside))) == "login"
    told = answer(sign_in(provider, browser))

    assert told["state"] == "inside"
    assert portal.redeem(browser.client, told["code"])["claims"]["nonce"]


@pytest.mark.parametrize(
    "typ", ["JWT", "oauth-authz-req+jwt", "application/OAuth-Authz-Req+jwt"]
)
def test_types(portal: Portal, browser: Browser, typ: str) -> None:
    """RFC 9101 §10.8 with RFC 7515 §4.1.9: media types, however they are written."""
    asked = sign(portal, header={"typ": typ})

    assert at(browser.visit(url(portal, asked))) == "login"


def test_outer_state_is_not_used(portal: Portal, browser: Browser) -> None:
    """A state outside alone is no state."""
    asked = sign(portal, state=None, prompt="none")

    told = answer(browser.visit(url(portal, asked, state="beside")))

    assert told["error"] == "login_required"
    assert "state" not in told


def test_json_members(portal: Portal, browser: Browser) -> None:
    """`claims` is an object, `resource` and `aud` one or several, numbers numbers."""
    claims = {"id_token": {"acr": {"essential": True, "values": ["x"]}}}
    good = {"resource": ["https://a.example", "https://b.example"], "max_age": 60}

    several = {"aud": ["https://other.example", ISSUER]}
    one = {"resource": "https://a.example"}
    for member in ({"claims": claims}, good, one, several):
        told = answer(browser.visit(url(portal, sign(portal, prompt="none", **member))))
        assert told["error"] == "login_required"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"iss": None},
        {"aud": "https://other.example"},
        {"aud": None},
        {"client_id": "other"},
        {"client_id": None},
        {"sub": "tax"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1},
        {"exp": 32_503_680_000},
        {"nbf": 1, "exp": 3600},
        {"nbf": 32_503_680_000, "exp": 32_503_680_060},
        {"iat": 32_503_680_000},
        {"nbf": True},
        {"request": "e30.e30."},
        {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
        {"state": "\ud800"},
        {"resource": {"a": 1}},
        {"header": {"typ": "dpop+jwt"}},
        {"header": {"typ": "at+jwt"}},
        {"key": FOREIGN},
    ],
)
def test_refused_objects(
    portal: Portal, browser: Browser, changes: dict[str, Any]
) -> None:
    """Told at the registered address beside it; without one, on a page of ours."""
    asked = sign(portal, **changes)
    own = {"redirect_uri": portal.redirect_uri, "state": "s"}

    page = browser.visit(url(portal, asked, **own))
    told = answer(page)
    assert (told["error"], told["state"]) == ("invalid_request_object", "s")

    foreign = {"redirect_uri": "https://evil.example/"}
    for beside, code in (({}, "DD-OIDC-004"), (foreign, "DD-OIDC-002")):
        page = browser.visit(url(portal, asked, **beside))
        assert (page.status_code, error_code(page)) == (400, code)


@pytest.mark.parametrize("text", ["e30.e30.", "x", "a.b.c.d.e", "." * 9000])
def test_unsigned_and_broken(portal: Portal, browser: Browser, text: str) -> None:
    """`none` is no signature, and what is no JWT is no request (RFC 9101 §10.8)."""
    page = browser.visit(url(portal, text, redirect_uri=portal.redirect_uri))

    assert answer(page)["error"] == "invalid_request_object"


def test_with_a_request_uri(portal: Portal, browser: Browser) -> None:
    """One or the other (RFC 9101 §5)."""
    beside = {"redirect_uri": portal.redirect_uri, "request_uri": "https://a.example"}

    page = browser.visit(url(portal, sign(portal), **beside))

    assert answer(page)["error"] == "invalid_request"


def test_hmac_with_a_public_key(portal: Portal, browser: Browser) -> None:
    """A public key never becomes a shared secret (CVE-2015-9235's class)."""
    secret = jwk.OctKey.import_key(json.dumps(KEY.as_dict(private=False)))
    asked = jws.serialize_compact({"alg": "HS256"}, b"{}", secret, algorithms=["HS256"])

    page = browser.visit(url(portal, asked, redirect_uri=portal.redirect_uri))

    assert answer(page)["error"] == "invalid_request_object"


def test_redirect_uri_inside(portal: Portal, browser: Browser) -> None:
    """Inside it must be there and be registered, whatever stands beside it."""
    beside = {"redirect_uri": portal.redirect_uri}

    foreign = sign(portal, redirect_uri="https://evil.example/")
    page = browser.visit(url(portal, foreign, **beside))
    assert (page.status_code, error_code(page)) == (400, "DD-OIDC-002")
    page = browser.visit(url(portal, sign(portal, redirect_uri=None), **beside))
    assert (page.status_code, error_code(page)) == (400, "DD-OIDC-003")


def test_unknown_client(portal: Portal, browser: Browser) -> None:
    """The client beside it decides whose keys count."""
    page = browser.visit(url(Portal(portal.provider, "nobody", ""), sign(portal)))

    assert error_code(page) == "DD-OIDC-001"


def test_registered_algorithm(provider: Provider, browser: Browser) -> None:
    """`request_object_signing_alg`: that one, and no other."""
    portal = Portal.register(
        provider, "tax", jwks=JWKS, request_object_signing_alg="PS256"
    )
    beside = {"redirect_uri": portal.redirect_uri}

    refused = browser.visit(url(portal, sign(portal), **beside))
    assert answer(refused)["error"] == "invalid_request_object"
    assert at(browser.visit(url(portal, sign(portal, alg="PS256")))) == "login"


@pytest.fixture
def signing(provider: Provider) -> Portal:
    """Return a portal that must sign what it asks."""
    return Portal.register(
        provider, "tax", jwks=JWKS, require_signed_request_object=True
    )


def push(client: FlaskClient, portal: Portal, **form: str) -> TestResponse:
    data = {"client_id": portal.client_id, "client_secret": SECRET, **form}
    return client.post("/par", data=data)


def test_unsigned_requests_of_a_signing_client(
    signing: Portal, browser: Browser
) -> None:
    """Neither at the front door nor pushed; nbf is a must (Message Signing §5.3.1)."""
    assert answer(browser.visit(signing.url()))["error"] == "invalid_request"
    pushed = push(browser.client, signing, **signing.parameters())
    assert pushed.get_json()["error"] == "invalid_request"
    undated = push(browser.client, signing, request=sign(signing, nbf=None))
    assert undated.get_json()["error"] == "invalid_request_object"


def test_a_replacement_keeps_it_signing(
    provider: Provider, signing: Portal, browser: Browser
) -> None:
    """Left out of a new registration, the protection stays (RFC 7592)."""
    Portal.register(provider, "tax", jwks=JWKS)

    assert answer(browser.visit(signing.url()))["error"] == "invalid_request"


def test_pushed_request_object(
    provider: Provider, signing: Portal, browser: Browser
) -> None:
    """RFC 9126 §3: pushed, it stands behind the `request_uri`."""
    pushed = push(browser.client, signing, request=sign(signing, state="inside"))
    assert pushed.status_code == 201

    request_uri = pushed.get_json()["request_uri"]
    values = {"client_id": signing.client_id, "request_uri": request_uri}
    assert at(browser.visit(f"/authorize?{urlencode(values)}")) == "login"
    told = answer(sign_in(provider, browser))

    assert told["state"] == "inside"
    assert signing.redeem(browser.client, told["code"])


def test_pushed_by_another_client(
    provider: Provider, signing: Portal, client: FlaskClient
) -> None:
    """A request object serves its own client alone (RFC 9126 §3)."""
    other = Portal.register(provider, "other", jwks=JWKS)

    response = push(client, other, request=sign(signing))

    assert response.status_code == 400
    assert response.get_json()["error"] == "invalid_request_object"


def test_a_signing_client_without_a_browser(
    provider: Provider, client: FlaskClient
) -> None:
    """A device cannot sign its request (RFC 8628 §3.1), so such a client has none."""
    kiosk = kiosk_for(provider, jwks=JWKS, require_signed_request_object=True)

    unsigned = ask(client, kiosk).get_json()
    assert unsigned["error"] == "invalid_request"
    signed = ask(client, kiosk, request=sign(kiosk)).get_json()
    assert signed["error"] == "request_not_supported"
