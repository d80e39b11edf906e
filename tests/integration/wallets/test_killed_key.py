"""The key of credentials is stolen: what it signed ends, in lists of its successor."""

import re
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import KeySet

from clients.sdk import status_list
from idp import clock
from idp.accounts import identifiers
from idp.app import connect
from idp.config.key_clocks import key_clocks
from idp.custody import aftermath, incidents, kill, lots
from idp.custody.kill import Choice
from idp.provider import Provider
from idp.sandbox import loader
from idp.storage.key_store import DatabaseRingStore
from keys import jws
from keys.ring import Ring, signing_key, timeline
from keys.signers import KeyRings
from tests.driver import Portal
from tests.integration.test_key_kill import Town
from tests.integration.token_side import ISSUER, authorize, redeem
from tests.integration.wallets.asking import (
    SCOPES,
    ask,
    fresh_nonce,
    issued,
    verified,
)
from tests.wallet import Wallet, payload

CREDENTIAL = Ring("credential", "ES256")


def active(provider: Provider) -> str:
    """Return the name of the key that signs credentials."""
    keys = timeline(provider.rotator.store.rows(), CREDENTIAL, keep_retired=10**6)
    key = signing_key(keys, clock.now())
    assert key is not None
    return key.kid


def status(client: FlaskClient, credential: str) -> int:
    """Return a credential's status, as any verifier finds it."""
    place = payload(credential)["status"]["status_list"]
    return status_list.status_of(
        client.get("/credentials/status?list=0").text,
        uri=place["uri"],
        index=place["idx"],
        keys=KeySet.import_key_set(client.get("/jwks.json").get_json()),
        now=clock.now(),
    )


def kill_alone(provider: Provider, **choice: Any) -> UUID:
    """Kill the key, as a process does that dies before it has done the rest."""
    with provider.database.transaction() as session:
        done = kill.kill(
            provider,
            session,
            Choice(active(provider), **choice),
            reason="A backup was stolen",
            by="command",
            now=clock.now(),
        )
    provider.rings.reread(clock.now())
    return done.incident_id


@pytest.mark.parametrize(
    ("backend", "grants"), [("embedded", "rekey"), ("production", "revoke")]
)
def test_what_the_key_signed_is_marked_invalid(
    app: Flask,
    client: FlaskClient,
    provider: Provider,
    token: str,
    wallet: Wallet,
    grants: str,
) -> None:
    """Two officers see how many it ends; a kept permission brings a new one."""
    town, credential = Town(app, provider), issued(client, token, wallet)
    assert verified(client, wallet, credential, "name")
    guide = f"/staff/keys/kill/{active(provider)}?lang=en"
    page = town.officers[0].visit(guide).text
    assert re.search(r"Credentials in wallets, [^<]*</dt><dd>1<", page)
    assert "Permissions that got tokens of this key</dt><dd>1<" in page

    incident = town.kill(CREDENTIAL, grants=grants, sessions="stay")

    signed = jws.read(client.get("/credentials/status?list=0").text)
    assert signed.kid == active(provider)
    assert status(client, credential) == status_list.INVALID
    shown = town.officers[0].visit(f"{incident}?lang=en").text
    assert "<dt>Credentials in wallets</dt><dd>ended: 1" in shown
    assert "Ví thử nghiệm" in shown, "the wallet is told as portals are"
    if grants == "rekey":
        assert verified(client, wallet, issued(client, token, wallet), "name")
    else:
        assert ask(client, token, "x").status_code == 401


def two_accounts(provider: Provider) -> list[UUID]:
    """Return the accounts of two citizens who may have credentials."""
    numbers = [
        item["personal_number"]
        for item in loader.citizens(provider)
        if item["state"] == "active" and item["account_level"] == 2
    ]
    with provider.database.read() as connection:
        found = [
            identifiers.find_account_id(connection, provider.sealer, number)
            for number in numbers[:2]
        ]
    return [account_id for account_id in found if account_id]


def test_an_interrupted_kill_goes_on_in_small_steps(
    client: FlaskClient,
    provider: Provider,
    portal: Portal,
    wallet: Wallet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever a process left undone the next one finds, lot by lot, and only once."""
    monkeypatch.setattr(lots, "AT_ONCE", 1)
    monkeypatch.setattr(aftermath, "_A_TURN", 1)
    held = []
    for account_id in two_accounts(provider):
        made = authorize(provider, portal, scopes=SCOPES, account_id=account_id)
        token = redeem(client, portal, made)["access_token"]
        held.append(issued(client, token, wallet))
    incident_id = kill_alone(provider)
    assert [status(client, one) for one in held] == [status_list.VALID] * 2

    assert aftermath.go_on(provider, now=clock.now())
    begun = sorted(status(client, one) for one in held)
    assert begun == [status_list.VALID, status_list.INVALID]
    while aftermath.go_on(provider, now=clock.now()):
        pass

    assert [status(client, one) for one in held] == [status_list.INVALID] * 2
    with provider.database.read() as connection:
        incident = incidents.find(connection, incident_id)
    assert (incident.credentials_ended, incident.grants_ended) == (2, 0)
    assert incident.over_at is not None


def test_no_kept_list_is_of_a_killed_key(app: Flask, provider: Provider) -> None:
    """What was signed for minutes is signed anew at once."""
    config = provider.config
    lasting = replace(config.credentials, list_cache=300)
    config = replace(config, credentials=lasting)
    connect(app, replace(provider, config=config))
    client = app.test_client()
    before = client.get("/credentials/status?list=0").text
    assert client.get("/credentials/status?list=0").text == before

    kill_alone(provider)

    after = client.get("/credentials/status?list=0").text
    assert jws.read(after).kid == active(provider) != jws.read(before).kid


def test_a_worker_that_has_not_heard_issues_nothing(
    app: Flask, client: FlaskClient, provider: Provider, token: str, wallet: Wallet
) -> None:
    """What it would sign with the killed key nobody would ever take back."""
    late = KeyRings(
        DatabaseRingStore(provider.database),
        provider.rotator.opener,
        key_clocks(provider.config),
        reread_after=3600,
    )
    connect(app, replace(provider, rings=late))
    assert issued(client, token, wallet)
    proof = wallet.proof(audience=ISSUER, nonce=fresh_nonce(client))
    kill_alone(provider)

    refused = ask(client, token, proof)

    assert refused.status_code == 503, refused.text
    late.reread(clock.now())
    assert issued(client, token, wallet)
