"""A stolen key: what it signed is refused (`idp keys kill`)."""

from contextlib import closing
from typing import Any

import pytest
from flask import Flask

from idp import clock
from idp.app import create_app
from idp.provider import Provider, build_provider
from keys.ring import Ring
from tests.driver import SECRET, Browser, Portal, answer, at, citizen
from tests.integration.token_side import userinfo
from tests.services import BACKENDS

ACCESS = Ring("access_token", "ES256")


def sign_in(app: Flask, portal: Portal, person: dict[str, Any]) -> str:
    """Return the access token of a new sign-in."""
    browser = Browser(app.test_client())
    browser.visit(portal.url())
    page = browser.sign_in(person)
    if at(page) == "consent":
        page = browser.submit(decision="allow")
    return str(portal.redeem(browser.client, answer(page)["code"])["access_token"])


def kids(provider: Provider) -> set[str]:
    """Return the names of the published keys."""
    return {key["kid"] for key in provider.rings.jwks(clock.now())["keys"]}


def kill(provider: Provider) -> None:
    """Do as the command does, with the key that signs access tokens."""
    now = clock.now()
    stolen = provider.rotator.rotate(ACCESS, now=now).active
    provider.rotator.kill(stolen.kid, now=now, reason="a lost backup")


@pytest.mark.parametrize("backend", BACKENDS)
def test_its_tokens_are_dead_and_new_ones_live(
    app: Flask, provider: Provider, backend: str
) -> None:
    """By introspection and at userinfo; the key set lacks it (CWE-324)."""
    portal = Portal.register(provider, "bank")
    person = citizen(provider, factors=["pwd"], state="active")
    stolen = sign_in(app, portal, person)
    before = kids(provider)

    kill(provider)

    reader = build_provider(provider.config)  # as a process that reads the rings anew
    with closing(reader.database), closing(reader.ephemeral):
        again = create_app(provider=reader)
        client = again.test_client()
        told = {}
        for token in (stolen, sign_in(again, portal, person)):
            form = {"client_id": "bank", "client_secret": SECRET, "token": token}
            active = client.post("/introspect", data=form).get_json()["active"]
            told[token] = (active, userinfo(client, token).status_code)
        reader.courier.wait()
        after = kids(reader)
    assert list(told.values()) == [(False, 401), (True, 200)]
    assert len(before - after) == 1
