"""The plans' files: their clients are taken, and their steps lead where they should."""

import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography import x509

from idp.app import create_app
from idp.config import MtlsConfig
from tests.certificates import header
from tests.conformance.plan_files import PLANS, prepare, read
from tests.conformance.suite_browser import SuiteBrowser
from tests.driver import Browser
from tests.integration.token_side import assert_refused, claims_of, userinfo

SUITE = "https://suite.example"
DOCS = Path(__file__).parents[2] / "docs" / "conformance.md"
RESULTS = {"PASSED", "REVIEW", "SKIPPED", "WARNING"}


@pytest.fixture
def basic(provider):
    """Return what the suite is given for the Basic plan."""
    return prepare(provider, read("basic"), suite=SUITE)


@pytest.fixture
def suite_browser(provider, client) -> SuiteBrowser:
    """Return a fresh browser that takes the suite's steps."""
    return SuiteBrowser(Browser(client), provider.config.issuer)


def request(config, issuer: str, **changes: str) -> str:
    """Return the address of an authorization request of the plan's first client."""
    values = {
        "response_type": "code",
        "client_id": config["client"]["client_id"],
        "redirect_uri": f"{SUITE}/test/a/{config['alias']}/callback",
        "scope": "openid email",
        "state": "s",
        **changes,
    }
    return f"{issuer}/authorize?{urlencode(values)}"


@pytest.mark.parametrize("name", sorted(PLANS))
def test_a_plan_can_be_given_to_the_suite(provider, name) -> None:
    """Its clients are registered, nothing is left to put in, its modules are known."""
    plan = read(name)
    text = repr(prepare(provider, plan, suite=SUITE))

    assert not re.search(r"'@|\{issuer|\{base|\{personal|\{password", text)
    modules = re.findall(r"^\| `([\w-]+)` \|", DOCS.read_text(), re.MULTILINE)
    told = {*plan.expected, *plan.config.get("override", {})}
    assert told <= set(modules)
    assert set(plan.expected.values()) <= RESULTS


def test_the_identity_plan_leaves_no_variant_open() -> None:
    """The suite starts no plan of which it is not told every variant."""
    assert set(read("identity-assurance").variant) == {
        *("server_metadata", "client_registration", "client_auth_type"),
        *("response_type", "response_mode", "security_profile"),
        *("auth_request_method", "auth_request_non_repudiation_method"),
        *("sender_constrain", "fapi_response_mode"),
        "ekyc_verified_claims_response_support",
    }


def test_the_steps_lead_back_with_a_code(basic, suite_browser) -> None:
    """Sign-in and consent, and then neither of them."""
    asked = request(basic, suite_browser.issuer)

    for _ in range(2):
        end = suite_browser.visit(asked, basic["browser"])
        assert "code=" in end


def test_the_second_sign_in_is_kept_as_a_page(basic, suite_browser) -> None:
    """prompt-login and max-age-1: the page that asks again is there to be judged."""
    once, again = basic["override"]["oidcc-prompt-login"]["browser"]
    suite_browser.visit(request(basic, suite_browser.issuer), [once])
    asked = request(basic, suite_browser.issuer, prompt="login")

    assert "code=" in suite_browser.visit(asked, [again])


def test_the_page_of_a_foreign_address_is_kept(basic, suite_browser) -> None:
    """ensure-registered-redirect-uri."""
    steps = basic["override"]["oidcc-ensure-registered-redirect-uri"]["browser"]
    asked = request(basic, suite_browser.issuer, redirect_uri=f"{SUITE}/elsewhere")

    assert suite_browser.visit(asked, steps).startswith(suite_browser.issuer)


@pytest.mark.parametrize("with_hint", [False, True])
def test_the_steps_of_leaving(provider, client, suite_browser, with_hint) -> None:
    """With a hint back at the suite, without one on a page that is kept."""
    config = prepare(provider, read("rp-initiated-logout"), suite=SUITE)
    end = suite_browser.visit(request(config, suite_browser.issuer), config["browser"])
    name = "oidcc-rp-initiated-logout-no-params"
    steps, sent = config["override"][name]["browser"], {}
    if with_hint:
        steps = config["browser"]
        sent = {
            "id_token_hint": id_token(client, config, end),
            "post_logout_redirect_uri": f"{SUITE}/test/a/{config['alias']}"
            "/post_logout_redirect",
        }
    address = f"{suite_browser.issuer}/end_session?{urlencode(sent)}"

    end = suite_browser.visit(address, steps)
    assert end.startswith(SUITE if with_hint else suite_browser.issuer)


def test_the_verified_claims_of_the_plan_are_given(
    provider, client, suite_browser
) -> None:
    """testuserprovidedrequest, testbasedonuserinfo-defaults, userinfo-notfoundinop."""
    config = prepare(provider, read("identity-assurance"), suite=SUITE)
    asked, expected = config["ekyc"], config["ekyc"]["userinfo"]["verified_claims"]
    unknown = {"trust_framework": None, "evidence": [{"type": {"value": "vouch"}}]}
    told = []
    for claims in (
        *asked["verified_claims_request_list"],
        claims_request(expected, {"trust_framework": None}),
        claims_request(expected, unknown),
    ):
        sent = request(config, suite_browser.issuer, claims=json.dumps(claims))
        end = suite_browser.visit(sent, config["browser"])
        token = tokens(client, config, end)["access_token"]
        told.append(userinfo(client, token).get_json().get("verified_claims"))

    provided, default, nothing = told
    assert provided["claims"] == expected["claims"]
    assert provided["verification"]["evidence"]
    assert default == expected
    assert nothing is None


def claims_request(expected, verification):
    """Ask for what the plan says that there is."""
    claims = dict.fromkeys(expected["claims"])
    element = {"verification": verification, "claims": claims}
    return {"userinfo": {"verified_claims": element}}


def test_the_certificates_of_the_plan_prove_its_clients(provider) -> None:
    """Each client by its own, told by a proxy."""
    config = prepare(provider, read("fapi2-mutual-tls"), suite=SUITE)
    server = replace(provider.config.server, trusted_proxies=("127.0.0.1/32",))
    told = replace(provider.config, server=server, mtls=MtlsConfig(enabled=True))
    client = create_app(provider=replace(provider, config=told)).test_client()

    for name, given in (("client", "mtls"), ("client2", "mtls2"), ("client", "mtls2")):
        certificate = x509.load_pem_x509_certificate(config[given]["cert"].encode())
        form = {"grant_type": "refresh_token", "refresh_token": "unknown"}
        form["client_id"] = config[name]["client_id"]
        answered = client.post("/token", data=form, headers=header(certificate))
        is_own = name.replace("client", "mtls") == given
        assert_refused(answered, "invalid_grant" if is_own else "invalid_client")


def id_token(client, config, end: str) -> str:
    """Return the ID token of the code that the browser came back with."""
    token: str = tokens(client, config, end)["id_token"]
    assert claims_of(token)["aud"] == config["client"]["client_id"]
    return token


def tokens(client, config, end: str):
    """Redeem the code that the browser came back with."""
    code = re.search(r"[?&]code=([^&]+)", end)
    assert code
    told = config["client"]
    response = client.post(
        "/token",
        data={
            "grant_type": "authorization_code",
            "code": code[1],
            "redirect_uri": f"{SUITE}/test/a/{config['alias']}/callback",
        },
        auth=(told["client_id"], told["client_secret"]),
    )
    return response.get_json()
