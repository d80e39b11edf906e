"""What discovery promises is kept: every advertised value is tried (X8, OIDF config).

Each list of the document is walked through, so that a value added there without the
behaviour behind it fails here.
"""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwk, jwt
from joserfc.jwk import KeySet

from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen
from tests.integration import token_side
from tests.integration.token_side import authorize, post, redeem, register, userinfo

EVERY_SCOPE = (
    "openid profile email phone address offline_access "
    "personal_number residence household"
)
# Not held about this citizen, or asked only for somebody for whom one acts.
NOT_OF_THIS_CITIZEN = {
    "verified_claims",
    "email",
    "email_verified",
    "act",
    "organisation",
}
KEYS = {
    "ES256": lambda: jwk.ECKey.generate_key("P-256", {"kid": "1"}),
    "PS256": lambda: jwk.RSAKey.generate_key(2048, {"kid": "1"}),
    "RS256": lambda: jwk.RSAKey.generate_key(2048, {"kid": "1"}),
    "EdDSA": lambda: jwk.OKPKey.generate_key("Ed25519", {"kid": "1"}),
}


@pytest.fixture
def promised(client: FlaskClient) -> dict[str, Any]:
    """Return the discovery document."""
    document = client.get("/.well-known/openid-configuration").get_json()
    return dict(document)


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax", scope=EVERY_SCOPE)


@pytest.fixture
def browser(client: FlaskClient, provider: Provider, portal: Portal) -> Browser:
    """Return a browser of a TOTP holder who has signed in and allowed every scope."""
    browser = Browser(client)
    browser.visit(portal.url(scope=EVERY_SCOPE))
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd", "totp"]))
    assert at(browser.submit(decision="allow")) == "portal"
    return browser


def test_authorization(promised, portal, browser) -> None:
    """Response modes, prompts, languages and levels."""
    for mode in promised["response_modes_supported"]:
        page = browser.client.get(portal.url(response_mode=mode))
        name = "response" if mode.endswith("jwt") else "code"
        address = page.headers.get("Location", "")
        assert f'name="{name}"' in page.text or f"{name}=" in address
    pages = {"none": "portal", "login": "login", "consent": "consent"}
    for prompt in promised["prompt_values_supported"]:
        page = browser.visit(portal.url(prompt=prompt))
        assert at(page) == pages.get(prompt, "choose")
    for language in promised["ui_locales_supported"]:
        page = Browser(browser.client.application.test_client()).visit(
            portal.url(ui_locales=language)
        )
        assert f'<html lang="{language}"' in page.text
    for value in promised["acr_values_supported"]:
        tokens = portal.round(browser, acr_values=value)
        assert tokens["claims"]["acr"] == value
        essential = {"id_token": {"acr": {"essential": True, "value": value}}}
        tokens = portal.round(browser, claims=json.dumps(essential), prompt="none")
        assert tokens["claims"]["acr"] == value


def test_scopes_and_claims(promised, portal, browser) -> None:
    """Every scope is granted, every claim arrives or is not held about the citizen.

    Save the two that ask for whom somebody acts: this citizen acts for nobody.
    """
    tokens = portal.round(browser, scope=" ".join(promised["scopes_supported"]))
    told = userinfo(browser.client, tokens["access_token"]).get_json()

    own = set(promised["scopes_supported"]) - {"representation", "organisation"}
    assert set(tokens["scope"].split()) == own
    assert set(told) | set(tokens["claims"]) <= set(promised["claims_supported"])
    missing = set(promised["claims_supported"]) - set(told) - set(tokens["claims"])
    asked = json.dumps({"userinfo": dict.fromkeys(missing), "id_token": {"name": None}})
    tokens = portal.round(browser, claims=asked)
    told = userinfo(browser.client, tokens["access_token"]).get_json()
    assert "name" in tokens["claims"]
    assert missing - set(told) <= NOT_OF_THIS_CITIZEN


def test_verified_claims(promised, portal, browser) -> None:
    """A claim listed as verified comes with its framework, in both places."""
    names = promised["claims_in_verified_claims_supported"]
    for framework in promised["trust_frameworks_supported"]:
        wish = {
            "verification": {"trust_framework": {"value": framework}},
            "claims": dict.fromkeys(names),
        }
        asked = {place: {"verified_claims": wish} for place in ("userinfo", "id_token")}
        page = browser.visit(portal.url(claims=json.dumps(asked), scope=EVERY_SCOPE))
        if at(page) == "consent":
            page = browser.submit(decision="allow", claim=names)
        tokens = portal.redeem(browser.client, answer(page)["code"])
        told = userinfo(browser.client, tokens["access_token"]).get_json()
        for verified in (told["verified_claims"], tokens["claims"]["verified_claims"]):
            assert verified["verification"]["trust_framework"] == framework
            assert set(verified["claims"]) <= set(names)
            assert "family_name" in verified["claims"]


def test_client_authentication(promised, client, provider) -> None:
    """Each method, and each algorithm of assertions, at each endpoint that lists it."""
    for method in promised["token_endpoint_auth_methods_supported"]:
        portal = register(provider, method)
        tokens = redeem(client, portal, authorize(provider, portal))
        form = {"token": tokens["access_token"]}
        for name in ("introspection", "revocation"):
            listed = promised[f"{name}_endpoint_auth_methods_supported"]
            path = promised[f"{name}_endpoint"].removeprefix(token_side.ISSUER)
            answered = post(client, path, portal, form)
            assert (answered.status_code == 200) == (method in listed)
    suffix = "_auth_signing_alg_values_supported"
    listed = [name for name in promised if name.endswith(suffix)]
    assert len(listed) == 3
    assert all(set(promised[name]) == set(KEYS) for name in listed)


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("alg", KEYS)
def test_assertion_algorithms(client, provider, alg) -> None:
    """A registered key of each listed algorithm proves its client."""
    key = KEYS[alg]()
    jwks = {"keys": [key.as_dict(private=False)]}
    portal = register(
        provider, "private_key_jwt", jwks=jwks, token_endpoint_auth_signing_alg=alg
    )
    made = authorize(provider, portal)
    proof = {
        "client_assertion_type": token_side.ASSERTION_TYPE,
        "client_assertion": portal.assertion(alg=alg, key=key),
    }

    assert client.post("/token", data=made.form() | proof).status_code == 200


def test_signed_answers(promised, client, provider) -> None:
    """ID tokens and userinfo are signed with each listed algorithm by a listed key."""
    keys = KeySet.import_key_set(client.get("/jwks.json").get_json())
    for name, member, alternative in (
        ("id_token", "id_token_signed_response_alg", "id_token"),
        ("userinfo", "userinfo_signed_response_alg", "userinfo"),
    ):
        for alg in promised[f"{name}_signing_alg_values_supported"]:
            portal = register(provider, **{member: alg})
            tokens = redeem(client, portal, authorize(provider, portal))
            signed = (
                tokens["id_token"]
                if alternative == "id_token"
                else userinfo(client, tokens["access_token"]).text
            )
            token = jwt.decode(signed, keys, algorithms=[alg])
            assert token.header["alg"] == alg
            assert token.claims["aud"] == portal.client_id


def test_signed_messages(promised, client, provider) -> None:
    """Authorization responses and introspection are, too (JARM, RFC 9701)."""
    keys = KeySet.import_key_set(client.get("/jwks.json").get_json())
    media = "application/token-introspection+jwt"
    for alg in promised["introspection_signing_alg_values_supported"]:
        portal = register(provider, introspection_signed_response_alg=alg)
        told = post(client, "/introspect", portal, {"token": "x"}, Accept=media)
        assert jwt.decode(told.text, keys, algorithms=[alg]).header["alg"] == alg
    for alg in promised["authorization_signing_alg_values_supported"]:
        wish = {"authorization_signed_response_alg": alg}
        asking = Portal.register(provider, alg.lower(), **wish)
        page = client.get(asking.url(response_mode="jwt", prompt="none"))
        packed = answer(page)["response"]
        assert jwt.decode(packed, keys, algorithms=[alg]).header["alg"] == alg


@pytest.mark.parametrize(
    "kind", ["id_token", "userinfo", "authorization", "introspection"]
)
def test_encryption(promised, provider, kind) -> None:
    """What is listed can be registered, with a key that fits (RFC 7518 §4, §5)."""
    keys = (
        jwk.ECKey.generate_key("P-256", {"kid": "1"}),
        jwk.RSAKey.generate_key(2048, {"kid": "2"}),
    )
    jwks = {"keys": [key.as_dict(private=False) for key in keys]}
    for alg in promised[f"{kind}_encryption_alg_values_supported"]:
        for enc in promised[f"{kind}_encryption_enc_values_supported"]:
            wish = {
                f"{kind}_encrypted_response_alg": alg,
                f"{kind}_encrypted_response_enc": enc,
            }
            portal = register(provider, jwks=jwks, **wish)
            party = provider.relying_parties.find(portal.client_id)
            chosen = party.messages.encryption[kind]
            assert (chosen.alg, chosen.enc) == (alg, enc)
