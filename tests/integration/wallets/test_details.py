"""OpenID4VCI 1.0: a credential asked by authorization details (§5.1.1, §6.2)."""

import json

import pytest

from tests.driver import SECRET, Browser, Portal, answer, at
from tests.integration.token_side import ISSUER, assert_refused
from tests.integration.wallets.asking import (
    CONFIGURATION,
    SCOPES,
    ask,
    fresh_nonce,
    holder,
    verified,
)

DETAIL = {"type": "openid_credential", "credential_configuration_id": CONFIGURATION}
NAME = {"path": ["name"]}
BY_IDENTIFIER = {
    "credential_configuration_id": None,
    "credential_identifier": CONFIGURATION,
}


@pytest.fixture
def portal(provider):
    """Return a registered wallet that sends authorization details."""
    return Portal.register(
        provider,
        "vi",
        scope=f"{SCOPES} offline_access",
        authorization_details_types=["openid_credential"],
    )


def allowed(browser, portal, *details, **asked):
    """Sign in with two factors, allow, and return the token response."""
    asked = {"scope": None, "authorization_details": json.dumps(details), **asked}
    browser.visit(portal.url(**asked))
    page = browser.sign_in(holder(portal.provider))
    assert at(page) == "consent", page.text
    assert "Ví này được giữ nơi cư trú của bạn" in page.text
    form = {
        "grant_type": "authorization_code",
        "code": answer(browser.submit(decision="allow"))["code"],
        "redirect_uri": portal.redirect_uri,
        "code_verifier": portal.verifier,
        "client_id": portal.client_id,
        "client_secret": SECRET,
    }
    response = browser.client.post("/token", data=form)
    assert response.status_code == 200, response.text
    return response.get_json()


def test_a_credential_by_details(client, portal, wallet):
    """Without any scope: the token response names the credential (§6.2)."""
    tokens = allowed(Browser(client), portal, {**DETAIL, "claims": [NAME]})

    (detail,) = tokens["authorization_details"]
    assert detail["type"] == "openid_credential"
    assert detail["credential_configuration_id"] == CONFIGURATION
    assert detail["credential_identifiers"] == [CONFIGURATION]
    assert detail["claims"] == [NAME]
    assert "id_token" not in tokens
    token = tokens["access_token"]
    proof = wallet.proof(audience=ISSUER, nonce=fresh_nonce(client))
    assert_refused(ask(client, token, proof), "unknown_credential_configuration")
    both = {"credential_identifier": CONFIGURATION}
    assert_refused(ask(client, token, proof, **both), "invalid_credential_request")
    response = ask(client, token, proof, **BY_IDENTIFIER)
    assert response.status_code == 200, response.text
    (entry,) = response.get_json()["credentials"]
    claims = verified(client, wallet, entry["credential"], "name", "permanent")
    assert claims["name"]
    assert claims["residence"]["permanent"]
    assert "birthdate" not in claims


def test_a_refresh_keeps_them(client, portal, wallet):
    """The next credential comes without the citizen, for as long as consent holds."""
    tokens = allowed(Browser(client), portal, DETAIL, scope="openid offline_access")
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": portal.client_id,
        "client_secret": SECRET,
    }

    wider = json.dumps([{**DETAIL, "claims": [NAME]}])
    told = client.post("/token", data=form | {"authorization_details": wider})
    assert_refused(told, "invalid_authorization_details")
    refreshed = client.post("/token", data=form).get_json()

    assert refreshed["authorization_details"] == tokens["authorization_details"]
    proof = wallet.proof(audience=ISSUER, nonce=fresh_nonce(client))
    again = ask(client, refreshed["access_token"], proof, **BY_IDENTIFIER)
    assert again.status_code == 200, again.text


def test_details_that_name_nothing_of_ours(client, portal):
    """Each is refused by its code, before anybody signs in (RFC 9396 §5)."""
    browser = Browser(client)
    assert at(browser.visit(portal.url(authorization_details=json.dumps([DETAIL]))))

    for changes in (
        {"credential_configuration_id": "x"},
        {"credential_configuration_id": None},
        {"credential_identifiers": [CONFIGURATION]},
        {"format": "dc+sd-jwt"},
        {"locations": ["https://other.example"]},
        {"claims": []},
        {"claims": [{"path": ["residence", "permanent"]}]},
        {"claims": [{"path": ["phone_number"]}]},
        {"claims": [{"path": ["personal_number"]}]},  # no registered purpose
        {"claims": [{"path": ["name"], "mandatory": True}]},
        {"claims": [{"path": ["name"], "values": ["x"]}]},
        {"claims": ["name"]},
    ):
        text = json.dumps([{**DETAIL, **changes}])
        told = answer(browser.visit(portal.url(authorization_details=text)))
        assert told["error"] == "invalid_authorization_details", changes


def test_a_client_that_holds_no_credentials(client, provider):
    """The scope and the type are both registered, or nothing is asked."""
    kinds = ["openid_credential"]
    other = Portal.register(provider, "tax", authorization_details_types=kinds)

    told = answer(
        Browser(client).visit(other.url(authorization_details=json.dumps([DETAIL])))
    )

    assert told["error"] == "invalid_authorization_details"
