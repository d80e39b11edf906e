"""A worker that cannot read the key rings stops before a killed key can serve it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.app import connect
from idp.config.key_clocks import key_clocks
from idp.provider import Provider
from idp.storage.key_store import DatabaseRingStore
from keys.signers import KeyRings
from tests.driver import SECRET, Browser, Portal, answer, citizen
from tests.integration.token_side import userinfo
from tests.services import BACKENDS


@dataclass
class Ticks:
    """The clock of one process, which goes on when it is told."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@contextmanager
def cut_off(provider: Provider) -> Iterator[None]:
    """Take the rings away, and nothing else."""
    for before, after in (("signing_keys", "lost"), ("lost", "signing_keys")):
        with provider.database.engine.begin() as connection:
            connection.execute(sa.text(f"ALTER TABLE {before} RENAME TO {after}"))
        if before == "signing_keys":
            yield


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_worker_that_cannot_read_its_keys_stops(
    app: Flask, provider: Provider, backend: str
) -> None:
    """It goes on for `unread_at_most`, then nothing is signed, believed or published.

    Every address that works with keys alone answers 503; it comes back by itself.
    """
    ticks, config = Ticks(), provider.config
    rings = KeyRings(
        DatabaseRingStore(provider.database),
        provider.rotator.opener,
        key_clocks(config),
        reread_after=config.keys.reread_after,
        unread_at_most=config.keys.unread_at_most,
        ticks=ticks,
    )
    connect(app, replace(provider, rings=rings))
    portal, client = Portal.register(provider, "bank"), app.test_client()
    browser = Browser(app.test_client())
    browser.visit(portal.url(scope="openid offline_access"))
    browser.sign_in(citizen(provider, factors=["pwd"], state="active"))
    tokens = portal.redeem(client, answer(browser.submit(decision="allow"))["code"])
    own = {"client_id": "bank", "client_secret": SECRET}

    def answers() -> dict[str, int]:
        refresh = {"grant_type": "refresh_token", **own}
        refresh["refresh_token"] = tokens["refresh_token"]
        asked = own | {"token": tokens["access_token"]}
        hint = {"id_token_hint": tokens["id_token"]}
        refreshed = client.post("/token", data=refresh)
        tokens.update(refreshed.get_json() if refreshed.status_code == 200 else {})
        return {
            "key set": client.get("/jwks.json").status_code,
            "userinfo": userinfo(client, tokens["access_token"]).status_code,
            "introspection": client.post("/introspect", data=asked).status_code,
            "hint": client.get("/end_session", query_string=hint).status_code,
            "token": refreshed.status_code,
        }

    before = answers()
    with cut_off(provider):
        ticks.seconds += config.keys.unread_at_most
        meanwhile = answers()
        ticks.seconds += config.keys.reread_after + 1
        late = answers()
    ticks.seconds += config.keys.reread_after
    back = answers()

    assert set(before.values()) <= {200, 302, 303}, before
    assert meanwhile == before
    assert set(late.values()) == {503}, late
    assert back == before
