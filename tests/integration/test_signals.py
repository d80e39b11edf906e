"""Security events for portals (Shared Signals Framework 1.0, RFC 8935, RFC 8936)."""

from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from idp import clock
from idp.accounts import lifecycle
from idp.app import create_app
from idp.audit.events import (
    ContactChanged,
    LevelChanged,
    NumberReplaced,
    PasswordChanged,
    StateChanged,
)
from idp.audit.factor_events import CredentialEnrolled, CredentialRetired
from idp.authentication import outbox
from idp.config.outbound import OutboundConfig
from idp.locks import placing
from idp.provider import Provider, build_provider
from idp.signals import delivery, kinds
from idp.signals.streams import POLL, PUSH
from tests.driver import Portal, citizen
from tests.integration.ssf_side import GRANTS, Streams, sign_in
from tests.integration.test_backchannel_logout import account_of
from tests.listening_portal import taking
from tests.services import BACKENDS
from tests.story import press


def read(client: FlaskClient, token: str) -> dict[str, Any]:
    """Return the claims of an event, its header and signature proven."""
    assert jws.extract_compact(token.encode()).headers()["typ"] == "secevent+jwt"
    keys = KeySet.import_key_set(client.get("/jwks.json").get_json())
    return jwt.decode(token, keys, algorithms=["RS256", "ES256"]).claims


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax", grant_types=GRANTS)


@pytest.fixture
def person(provider: Provider) -> dict[str, Any]:
    return citizen(provider, account_level=2, state="active", factors=["pwd"])


def lock(provider: Provider, person: dict) -> None:
    choice = {"ground": "authority_request", "asker": "authority"}
    with provider.database.transaction() as session:
        account_id = account_of(provider, person)
        placing.lock(provider, session, account_id, **choice, now=clock.now())


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_portal_polls_what_happened(provider, client, portal, person) -> None:
    """By its own `sub` and `sid`; what it acknowledges is gone (RFC 8936 §2)."""
    streams = Streams(client, "tax")
    made = streams.create(delivery={"method": POLL})
    assert made["delivery"]["endpoint_url"].endswith("/ssf/poll")
    browser, tokens = sign_in(client, portal, person)

    press(browser, "/account", "sign-out")

    polled = streams.poll()
    ((name, token),) = polled["sets"].items()
    claims = read(client, token)
    assert (claims["iss"], claims["aud"]) == ("http://localhost:8000", "tax")
    assert claims["jti"] == name
    assert not {"sub", "exp", "nonce"} & claims.keys(), "no ID token (SSF §4.1)"
    assert claims["sub_id"]["format"] == "complex"
    assert claims["sub_id"]["user"]["sub"] == tokens["claims"]["sub"]
    assert claims["sub_id"]["session"]["id"] == tokens["claims"]["sid"]
    ((kind, event),) = claims["events"].items()
    assert (kind, event["initiating_entity"]) == (kinds.SESSION_REVOKED, "user")
    assert streams.poll()["sets"].keys() == {name}, "told again until acknowledged"
    assert streams.poll(ack=[name]) == {"sets": {}, "moreAvailable": False}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_portal_is_pushed_what_happened(provider, client, portal, person) -> None:
    """With its own header, in the transaction of the effect (RFC 8935 §2)."""
    with taking() as ear:
        streams = Streams(client, "tax")
        endpoint = {"endpoint_url": ear.uri, "authorization_header": "Bearer open"}
        made = streams.create(delivery={"method": PUSH, **endpoint})
        assert "authorization_header" not in made["delivery"], "never told again"
        sign_in(client, portal, person)
        lock(provider, person)
        provider.courier.wait()

    told = [read(client, token) for token in ear.tokens]
    assert {next(iter(claims["events"])) for claims in told} == {
        kinds.SESSION_REVOKED,
        kinds.DISABLED,
    }
    assert set(ear.headers) == {("Bearer open", "application/secevent+jwt")}


def test_nothing_outside_the_allowed_networks_is_pushed(config) -> None:
    """By default nobody is called; the operator sees why."""
    strict = build_provider(replace(config, outbound=OutboundConfig()))
    with closing(strict.database), closing(strict.ephemeral), taking() as ear:
        client = create_app(provider=strict).test_client()
        portal = Portal.register(strict, "tax", grant_types=GRANTS)
        endpoint = {"method": PUSH, "endpoint_url": ear.uri}
        Streams(client, "tax").create(delivery=endpoint)
        person = citizen(strict, account_level=2, state="active", factors=["pwd"])
        browser, _ = sign_in(client, portal, person)
        press(browser, "/account", "sign-out")
        strict.courier.wait()
        with strict.database.read() as connection:
            (left,) = outbox.waiting(connection, delivery.SIGNALS)

    assert ear.tokens == []
    assert left.last_answer == "an address outside the allowed networks"


@pytest.mark.parametrize(
    ("happened", "kind", "members"),
    [
        (
            partial(PasswordChanged),
            kinds.CREDENTIAL_CHANGE,
            {"credential_type": "password", "change_type": "update"},
        ),
        (
            partial(CredentialEnrolled, credential_id=uuid4(), kind="passkey"),
            kinds.CREDENTIAL_CHANGE,
            {"credential_type": "fido2-roaming", "change_type": "create"},
        ),
        (
            partial(CredentialRetired, credential_id=uuid4(), kind="totp"),
            kinds.CREDENTIAL_CHANGE,
            {"credential_type": "app", "change_type": "revoke"},
        ),
        (
            partial(LevelChanged, before=1, after=2),
            kinds.LEVEL_CHANGE,
            {"current_level": "2", "previous_level": "1"},
        ),
        (partial(StateChanged, before="active", after="closed"), kinds.DISABLED, {}),
        (
            partial(NumberReplaced),
            kinds.IDENTIFIER_CHANGED,
            {"identifier": "personal_number"},
        ),
        (
            partial(ContactChanged, kind="phone"),
            kinds.IDENTIFIER_CHANGED,
            {"identifier": "phone"},
        ),
    ],
)
def test_each_event_has_its_name(
    provider, client, portal, person, happened, kind, members
) -> None:
    """CAEP §3, RISC §2: what the audit log records is told in those words."""
    streams = Streams(client, "tax")
    streams.create()
    _, tokens = sign_in(client, portal, person)
    with provider.database.transaction() as session:
        event = happened(account_of(provider, person))
        provider.audit.record(session, event, now=clock.now())

    (token,) = streams.poll()["sets"].values()
    claims = read(client, token)
    assert claims["sub_id"] == {
        "format": "iss_sub",
        "iss": "http://localhost:8000",
        "sub": tokens["claims"]["sub"],
    }
    assert claims["events"].keys() == {kind}
    assert members.items() <= claims["events"][kind].items()
    assert person["personal_number"] not in str(claims)


def test_an_account_is_enabled_when_no_lock_is_left(
    provider, client, portal, person
) -> None:
    """The last ground decides (RISC §2.3)."""
    streams = Streams(client, "tax")
    streams.create(events_requested=[kinds.ENABLED])
    sign_in(client, portal, person)
    account_id, now = account_of(provider, person), clock.now()
    grounds = ("authority_request", "holder_request")
    with provider.database.transaction() as session:
        for ground in grounds:
            lifecycle.place_lock(
                session,
                provider.audit,
                account_id,
                ground=ground,
                asker="authority",
                now=now,
            )
    told = []
    for ground in grounds:
        with provider.database.transaction() as session:
            lifecycle.lift_lock(
                session,
                provider.audit,
                account_id,
                ground=ground,
                asker="authority",
                now=now,
            )
        told.append(len(streams.poll()["sets"]))
    assert told == [0, 1]


def test_nobody_hears_of_who_allows_them_nothing(
    provider, client, portal, person
) -> None:
    """No consent, no signal; and a session tells those that it reached."""
    other = Portal.register(provider, "bank", grant_types=GRANTS)
    bank, tax = Streams(client, "bank"), Streams(client, "tax")
    bank.create()
    tax.create()
    browser, _ = sign_in(client, portal, person)
    press(browser, "/account", "sign-out")
    assert bank.poll()["sets"] == {}
    assert len(tax.poll()["sets"]) == 1

    sign_in(client, other, person)
    lock(provider, person)

    kinds_of = [
        sorted(
            next(iter(read(client, token)["events"])).rpartition("/")[2]
            for token in streams.poll()["sets"].values()
        )
        for streams in (bank, tax)
    ]
    assert kinds_of[0] == ["account-disabled", "session-revoked"]
    assert "account-disabled" in kinds_of[1]


def test_a_paused_stream_keeps_and_a_disabled_one_does_not(
    provider, client, portal, person
) -> None:
    """SSF §8.1.2.1."""
    streams = Streams(client, "tax")
    streams.create()
    browser, _ = sign_in(client, portal, person)
    assert streams.call("POST", "status", {"status": "paused"}).status_code == 200
    press(browser, "/account", "sign-out")
    assert streams.poll()["sets"] == {}
    streams.call("POST", "status", {"status": "enabled"})
    assert len(streams.poll()["sets"]) == 1
    streams.call("POST", "status", {"status": "disabled"})
    streams.call("POST", "status", {"status": "enabled"})
    assert streams.poll()["sets"] == {}
    assert streams.call("POST", "status", {"status": "asleep"}).status_code == 400


def test_what_waits_goes_the_new_way(provider, client, portal, person) -> None:
    """From push to polling and back; nothing is lost on the way."""
    streams = Streams(client, "tax")
    with taking() as ear:
        push = {"delivery": {"method": PUSH, "endpoint_url": ear.uri}}
        streams.create(**push)
        browser, _ = sign_in(client, portal, person)
        ear.answers.append(503)
        press(browser, "/account", "sign-out")
        provider.courier.wait()
        streams.call("PATCH", "stream", {"delivery": {"method": POLL}})
        assert delivery.deliver(provider, now=clock.now() + timedelta(hours=1)) == 0
        assert len(streams.poll()["sets"]) == 1
        streams.call("PATCH", "stream", push)
        assert delivery.deliver(provider, now=clock.now()) == 1
        assert len(ear.tokens) == 2
        assert streams.call("POST", "poll", {}).status_code == 400, "it is pushed"


def test_what_nobody_fetches_is_forgotten(provider, client, portal, person) -> None:
    """Nothing waits without end."""
    streams = Streams(client, "tax")
    streams.create()
    browser, _ = sign_in(client, portal, person)
    press(browser, "/account", "sign-out")
    later = clock.now() + timedelta(seconds=provider.config.signals.keep + 1)
    delivery.deliver(provider, now=later)
    assert streams.poll()["sets"] == {}
