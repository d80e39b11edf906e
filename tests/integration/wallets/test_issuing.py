"""OpenID4VCI 1.0: the credential endpoint, its metadata, their absence (§8, §12)."""

from dataclasses import replace

import pytest

from clients.sdk.credentials import CredentialError
from idp import clock
from idp.accounts import lifecycle
from idp.app import create_app
from tests.driver import Browser, Portal, answer, citizen
from tests.holder import Holder
from tests.integration.dpop_side import take
from tests.integration.token_side import (
    ISSUER,
    account_of,
    assert_refused,
    authorize,
    consent_to,
    post,
    redeem,
    register,
)
from tests.integration.wallets.asking import (
    CONFIGURATION,
    GRANT,
    SCOPES,
    ask,
    fresh_nonce,
    holder,
    issued,
    verified,
)
from tests.services import BACKENDS
from tests.wallet import Wallet, opened, payload

ISSUER_METADATA = "/.well-known/openid-credential-issuer"
on_each_backend = pytest.mark.parametrize("backend", BACKENDS)


@on_each_backend
def test_a_credential_by_the_authorization_code_flow(client, token, wallet):
    """By scope (§5.1.2); what the wallet may have is in it, and no more."""
    credential = issued(client, token, wallet)

    claims = verified(client, wallet, credential, "name", "birthdate", "permanent")

    assert claims["name"]
    assert claims["residence"]["permanent"]["text"]
    assert "personal_number" not in claims
    assert claims["cnf"] == {"jwk": wallet.public}


def test_a_wallet_need_not_sign_anybody_in(client, provider, portal, wallet):
    """The scope alone: no ID token, no userinfo (§5.1.2)."""
    made = authorize(provider, portal, scopes="residence_credential")

    tokens = redeem(client, portal, made)

    assert "id_token" not in tokens
    assert payload(issued(client, tokens["access_token"], wallet))
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/userinfo", headers=bearer).status_code == 403


def test_a_credential_says_what_was_asked(client, provider, portal, wallet):
    """What was allowed another time is not put into it unasked."""
    account_id = account_of(provider)
    consent_to(provider, portal, account_id, scopes=SCOPES)
    made = authorize(
        provider, portal, scopes="residence_credential", account_id=account_id
    )
    token = redeem(client, portal, made)["access_token"]

    credential = issued(client, token, wallet)

    assert verified(client, wallet, credential, "permanent")["residence"]
    shown = [opened(text)[1] for text in credential.split("~")[1:-1]]
    assert "permanent" in shown
    assert "name" not in shown


def test_a_bound_token_needs_its_key(client, provider, portal, wallet):
    """A stolen one is worth nothing, as bearer or without the proof (RFC 9449 §7)."""
    key, made = Holder(), authorize(provider, portal, scopes=SCOPES)
    token = take(client, portal, made, key).get_json()["access_token"]
    proof = wallet.proof(audience=ISSUER, nonce=fresh_nonce(client))

    assert_refused(ask(client, token, proof), "invalid_token", 401)
    other = Holder().headers("POST", "/credentials", token)
    assert_refused(ask(client, token, proof, headers=other), "invalid_token", 401)
    bare = {"Authorization": f"DPoP {token}"}
    assert_refused(ask(client, token, proof, headers=bare), "invalid_dpop_proof", 401)
    own = key.headers("POST", "/credentials", token)
    assert ask(client, token, proof, headers=own).status_code == 200


def test_a_lock_shows_in_the_list(client, provider, token, wallet):
    """By HTTP, as a service asks; what else shows is in test_status."""
    credential = issued(client, token, wallet)
    lock = {"ground": "holder_request", "asker": "holder", "now": clock.now()}

    with provider.database.transaction() as session:
        lifecycle.place_lock(session, provider.audit, account_of(provider), **lock)

    with pytest.raises(CredentialError, match="taken back or is suspended"):
        verified(client, wallet, credential, "name")
    assert_refused(ask(client, token, "x"), "invalid_token", 401)


def test_a_batch_has_one_credential_for_each_key(client, token):
    """One nonce for all of them; unlinkable (§3.3.2)."""
    wallets = [Wallet() for _ in range(3)]
    nonce = fresh_nonce(client)

    answer = ask(
        client, token, *(one.proof(audience=ISSUER, nonce=nonce) for one in wallets)
    )

    credentials = [entry["credential"] for entry in answer.get_json()["credentials"]]
    bound = [payload(one)["cnf"]["jwk"] for one in credentials]
    assert bound == [one.public for one in wallets]


def test_requests_for_something_else(client, token):
    """§8.3.1.2, each by its code."""
    for changes, error in (
        ({"credential_configuration_id": None}, "unknown_credential_configuration"),
        ({"credential_configuration_id": "x"}, "unknown_credential_configuration"),
        (
            {"credential_identifier": "x", "credential_configuration_id": None},
            "unknown_credential_identifier",
        ),
        ({"credential_response_encryption": {}}, "invalid_encryption_parameters"),
    ):
        assert_refused(ask(client, token, "x", **changes), error)


def test_bodies_that_cannot_be_read(client, token):
    """They are refused as the specification names it."""
    json_type = "application/json"
    for body, kind in (
        ("{", json_type),
        ("[]", json_type),
        ("[" * 9000, json_type),
        ("{}", "text/plain"),
        ("", json_type),
    ):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
        response = client.post("/credentials", data=body, headers=headers)
        assert_refused(response, "invalid_credential_request")


def test_a_token_that_does_not_reach_it(client, provider, portal, wallet):
    """None, a wrong one, one without the scope (RFC 6750 §3)."""
    other = authorize(provider, portal, scopes="openid profile")
    narrow = redeem(client, portal, other)["access_token"]

    assert client.post("/credentials", json={}).status_code == 401
    assert_refused(ask(client, "x"), "invalid_token", 401)
    assert_refused(ask(client, narrow), "insufficient_scope", 403)


def test_one_factor_is_too_little_for_what_lasts(client, provider):
    """A challenge by RFC 9470, which names the level."""
    portal = Portal.register(provider, "vi", scope=SCOPES)
    browser = Browser(client)
    browser.visit(portal.url(scope=SCOPES))
    wanted = {"state": "active", "account_level": 2, "factors": ["pwd"]}
    browser.sign_in(citizen(provider, **wanted))
    page = browser.submit(decision="allow")
    weak = portal.redeem(client, answer(page)["code"])["access_token"]

    response = ask(client, weak, "x")

    assert_refused(response, "insufficient_user_authentication", 401)
    challenge = response.headers["WWW-Authenticate"]
    assert challenge.endswith('acr_values="urn:dinhdanh:acr:2.2"')


def test_an_account_that_lost_its_level(client, provider, portal):
    """Residence is for level 2 alone (Decree 69/2024 art. 9)."""
    account_id = account_of(provider, level=1)
    made = authorize(provider, portal, scopes=SCOPES, account_id=account_id)

    assert_refused(post(client, "/token", portal, made.form()), "invalid_grant")


def test_the_metadata_say_what_works(client):
    """§12.2.4, and what RFC 8414 has of it."""
    document = client.get(ISSUER_METADATA).get_json()
    server = client.get("/.well-known/oauth-authorization-server").get_json()

    (name,) = document["credential_configurations_supported"]
    offered = document["credential_configurations_supported"][name]
    assert name == CONFIGURATION
    assert document["credential_issuer"] == ISSUER
    assert document["credential_endpoint"] == f"{ISSUER}/credentials"
    assert document["nonce_endpoint"] == f"{ISSUER}/credentials/nonce"
    assert document["batch_credential_issuance"] == {"batch_size": 10}
    assert offered["format"] == "dc+sd-jwt"
    assert offered["scope"] in server["scopes_supported"]
    assert GRANT in server["grant_types_supported"]
    assert server["pre-authorized_grant_anonymous_access_supported"] is False
    paths = [claim["path"] for claim in offered["credential_metadata"]["claims"]]
    assert ["residence"] in paths


def test_there_is_no_other_list(client):
    """A list that nobody has a place in is not there."""
    for query in ("", "?list=1", "?list=-1", "?list=00", "?list=x"):
        assert client.get(f"/credentials/status{query}").status_code == 404


def test_off_means_absent(config, provider):
    """Neither endpoint, scope nor grant; the page is not there either."""
    off = replace(config, credentials=replace(config.credentials, enabled=False))
    client = create_app(provider=replace(provider, config=off)).test_client()
    wallet = register(provider, scope=SCOPES, grant_types=["authorization_code", GRANT])

    for path in (ISSUER_METADATA, "/.well-known/jwt-vc-issuer", "/credentials/status"):
        assert client.get(path).status_code == 404
    for path in ("/credentials", "/credentials/nonce"):
        assert client.post(path).status_code == 404
    document = client.get("/.well-known/openid-configuration").get_json()
    assert GRANT not in document["grant_types_supported"]
    assert "residence_credential" not in document["scopes_supported"]
    form = {"grant_type": GRANT, "pre-authorized_code": "x", "tx_code": "123456"}
    assert_refused(post(client, "/token", wallet, form), "unsupported_grant_type")
    browser = Browser(client)
    browser.visit("/account/wallet")
    page = browser.sign_in(holder(provider))
    assert page.status_code == 404
    assert "/account/wallet" not in browser.visit("/account").text
