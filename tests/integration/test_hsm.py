"""The whole token flow with signing keys that never leave a token (PKCS#11)."""

import base64
import json
import shutil
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pkcs11
import pytest
from prometheus_client import REGISTRY

from idp import clock
from idp.cli.serve import check_stores
from idp.config import Pkcs11Config
from idp.errors import ConfigError
from idp.provider import build_provider
from keys.pkcs11 import token as door
from keys.pkcs11.uri import KeyUri
from keys.ring import Ring, State, state
from tests.driver import SECRET, Browser, Portal, answer, citizen
from tests.hsm import LABEL, soft_hsm
from tests.integration.token_side import userinfo
from tests.listening_portal import listening
from tests.story import press

FLOW = {
    Ring("id_token", "RS256"),
    Ring("access_token", "ES256"),
    Ring("event", "RS256"),
}


@pytest.fixture
def hsm(tmp_path):
    """Return SoftHSM with a token of this test's own."""
    folder = tmp_path / "hsm"
    folder.mkdir()
    with soft_hsm(folder) as hsm:
        yield hsm


def in_token(config, hsm):
    """Return the settings of a provider that makes its keys in the token."""
    return replace(
        config,
        keys=replace(config.keys, signers="pkcs11"),
        pkcs11=Pkcs11Config(hsm.module, LABEL, hsm.pin_file),
    )


@pytest.fixture
def provider(config, hsm):
    """Return a provider whose keys for this flow were replaced by some in the token."""
    config = in_token(config, hsm)
    mover = build_provider(config)
    with closing(mover.database), closing(mover.ephemeral):
        now = clock.now()
        for key in mover.rotator.store.rows():
            if key.ring in FLOW:
                mover.rotator.kill(key.kid, now=now, reason="moved into the token")
    built = build_provider(config)  # as a process that reads the rings anew
    with closing(built.database), closing(built.ephemeral):
        yield built
        built.courier.wait()


def keys_in_token(provider):
    """Return the rows of the flow's keys that are in use; all are in the token."""
    now, rows = clock.now(), provider.rotator.store.rows()
    used = [k for k in rows if k.ring in FLOW and state(k, now) is State.ACTIVE]
    assert len(used) == len(FLOW)
    assert all(key.handle and not key.private_sealed for key in used)
    return used


def refresh(client, token):
    """Use a refresh token of the portal `tax`."""
    form = {"client_id": "tax", "client_secret": SECRET, "refresh_token": token}
    return client.post("/token", data={**form, "grant_type": "refresh_token"})


def test_the_whole_flow_is_signed_by_the_token(app, provider, hsm, monkeypatch):
    """ID token, access token, userinfo, refresh, logout: all by keys of the token.

    No private part of them can be read. While the token is gone nothing is signed and
    nothing lost; when it is back, neither a restart nor a sign-in is needed.
    """
    monkeypatch.setattr(door, "_PAUSE", 0)
    in_token = keys_in_token(provider)
    hsm.token().run(lambda session: cannot_read(session, in_token))
    person = citizen(provider, account_level=2, state="active", factors=["pwd"])
    with listening() as ear:
        portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
        browser = Browser(app.test_client())
        client = browser.client
        browser.visit(portal.url(scope="openid profile offline_access"))
        browser.sign_in(person)
        page = browser.submit(decision="allow")
        tokens = portal.redeem(client, answer(page)["code"])
        before = refusals()
        with gone(hsm):
            refused = refresh(client, tokens["refresh_token"])
            assert client.get("/jwks.json").status_code == 200
        again = refresh(client, tokens["refresh_token"]).get_json()
        told = [userinfo(client, t["access_token"]) for t in (tokens, again)]
        press(browser, "/account", "sign-out")
        (farewell,) = ear.heard(provider)
    assert refused.status_code == 503
    assert refused.get_json()["error"] == "temporarily_unavailable"
    assert refusals() == before + 1
    assert [answered.status_code for answered in told] == [200, 200]
    assert told[0].get_json()["sub"] == tokens["claims"]["sub"] == farewell["sub"]
    signed = [tokens["id_token"], tokens["access_token"], again["access_token"]]
    kids = {header(token)["kid"] for token in (*signed, *ear.tokens)}
    assert kids == {key.kid for key in in_token}


def refusals():
    """Return how many answers were refused because the token gave none."""
    told = {"purpose": "token"}
    return REGISTRY.get_sample_value("dinhdanh_key_errors_total", told)


@contextmanager
def gone(hsm):
    """Take the token away for the time of a block."""
    away = hsm.tokens.with_name("away")
    shutil.move(hsm.tokens, away)
    yield
    shutil.rmtree(hsm.tokens, ignore_errors=True)
    shutil.move(away, hsm.tokens)


def header(token):
    """Return the header of a JWS."""
    segment = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(segment + "=="))


def cannot_read(session, keys):
    """Hold that the token's own user cannot read a private part of these keys."""
    attributes = pkcs11.Attribute
    for key in keys:
        wanted = {
            attributes.ID: KeyUri.read(key.handle).id,
            attributes.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
        }
        (private,) = list(session.get_objects(wanted))
        is_rsa = key.ring.alg == "RS256"
        with pytest.raises(pkcs11.AttributeSensitive):
            private[attributes.PRIVATE_EXPONENT if is_rsa else attributes.VALUE]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"module": Path("/nowhere/libpkcs11.so")}, "/nowhere/libpkcs11.so"),
        ({"token": "another"}, "another"),
        ({"pin_file": Path("/nowhere/pin")}, "cannot read the token's PIN"),
    ],
)
def test_a_wrong_setting_is_told_at_the_start(config, hsm, wrong, told):
    """The module, the token and the PIN's file are named before the port opens."""
    config = in_token(config, hsm)
    check_stores(config)

    with pytest.raises(ConfigError, match=told):
        check_stores(replace(config, pkcs11=replace(config.pkcs11, **wrong)))
