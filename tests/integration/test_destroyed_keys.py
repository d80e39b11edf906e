"""A stolen key: what it signed is refused (`idp keys rotate --now --destroy`)."""

from contextlib import closing
from typing import Any

import pytest
from flask import Flask

from idp import clock
from idp.app import create_app
from idp.audit.key_changes import audited_store
from idp.provider import Provider, build_provider
from keys.envelope import read_kek
from keys.rotation import Rotator
from tests.driver import SECRET, Browser, Portal, answer, at, citizen
from tests.integration.token_side import userinfo
from tests.services import BACKENDS

RING = "ES256"  # access tokens


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


def destroy(provider: Provider) -> None:
    """Do as the command does."""
    rotator = Rotator(
        audited_store(provider.database, provider.audit),
        read_kek(provider.config.keys.kek_file),
        publish_lead=provider.rings.publish_lead,
        keep_retired=provider.rings.keep_retired,
    )
    now = clock.now()
    rotation = rotator.rotate(RING, now=now, immediately=True)
    since = max(now, rotation.active.activates_at)
    (change,) = rotator.destroy_retired(RING, now=since)
    assert change.kind == "destroyed"


@pytest.mark.parametrize("backend", BACKENDS)
def test_its_tokens_are_dead_and_new_ones_live(
    app: Flask, provider: Provider, backend: str
) -> None:
    """By introspection and at userinfo; the key set lacks it (CWE-324)."""
    portal = Portal.register(provider, "bank")
    person = citizen(provider, factors=["pwd"], state="active")
    stolen = sign_in(app, portal, person)
    before = kids(provider)

    destroy(provider)

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
    assert len(before & after) == 1  # the other ring's
