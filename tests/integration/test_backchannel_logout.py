"""Portals are told of sign-outs and locks (OpenID Connect Back-Channel Logout 1.0)."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import repeat
from urllib.parse import urlencode
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from idp import clock, outbound
from idp.accounts import identifiers
from idp.app import create_app
from idp.authentication import logout_outbox, outbox
from idp.authentication.logout_outbox import LOGOUTS
from idp.authentication.models import LogoutNotice
from idp.config.outbound import BackchannelConfig, OutboundConfig
from idp.locks import placing
from idp.outbound import NoAnswerError
from idp.provider import Provider
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.metadata import validate
from tests.driver import SECRET, Browser, Portal, answer, citizen
from tests.listening_portal import listening
from tests.services import BACKENDS
from tests.story import press

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def ear():
    with listening() as heard:
        yield heard


@pytest.fixture
def person(provider: Provider):
    return citizen(provider, account_level=2, state="active", factors=["pwd"])


def sign_in(client, portal: Portal, person) -> tuple[Browser, dict]:
    browser = Browser(client)
    browser.visit(portal.url(scope="openid profile offline_access"))
    browser.sign_in(person)
    page = browser.submit(decision="allow")
    return browser, portal.redeem(client, answer(page)["code"])


def account_of(provider: Provider, person) -> UUID:
    with provider.database.read() as connection:
        found = identifiers.find_account_id(
            connection, provider.sealer, person["personal_number"]
        )
    assert found
    return found


def lock(provider: Provider, person) -> None:
    with provider.database.transaction() as session:
        placing.lock(
            provider,
            session,
            account_of(provider, person),
            ground="authority_request",
            asker="authority",
            now=clock.now(),
        )


def client_with(provider: Provider, **sections) -> FlaskClient:
    """Return a client of a provider with other settings on the same stores."""
    config = replace(provider.config, **sections)
    return create_app(provider=replace(provider, config=config)).test_client()


def waiting(provider: Provider) -> list[LogoutNotice]:
    with provider.database.transaction() as session:
        return list(session.scalars(sa.select(LogoutNotice)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_signing_out_tells_the_portal(provider, client, ear, person) -> None:
    """One token: typed, signed by our ring, with sub, sid, event and no nonce."""
    portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
    browser, tokens = sign_in(client, portal, person)

    press(browser, "/account", "sign-out")

    (claims,) = ear.heard(provider)
    assert claims["iss"] == "http://localhost:8000"
    assert claims["aud"] == "tax"
    assert claims["sub"] == tokens["claims"]["sub"]
    assert claims["sid"] == tokens["claims"]["sid"]
    assert claims["events"] == {EVENT: {}}
    assert claims["exp"] - claims["iat"] == provider.config.backchannel.token
    assert claims["jti"]
    assert "nonce" not in claims
    assert waiting(provider) == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_lock_reaches_sessions_tokens_and_portals(
    provider, client, ear, person
) -> None:
    """The portal's whole subject ends, and unlocking brings no token back to life."""
    portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
    browser, tokens = sign_in(client, portal, person)

    lock(provider, person)

    told = ear.heard(provider)
    assert [claims.get("sid") for claims in told].count(None) == 1
    assert {claims["sub"] for claims in told} == {tokens["claims"]["sub"]}
    with provider.database.transaction() as session:
        left = placing.unlock(
            provider,
            session,
            account_of(provider, person),
            ground="authority_request",
            asker="authority",
            now=clock.now(),
        )
    assert left == ()
    own = {"client_id": "tax", "client_secret": SECRET}
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert client.post("/token", data=refresh | own).status_code == 400
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/userinfo", headers=bearer).status_code == 401
    page = browser.visit(portal.url(prompt="none"))
    assert answer(page)["error"] == "login_required", "the session has ended"
    browser.visit(portal.url())
    assert "code" in answer(browser.sign_in(person)), "the consent has stayed"


@pytest.mark.parametrize("backend", ["production"])
def test_a_savepoint_is_no_commit(provider, client, ear, person) -> None:
    """The portal is told behind the whole transaction, when the notice is there."""
    portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
    sign_in(client, portal, person)
    choice = {"ground": "authority_request", "asker": "authority"}
    with provider.database.transaction() as session:
        account_id = account_of(provider, person)
        placing.lock(provider, session, account_id, **choice, now=clock.now())
        with session.begin_nested():
            session.flush()
        provider.courier.wait()
        assert ear.tokens == []

    assert ear.heard(provider)
    assert waiting(provider) == []


def test_a_portal_that_wants_sids_gets_no_token_without(
    provider, client, ear, person
) -> None:
    """`backchannel_logout_session_required` (§2.2) holds for a lock too."""
    portal = Portal.register(
        provider,
        "tax",
        backchannel_logout_uri=ear.uri,
        backchannel_logout_session_required=True,
    )
    browser, tokens = sign_in(client, portal, person)
    press(browser, "/account", "sign-out")
    lock(provider, person)

    told = ear.heard(provider)

    assert len(told) == 2, "the session that had ended may still live at the portal"
    assert {claims["sid"] for claims in told} == {tokens["claims"]["sid"]}


@pytest.mark.parametrize("status", [500, 400, 302])
def test_what_was_not_heard_is_told_again(
    provider, client, ear, person, status
) -> None:
    """Later, by whoever sweeps, as the same logout; a redirect is not followed."""
    portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
    browser, _ = sign_in(client, portal, person)
    ear.answers.append(status)
    press(browser, "/account", "sign-out")
    ear.heard(provider)
    assert len(ear.tokens) == 1
    now, wait = clock.now(), provider.config.backchannel.retry_after

    assert logout_outbox.deliver(provider, now=now) == 0, "not before its time"
    assert logout_outbox.deliver(provider, now=now + timedelta(seconds=wait)) == 1

    first, second = ear.heard(provider)
    assert first["jti"] == second["jti"]
    assert waiting(provider) == []


def test_a_portal_that_is_gone_is_given_up(provider, client, ear, person) -> None:
    """After the last try the notice goes; each wait was twice the one before."""
    portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
    browser, _ = sign_in(client, portal, person)
    tries = provider.config.backchannel.attempts
    ear.answers.extend([503] * tries)
    press(browser, "/account", "sign-out")
    provider.courier.wait()
    now = clock.now()
    for turn in range(1, tries):
        (notice,) = waiting(provider)
        assert notice.attempts == turn
        due, now = notice.due_at - now, notice.due_at
        assert due > timedelta(seconds=29 * 2 ** (turn - 1))
        assert logout_outbox.deliver(provider, now=now) == 0

    assert len(ear.tokens) == tries
    assert waiting(provider) == []
    with provider.database.read() as connection:
        (event,) = provider.audit.recent(
            connection, account_of(provider, person), 5, types=("PortalNotTold",)
        )
    assert event.data == {"client_id": "tax", "attempts": tries}
    browser.visit("/account")
    browser.sign_in(person)
    assert "Không báo được cho" in browser.visit("/account/history").text


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_portal_that_hangs_delays_no_other(provider, client, ear, person) -> None:
    """However much waits for it: it has one exchange at a time, and the others theirs.

    Once it answers it hears everything.
    """
    with listening() as hanging:
        slow = Portal.register(provider, "slow", backchannel_logout_uri=hanging.uri)
        portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
        browser, _ = sign_in(client, portal, person)
        hanging.may_answer.clear()
        with provider.database.transaction() as session:
            session.add_all(
                LogoutNotice(
                    account_id=account_of(provider, person),
                    client_id=slow.client_id,
                    subject="somebody",
                    due_at=clock.now() - timedelta(minutes=1),
                )
                for _ in range(60)
            )
        outbox.deliver_soon(provider, LOGOUTS, slow.client_id)
        assert hanging.has_heard.wait(30)

        press(browser, "/account", "sign-out")

        assert ear.has_heard.wait(30)
        assert len(hanging.tokens) == 1
        assert {one.client_id for one in waiting(provider)} >= {"slow"}
        hanging.may_answer.set()
        hour = clock.now() + timedelta(hours=1)
        logout_outbox.deliver(provider, now=hour)
        assert len({claims["jti"] for claims in hanging.heard(provider)}) == 60
    assert waiting(provider) == []


@contextmanager
def answering(parts: Iterator[bytes]) -> Iterator[str]:
    """Run a server that answers its one caller with these parts, as they come."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65_536)
                for part in parts:
                    connection.sendall(part)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/bye"
        thread.join()


def drops(answer: bytes) -> Iterator[bytes]:
    never = threading.Event()
    for byte in answer:
        never.wait(0.05)
        yield bytes([byte])


@pytest.mark.parametrize(
    "parts",
    [
        drops(b"HTTP/1.1 200 " + b"o" * 60 + b"\r\nContent-Length: 0\r\n\r\n"),
        repeat(b"x" * 4096, 2000),
        iter([b"HTTP/1.1 2"]),
    ],
    ids=["dripping", "endless", "broken"],
)
def test_an_exchange_has_an_end(parts) -> None:
    """One deadline for all of it, and no more than a line is read."""
    with answering(parts) as uri, pytest.raises(NoAnswerError):
        outbound.post(uri, b"", {}, timeout=0.5, most=0, within=("127.0.0.0/8",))


@pytest.mark.parametrize(
    "uri",
    [
        "http://tax.example/bye",
        "https://tax.example/bye#part",
        "https://me@tax.example/bye",
        "ftp://tax.example/bye",
        7,
    ],
)
def test_other_addresses_are_not_registered(provider, uri) -> None:
    """An absolute https address without fragment or user."""
    with pytest.raises(InvalidMetadataError, match="backchannel_logout_uri"):
        Portal.register(provider, "tax", backchannel_logout_uri=uri)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_our_own_machine_is_for_the_sandbox(host) -> None:
    """In production nobody has us call our own services."""
    metadata = {
        "redirect_uris": ["https://tax.example/back"],
        "backchannel_logout_uri": f"http://{host}:9000/bye",
    }
    assert validate(metadata, sandbox=True)[0]["backchannel_logout_uri"]
    with pytest.raises(InvalidMetadataError, match="our own machine"):
        validate(metadata, sandbox=False)


def test_nothing_outside_the_allowed_networks_is_called(provider, ear, person) -> None:
    """By default none is: the portal hears nothing, and the operator sees why."""
    portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
    strict = client_with(provider, outbound=OutboundConfig())
    browser, _ = sign_in(strict, portal, person)

    press(browser, "/account", "sign-out")

    provider.courier.wait()
    assert ear.tokens == []
    with provider.database.read() as connection:
        (left,) = outbox.waiting(connection, LOGOUTS)
    assert (left.client_id, left.notices, left.attempts) == ("tax", 1, 1)
    assert left.last_answer == "an address outside the allowed networks"


def test_the_redirect_waits_for_the_portals(provider, client, ear, person) -> None:
    """The portal has heard before the browser is back there (§2.5)."""
    portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
    browser, tokens = sign_in(client, portal, person)

    page = browser.visit(leaving(tokens))

    assert page.headers["Location"] == "https://tax.example/bye"
    assert waiting(provider) == []


def test_and_no_longer_than_the_setting(provider, ear, person) -> None:
    """One that hangs is told on, while the browser goes its way."""
    portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
    hasty = client_with(provider, backchannel=BackchannelConfig(wait=0.05))
    browser, tokens = sign_in(hasty, portal, person)
    ear.may_answer.clear()

    page = browser.visit(leaving(tokens))

    assert page.headers["Location"] == "https://tax.example/bye"
    assert len(waiting(provider)) == 1, "still under way"
    ear.may_answer.set()
    assert len(ear.heard(provider)) == 1
    assert waiting(provider) == []


def leaving(tokens: dict) -> str:
    back = {"post_logout_redirect_uri": "https://tax.example/bye"}
    return f"/end_session?{urlencode({'id_token_hint': tokens['id_token'], **back})}"


def test_discovery_says_so(client) -> None:
    """Both members of §2.1."""
    document = client.get("/.well-known/openid-configuration").get_json()
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True
