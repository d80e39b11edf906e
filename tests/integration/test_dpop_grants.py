"""What grants do with a client's key: binding, refresh, nonces (DPoP, RFC 9449)."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from idp import clock
from idp.app import create_app
from idp.config import DpopConfig
from idp.oidc import dpop_nonce
from tests.driver import SECRET, Browser, answer, at, citizen
from tests.driver import Portal as Registered
from tests.holder import Holder
from tests.integration.dpop_side import ask, stamp, take, tokens_of
from tests.integration.token_side import (
    assert_refused,
    authorize,
    claims_of,
    post,
    refresh,
    register,
)

WITH_REFRESH = "openid profile offline_access"


@pytest.fixture
def holder():
    return Holder()


def test_a_client_may_bind_itself_for_good(client, provider, holder):
    """§5.2: with `dpop_bound_access_tokens` no token is given without a proof."""
    portal = register(provider, dpop_bound_access_tokens=True)
    made = authorize(provider, portal, scopes=WITH_REFRESH)

    refused = post(client, "/token", portal, made.form())
    given = take(client, portal, made, holder).get_json()

    assert_refused(refused, "invalid_dpop_proof")
    assert given["token_type"] == "DPoP"
    again = refresh(client, portal, given["refresh_token"])
    assert_refused(again, "invalid_dpop_proof")


def test_a_replacement_keeps_the_binding(provider):
    """What protects stays unless it is switched off by its name."""
    portal = register(provider, dpop_bound_access_tokens=True)
    sector = provider.relying_parties.find(portal.client_id).sector

    register(provider, client_id=portal.client_id, sector=sector)

    assert provider.relying_parties.find(portal.client_id).dpop_bound_access_tokens


def test_a_code_is_bound_to_its_key(client, provider, holder):
    """§10: `dpop_jkt` is matched by the token request's proof, or the code is lost."""
    portal = register(provider)
    made = [authorize(provider, portal, dpop_jkt=holder.jkt) for _ in range(3)]

    assert take(client, portal, made[0], holder).status_code == 200
    assert_refused(take(client, portal, made[1], Holder()), "invalid_grant")
    assert_refused(post(client, "/token", portal, made[2].form()), "invalid_grant")


def test_the_refresh_of_a_public_client_is_bound(client, provider, holder):
    """§5: its key is all that it is known by; a wrong try leaves the token unspent."""
    portal, tokens = tokens_of(
        client, provider, holder, method="none", scopes=WITH_REFRESH
    )
    token = tokens["refresh_token"]

    def use(key):
        proof = key and key.proof("POST", "/token")
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return post(client, "/token", portal, form, **({"DPoP": proof} if key else {}))

    assert_refused(use(None), "invalid_dpop_proof")
    assert_refused(use(Holder()), "invalid_grant")
    given = use(holder)
    assert given.status_code == 200
    assert claims_of(given.get_json()["access_token"])["cnf"] == {"jkt": holder.jkt}


def test_a_confidential_client_may_change_its_key(client, provider, holder):
    """§5: it proved itself; but a bound chain never becomes one of bearer tokens."""
    portal, tokens = tokens_of(client, provider, holder, scopes=WITH_REFRESH)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    new = Holder()

    assert_refused(post(client, "/token", portal, form), "invalid_dpop_proof")
    given = post(client, "/token", portal, form, DPoP=new.proof("POST", "/token"))

    assert given.get_json()["token_type"] == "DPoP"
    assert claims_of(given.get_json()["access_token"])["cnf"] == {"jkt": new.jkt}


@pytest.fixture
def with_nonces(provider):
    """Return a client of a provider that demands nonces."""
    config = replace(provider.config, dpop=DpopConfig(require_nonce=True))
    return create_app(provider=replace(provider, config=config)).test_client()


def test_a_nonce_is_demanded_and_given(with_nonces, provider, holder):
    """§8: the refusal brings the nonce, costs no code, and browsers may read it."""
    portal = register(provider)
    made = authorize(provider, portal)

    refused = take(with_nonces, portal, made, holder)
    nonce = refused.headers["DPoP-Nonce"]
    given = take(with_nonces, portal, made, holder, nonce=nonce)

    assert_refused(refused, "use_dpop_nonce")
    assert "DPoP-Nonce" in refused.headers["Access-Control-Expose-Headers"]
    assert given.status_code == 200
    token = given.get_json()["access_token"]
    told = ask(with_nonces, holder.headers("GET", "/userinfo", token))
    assert_refused(told, "use_dpop_nonce", 401)
    assert told.headers["WWW-Authenticate"].startswith('DPoP error="use_dpop_nonce"')
    nonce = told.headers["DPoP-Nonce"]
    headers = holder.headers("GET", "/userinfo", token, nonce=nonce)
    assert ask(with_nonces, headers).status_code == 200
    assert_refused(ask(with_nonces, headers), "invalid_dpop_proof", 401)


def test_with_a_nonce_the_clock_of_the_device_is_no_matter(
    with_nonces, provider, holder
):
    """§4.3, 11: our own time stands in the nonce."""
    portal = register(provider)
    made = authorize(provider, portal)
    nonce = dpop_nonce.fresh(provider, now=clock.now())

    given = take(with_nonces, portal, made, holder, nonce=nonce, iat=stamp(hours=5))

    assert given.status_code == 200


def test_foreign_and_old_nonces_are_refused(with_nonces, provider, holder):
    """§8: what we did not make, or made too long ago, is answered with a new one."""
    portal = register(provider)
    made, now = authorize(provider, portal), clock.now()
    fresh = dpop_nonce.fresh(provider, now=now)
    old = dpop_nonce.fresh(provider, now=now - timedelta(seconds=301))
    issued, _, mac = fresh.partition(".")

    for nonce in (old, mac, "", "é", 7, f"{int(issued, 16) + 1:x}.{mac}", f"{issued}."):
        refused = take(with_nonces, portal, made, holder, nonce=nonce)
        assert_refused(refused, "use_dpop_nonce")
    assert take(with_nonces, portal, made, holder, nonce=fresh).status_code == 200


def arrive(provider, client, url):
    """Sign in at this address; return what comes back to the portal."""
    browser = Browser(client)
    assert at(browser.visit(url)) == "login"
    page = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    return answer(browser.submit(decision="allow") if at(page) == "consent" else page)


def redeem(client, portal, code, **headers):
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": portal.redirect_uri,
        "code_verifier": portal.verifier,
        "client_id": portal.client_id,
        "client_secret": SECRET,
    }
    return client.post("/token", data=form, headers=headers)


@pytest.mark.parametrize("is_pushed", [True, False])
def test_the_key_of_the_request_is_the_key_of_its_code(
    client, provider, holder, is_pushed
):
    """§10: `dpop_jkt`, or a proof with the pushed request, binds the code."""
    portal = Registered.register(provider, "tax")
    url = portal.url(dpop_jkt=holder.jkt)
    if is_pushed:
        pushed = client.post(
            "/par",
            data=portal.parameters() | {"client_secret": SECRET},
            headers={"DPoP": holder.proof("POST", "/par")},
        ).get_json()
        names = {"client_id": "tax", "request_uri": pushed["request_uri"]}
        url = f"/authorize?{urlencode(names)}"
    code = arrive(provider, client, url)["code"]

    given = redeem(client, portal, code, DPoP=holder.proof("POST", "/token"))
    again = arrive_again(client, portal, holder)
    stolen = redeem(client, portal, again, DPoP=Holder().proof("POST", "/token"))

    assert given.get_json()["token_type"] == "DPoP"
    assert_refused(stolen, "invalid_grant")


def arrive_again(client, portal, holder):
    """Return the code of a silent round of the signed-in browser."""
    page = Browser(client).visit(portal.url(dpop_jkt=holder.jkt))
    assert at(page) == "portal"
    return answer(page)["code"]


def test_a_pushed_request_names_one_key(client, provider, holder):
    """§10.1: a proof and a `dpop_jkt` that differ are refused, and bad proofs too."""
    portal = Registered.register(provider, "tax")

    def push(proof, **changes):
        form = portal.parameters(**changes) | {"client_secret": SECRET}
        return client.post("/par", data=form, headers={"DPoP": proof})

    other = push(holder.proof("POST", "/par"), dpop_jkt=Holder().jkt)
    same = push(holder.proof("POST", "/par"), dpop_jkt=holder.jkt)
    misplaced = push(holder.proof("POST", "/token"))

    assert_refused(other, "invalid_dpop_proof")
    assert same.status_code == 201
    assert_refused(misplaced, "invalid_dpop_proof")


def test_a_thumbprint_that_is_none_is_refused(client, provider):
    """§10: a code for a key that cannot be would help nobody."""
    portal = Registered.register(provider, "tax")

    told = answer(Browser(client).visit(portal.url(dpop_jkt="abc")))

    assert told["error"] == "invalid_request"
