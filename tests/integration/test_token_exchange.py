"""Token exchange (RFC 8693): what a citizen allowed already, and as long as then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from idp import clock
from idp.accounts import lifecycle, representation
from idp.consent import grants
from idp.provider import Provider
from tests.driver import SECRET, Browser, Portal, answer, at
from tests.integration.acting import (
    CHILD,
    GUARDIAN,
    NOBODY,
    SCOPE,
    account,
    as_child,
    machine,
    prove,
    subject,
)
from tests.integration.token_side import assert_refused, claims_of, userinfo
from tests.services import BACKENDS

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
GRANTS = ["authorization_code", "refresh_token", EXCHANGE]


@dataclass
class Scene:
    """A portal that may exchange, a guardian signed in there, and their child."""

    app: Flask
    provider: Provider
    portal: Portal
    browser: Browser
    acting: dict[str, Any]
    own: dict[str, Any]

    @property
    def child(self) -> str:
        return self.acting["claims"]["sub"]

    def exchange(self, **changes: str) -> TestResponse:
        form = {
            "grant_type": EXCHANGE,
            "subject_token": self.own["access_token"],
            "subject_token_type": ACCESS_TOKEN,
            "requested_subject": self.child,
            "client_id": self.portal.client_id,
            "client_secret": SECRET,
        } | changes
        form = {name: value for name, value in form.items() if value}
        return self.browser.client.post("/token", data=form)


def own_tokens(browser: Browser, portal: Portal, **changes: str) -> dict[str, Any]:
    """Return the tokens of a sign-in for oneself, in the same browser."""
    page = browser.visit(portal.url(**{"scope": "openid profile"} | changes))
    if at(page) == "consent":
        page = browser.submit(decision="allow")
    return portal.redeem(browser.client, answer(page)["code"])


def portal_for(provider: Provider, **metadata: Any) -> Portal:
    wanted = {"scope": SCOPE, "grant_types": GRANTS} | metadata
    return Portal.register(provider, "health", **wanted)


def scene_of(app: Flask, provider: Provider, portal: Portal) -> Scene:
    browser, acting = as_child(app, provider, portal)
    return Scene(app, provider, portal, browser, acting, own_tokens(browser, portal))


@pytest.fixture
def scene(app: Flask, provider: Provider) -> Scene:
    return scene_of(app, provider, portal_for(provider))


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_new_token_says_who_acts_for_whom(scene: Scene, backend: str) -> None:
    """§2.2.1, §4.1: one access token about the child, with the guardian in `act`."""
    answered = scene.exchange()

    assert answered.status_code == 200, answered.text
    body = answered.get_json()
    assert body["issued_token_type"] == ACCESS_TOKEN
    assert not {"id_token", "refresh_token"} & set(body)
    claims, guardian = claims_of(body["access_token"]), scene.own["claims"]["sub"]
    assert claims["sub"] == scene.child
    assert claims["act"] == {"sub": guardian, "relation": "mother"}
    assert (claims["acr"], claims["authentication_level"]) == (
        "urn:dinhdanh:acr:1.2",
        2,
    )
    for name in ("sid", "auth_time", "amr"):
        assert claims[name] == claims_of(scene.own["access_token"])[name]
    told = userinfo(scene.browser.client, body["access_token"]).get_json()
    assert (told["sub"], told["name"]) == (scene.child, "Bùi Gia Quân")


def test_it_lives_no_longer_than_the_own_token(scene: Scene, monkeypatch) -> None:
    """Nothing new is allowed, not even time."""
    own = claims_of(scene.own["access_token"])
    later = clock.from_timestamp(own["exp"] - 10)
    monkeypatch.setattr(clock, "now", lambda: later)

    body = scene.exchange().get_json()

    assert claims_of(body["access_token"])["exp"] == own["exp"]
    assert body["expires_in"] == 10


def test_each_exchange_is_written_down(scene: Scene) -> None:
    """In the history of the one whom it is about."""
    before = acted(scene)

    scene.exchange()

    assert acted(scene) == before + 1


def test_the_sub_is_that_of_the_child_s_own_sign_in(scene: Scene) -> None:
    """Pairwise by sector, whoever signs in for whom."""
    child = account(scene.provider, CHILD)

    assert scene.child == subject(scene.provider, child, "health.example")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"subject_token": "a.b.c"}, "invalid_request"),
        ({"subject_token": ""}, "invalid_request"),
        ({"requested_subject": ""}, "invalid_request"),
        ({"requested_subject": "somebody"}, "invalid_request"),
        (
            {"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"},
            "invalid_request",
        ),
        (
            {"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
            "invalid_request",
        ),
        ({"actor_token": "x", "actor_token_type": ACCESS_TOKEN}, "invalid_request"),
        ({"audience": "other"}, "invalid_target"),
        ({"resource": "https://api.example"}, "invalid_target"),
        ({"scope": "openid residence"}, "invalid_scope"),
        ({"client_secret": "wrong" * 8}, "invalid_client"),
    ],
)
def test_what_is_refused(scene: Scene, changes: dict[str, str], error: str) -> None:
    """§2.2.2: whatever is wrong with a token is an invalid request."""
    assert_refused(scene.exchange(**changes), error)


@pytest.mark.parametrize("kind", ["id_token", "refresh_token"])
def test_other_tokens_are_no_subject(scene: Scene, kind: str) -> None:
    """A token of another kind is none here, whatever it is called (J6)."""
    refused = scene.exchange(subject_token=scene.acting[kind])

    assert_refused(refused, "invalid_request")


def test_whoever_acts_already_goes_no_further(scene: Scene) -> None:
    """A delegated token is no beginning of another delegation."""
    delegated = scene.exchange().get_json()["access_token"]

    for token in (delegated, scene.acting["access_token"]):
        assert_refused(scene.exchange(subject_token=token), "invalid_request")


def test_nobody_reaches_whom_they_never_acted_for(scene: Scene) -> None:
    """A stranger who knows the child's `sub` gets what an unknown one gets."""
    stranger = Browser(scene.app.test_client())
    stranger.visit(scene.portal.url(scope="openid profile"))
    prove(stranger, scene.provider, NOBODY)
    stranger.submit(decision="allow")
    tokens = own_tokens(stranger, scene.portal)

    known = scene.exchange(subject_token=tokens["access_token"])
    unknown = scene.exchange(
        subject_token=tokens["access_token"], requested_subject="nobody"
    )

    assert_refused(known, "invalid_request")
    assert known.get_json() == unknown.get_json()


def test_another_client_s_token_is_refused(scene: Scene) -> None:
    """A token works for whom it was given to; the grant is of that portal too (T4)."""
    other = Portal.register(scene.provider, "other", scope=SCOPE, grant_types=GRANTS)
    tokens = own_tokens(scene.browser, other)

    refused = scene.exchange(subject_token=tokens["access_token"])

    assert_refused(refused, "invalid_request")


def test_only_registered_clients(app: Flask, provider: Provider) -> None:
    """The grant is a client's policy."""
    portal = portal_for(provider, grant_types=["authorization_code", "refresh_token"])
    scene = scene_of(app, provider, portal)

    assert_refused(scene.exchange(), "unauthorized_client")


def test_the_client_s_minimum_holds(scene: Scene) -> None:
    """A portal that came to demand level 2 gets nothing about a level 1 child (K2)."""
    strict = {
        "client_id": "health",
        "redirect_uris": [scene.portal.redirect_uri],
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": GRANTS,
        "scope": SCOPE,
        "minimum_acr": "urn:dinhdanh:acr:2.2",
        "sector": "health.example",
    }
    provider = scene.provider
    with provider.database.transaction() as session:
        provider.relying_parties.add(
            session, provider.audit, strict, sandbox=True, now=clock.now()
        )

    assert_refused(scene.exchange(), "invalid_request")


@pytest.mark.parametrize("ending", ["mandate", "child", "guardian", "consent", "out"])
def test_it_ends_with_what_it_stands_on(scene: Scene, ending: str) -> None:
    """Mandate, locks, consent and session: no new token, and the old one is dead."""
    token = scene.exchange().get_json()["access_token"]
    assert userinfo(scene.browser.client, token).status_code == 200

    if ending == "out":
        hint = scene.own["id_token"]
        scene.browser.visit(f"/end_session?id_token_hint={hint}")
    else:
        end(scene.provider, ending, clock.now())

    assert userinfo(scene.browser.client, token).status_code == 401
    assert_refused(scene.exchange(), "invalid_request")


def test_revoking_the_own_token_ends_the_new_one(scene: Scene) -> None:
    """It is of the same chain (RFC 7009 §2.1)."""
    token = scene.exchange().get_json()["access_token"]

    own = scene.own["access_token"]
    machine(scene.browser.client, scene.portal, "/revoke", token=own)

    assert userinfo(scene.browser.client, token).status_code == 401


def acted(scene: Scene) -> int:
    with scene.provider.database.read() as connection:
        child = account(scene.provider, CHILD)
        entries = scene.provider.audit.recent(
            connection, child, 50, types=("ActedFor",)
        )
    return len(entries)


def end(provider: Provider, what: str, now: datetime) -> None:
    child, guardian = account(provider, CHILD), account(provider, GUARDIAN)
    with provider.database.transaction() as session:
        if what == "mandate":
            assert representation.dismiss(
                session, provider.audit, representative_id=guardian,
                ward_id=child, reason="court", now=now,
            )  # fmt: skip
        elif what == "consent":
            grant = grants.find_live(session, child, "health", guardian)
            assert grant is not None
            grants.end(session, provider.audit, grant.id, "withdrawn", now)
        else:
            locked = child if what == "child" else guardian
            lifecycle.place_lock(
                session, provider.audit, locked,
                ground="terms_breach", asker="agency", now=now,
            )  # fmt: skip
