"""Keys at a portal's `jwks_uri`, and its sector's list, over HTTP."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from threading import Thread
from typing import Any

import pytest
from joserfc import jwe, jwk, jwt

from idp.config import Config
from tests.drip import dripping
from tests.integration.registering import (
    CALLBACK,
    initial_token,
    manage,
    post,
    registered,
)
from tests.integration.token_side import (
    KEY,
    Portal,
    assert_refused,
    authorize,
    redeem,
    refresh,
    register,
)
from tests.integration.token_side import post as post_as
from tests.serving import Place, serving

NEW_KEY = jwk.ECKey.generate_key("P-256", {"kid": "portal-2", "use": "sig"})
ENCRYPTING = jwk.ECKey.generate_key("P-256", {"kid": "portal-3", "use": "enc"})
OTHER_HOST = "https://other.example/callback"


@pytest.fixture
def config(config: Config) -> Config:
    """Let an unknown kid be looked for at once, and nothing wait for long."""
    limits = replace(
        config.registration,
        keys_refresh_after=0,
        fetch_timeout=0.5,
        fetch_bytes=2000,
    )
    return replace(config, registration=limits)


@pytest.fixture
def place() -> Iterator[Place]:
    """Return the portal's address, with its keys."""
    with serving({"keys": [KEY.as_dict(private=False)]}) as place:
        yield place


@pytest.fixture
def portal(client, provider, place) -> Portal:
    """Return a portal that keeps its keys at the address."""
    answer = registered(
        client,
        initial_token(provider),
        token_endpoint_auth_method="private_key_jwt",
        jwks_uri=place.uri,
    )
    return Portal(answer["client_id"], key=KEY, method="private_key_jwt")


def error_of(client, portal, **claims) -> str:
    """Return what a token request with a wrong code is told."""
    form, headers = portal.credentials(**claims)
    form |= {"grant_type": "authorization_code", "code": "x", "redirect_uri": CALLBACK}
    form |= {"code_verifier": "v" * 43}
    return client.post("/token", data=form, headers=headers).get_json()["error"]


class Naming(Portal):
    """A portal whose assertions name their key."""

    def assertion(self, **changes: Any) -> str:
        """Return an assertion with the kid in its header."""
        claims = jwt.decode(super().assertion(**changes), self.key).claims
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)


PROVEN = "invalid_grant"
UNPROVEN = "invalid_client"


def test_a_portal_proves_itself_by_the_key_at_its_address(client, portal, place):
    """RFC 7523 with RFC 7591 §2 jwks_uri; fetched once."""
    assert place.asked == 0

    assert [error_of(client, portal) for _ in range(3)] == [PROVEN] * 3
    assert place.asked == 1


def test_a_new_key_is_found_by_its_kid(client, portal, place):
    """OIDC Core §10.1.1: the portal rotates by changing what stands there."""
    error_of(client, portal)
    place.show({"keys": [key.as_dict(private=False) for key in (KEY, NEW_KEY)]})

    renewed = Naming(portal.client_id, key=NEW_KEY, method=portal.method)

    assert error_of(client, renewed) == PROVEN
    assert error_of(client, portal) == PROVEN


def test_a_key_that_is_not_there_proves_nothing(client, portal):
    """J1: whatever the assertion's header says."""
    stranger = replace(portal, key=NEW_KEY)

    assert error_of(client, stranger) == UNPROVEN


@pytest.mark.parametrize("spoil", ["status", "redirect", "long", "nonsense"])
def test_what_is_not_a_plain_answer_proves_nothing(client, portal, place, spoil):
    """CWE-918, CWE-400: no redirects, no more than the limit, no page of an error."""
    if spoil == "status":
        place.status = 500
    elif spoil == "redirect":
        place.status, place.headers = 302, {"Location": place.uri}
    elif spoil == "long":
        place.body += b" " * 2000
    else:
        place.body = b"<html>"

    assert error_of(client, portal) == UNPROVEN
    assert place.asked == 1


def test_an_address_that_drips_holds_nobody_for_long(client, provider):
    """CWE-400: the whole fetch has one deadline."""
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n") as drip:
        answer = registered(
            client,
            initial_token(provider),
            token_endpoint_auth_method="private_key_jwt",
            jwks_uri=f"http://127.0.0.1:{drip.port}/jwks",
        )
        slow = Portal(answer["client_id"], key=KEY, method="private_key_jwt")

        assert error_of(client, slow) == UNPROVEN
    assert drip.was_cut


def test_an_own_sector_is_shown_by_its_list(client, provider, place):
    """OIDC Registration §5: several hosts, one sector."""
    place.show([CALLBACK, OTHER_HOST])

    answer = registered(
        client,
        initial_token(provider),
        redirect_uris=[CALLBACK, OTHER_HOST],
        sector_identifier_uri=place.uri,
    )

    assert answer["sector"] == "127.0.0.1"
    assert answer["sector_identifier_uri"] == place.uri


def test_why_a_list_cannot_be_read_is_not_told(client, provider, place):
    """CWE-918: refusals that differ would map the networks that we reach."""
    place.status = 404
    nobody, inside = "http://127.0.0.1:9/list", "https://10.0.0.1/list"

    told = [
        post(client, initial_token(provider), sector_identifier_uri=uri).data
        for uri in (place.uri, nobody, inside)
    ]

    assert told == [told[0]] * 3
    assert b"cannot be read" in told[0]


@pytest.mark.parametrize(
    "listed", [[CALLBACK], [], {}, [7], "x", None, [f"{OTHER_HOST}/"]]
)
def test_a_list_without_a_redirect_uri_shows_nothing(client, provider, place, listed):
    """Every one of them must stand there, letter by letter."""
    place.show(listed)

    response = post(
        client,
        initial_token(provider),
        redirect_uris=[CALLBACK, OTHER_HOST],
        sector_identifier_uri=place.uri,
    )

    assert_refused(response, "invalid_client_metadata")


def test_an_update_needs_the_list_too(client, provider, place):
    """No redirect URI slips in once the sector is shown."""
    place.show([CALLBACK])
    sector = {"sector_identifier_uri": place.uri}
    answer = registered(client, initial_token(provider), **sector)

    added = manage(
        client, "PUT", answer, redirect_uris=[CALLBACK, OTHER_HOST], **sector
    )
    without = manage(client, "PUT", answer, redirect_uris=[OTHER_HOST])

    assert_refused(added, "invalid_client_metadata")
    assert_refused(without, "invalid_redirect_uri")


def test_nothing_is_fetched_for_a_stranger(client, place):
    """CWE-918: whoever has no token makes us call nobody."""
    response = post(client, "unknown", sector_identifier_uri=place.uri)

    assert response.status_code == 401
    assert place.asked == 0


class TestWithoutAllowedNetworks:
    """The operator allowed no network, which is the default."""

    @pytest.fixture
    def config(self, config: Config) -> Config:
        """Allow none."""
        return replace(config, outbound=replace(config.outbound, allowed_networks=()))

    def test_no_key_is_fetched(self, client, portal, place):
        """CWE-918, X1: the client proves nothing, and nobody was called."""
        assert error_of(client, portal) == UNPROVEN
        assert place.asked == 0

    @pytest.mark.parametrize(
        "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"]
    )
    def test_no_list_is_fetched(self, client, provider, place, host):
        """However the loopback address is spelt."""
        uri = place.uri.replace("127.0.0.1", host)

        response = post(client, initial_token(provider), sector_identifier_uri=uri)

        assert_refused(response, "invalid_client_metadata")
        assert place.asked == 0


def encrypted_for(provider, place) -> Portal:
    """Register a portal that wants its ID tokens encrypted to a key there."""
    alg = {"id_token_encrypted_response_alg": "ECDH-ES"}
    return register(provider, jwks_uri=place.uri, **alg)


def test_answers_are_encrypted_to_the_key_at_the_address(client, provider, place):
    """OIDC Core §10.2.1, where a code is redeemed and where a token is refreshed."""
    place.show({"keys": [ENCRYPTING.as_dict(private=False)]})
    portal = encrypted_for(provider, place)

    made = authorize(provider, portal, scopes="openid offline_access")
    tokens = redeem(client, portal, made)
    refreshed = refresh(client, portal, tokens["refresh_token"]).get_json()

    for answer in (tokens, refreshed):
        algorithms = ["ECDH-ES", "A256GCM"]
        found = jwe.decrypt_compact(answer["id_token"], ENCRYPTING, algorithms)
        assert found.protected["kid"] == "portal-3"


def test_without_a_key_nothing_goes(client, provider, place):
    """Least of all in clear: here stands a key for signatures alone."""
    portal = encrypted_for(provider, place)

    answer = post_as(client, "/token", portal, authorize(provider, portal).form())

    assert_refused(answer, "server_error", 500)


class TestBesideASilentAddress:
    """Somebody's keys are where a server takes the call and says nothing."""

    @pytest.fixture
    def config(self, config: Config) -> Config:
        """Let one fetch at a time, which may last, and nobody wait for it."""
        limits = replace(
            config.registration,
            fetch_timeout=60,
            fetches_at_once=1,
            fetch_patience=0.01,
        )
        return replace(config, registration=limits)

    def test_nobody_waits_for_it(self, app, client, provider, portal):
        """CWE-400: neither for its keys nor for a turn, and a portal's turn comes."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            uri = f"http://127.0.0.1:{server.getsockname()[1]}/jwks"
            dead = register(provider, "private_key_jwt", jwks=None, jwks_uri=uri)
            first = Thread(target=error_of, args=(app.test_client(), dead))
            first.start()
            call, _ = server.accept()

            told = [error_of(client, one) for one in (dead, portal)]
            is_waiting = first.is_alive()
            call.close()
            first.join()

        assert told == [UNPROVEN] * 2
        assert is_waiting
        assert error_of(client, portal) == PROVEN
