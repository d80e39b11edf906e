"""Registration over HTTP (RFC 7591), with an operator's token only."""

from dataclasses import replace
from datetime import timedelta

import pytest

from idp.oidc.endpoints import MACHINE_ENDPOINTS
from tests.integration.registering import (
    CALLBACK,
    METADATA,
    initial_token,
    manage,
    post,
    registered,
    send,
)
from tests.integration.token_side import assert_refused, basic


def test_an_approved_client_registers_itself(client, provider):
    """RFC 7591 §3.2.1: 201 with all that was registered, and never cached."""
    response = post(client, initial_token(provider))

    answer = response.get_json()
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    assert answer["redirect_uris"] == [CALLBACK]
    assert answer["client_secret_expires_at"] == 0
    assert answer["sector"] == "shop.example.vn"
    assert provider.relying_parties.check_secret(
        answer["client_id"], answer["client_secret"]
    )


def test_the_new_client_proves_itself(client, provider):
    """What was handed out works at once: the proof is taken, the code is not."""
    answer = registered(client, initial_token(provider))

    proof = basic(answer["client_id"], answer["client_secret"])
    response = client.post(
        "/token",
        data={
            "grant_type": "authorization_code",
            "code": "x",
            "redirect_uri": CALLBACK,
            "code_verifier": "v" * 43,
        },
        headers={"Authorization": proof},
    )

    assert_refused(response, "invalid_grant")


@pytest.mark.parametrize("token", [None, "unknown", "", "a b", "é"])
def test_nobody_registers_without_a_token(client, token):
    """RFC 7591 §3: without approval there is no registration."""
    response = post(client, token)

    assert response.status_code == 401
    assert response.get_json()["error"] == "invalid_token"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_expires(client, provider):
    """A lost token is worth nothing after its term."""
    token = initial_token(provider, lasting=timedelta(seconds=-1))

    assert post(client, token).status_code == 401


def test_a_token_serves_as_often_as_was_approved(client, provider):
    """Twice, and not a third time."""
    token = initial_token(provider, uses=2)

    statuses = [
        post(client, token, redirect_uris=[f"https://{name}.example/cb"]).status_code
        for name in ("one", "two", "three")
    ]

    assert statuses == [201, 201, 401]


def test_a_refused_registration_spends_nothing(client, provider):
    """A portal mends its metadata and comes again."""
    token = initial_token(provider)
    refused = post(client, token, redirect_uris=["http://shop.example.vn/"])
    assert_refused(refused, "invalid_redirect_uri")

    assert post(client, token).status_code == 201


def test_a_client_never_chooses_who_it_is(client, provider):
    """CWE-639: a known client_id replaces nobody, a chosen secret is not taken."""
    victim = registered(client, initial_token(provider))

    other = registered(
        client,
        initial_token(provider),
        client_id=victim["client_id"],
        client_secret="chosen-by-the-client-0123456789abcdef",
        redirect_uris=["https://other.example/callback"],
    )

    assert other["client_id"] != victim["client_id"]
    assert other["client_secret"] != "chosen-by-the-client-0123456789abcdef"
    unharmed = provider.relying_parties.find(victim["client_id"])
    assert unharmed.redirect_uris == (CALLBACK,)


def test_what_was_approved_prevails(client, provider):
    """RFC 7591 §3.2.1: the answer tells what stands instead of what was asked."""
    token = initial_token(
        provider,
        scope="openid profile",
        client_name="Cửa hàng đã duyệt",
        minimum_acr="urn:dinhdanh:acr:2.2",
    )

    answer = registered(
        client,
        token,
        scope="openid household profile",
        minimum_acr="urn:dinhdanh:acr:1.1",
        **{"client_name#vi": "Ngân hàng"},
    )

    assert answer["scope"] == "openid profile"
    assert answer["client_name"] == "Cửa hàng đã duyệt"
    assert "client_name#vi" not in answer
    assert answer["minimum_acr"] == "urn:dinhdanh:acr:2.2"


def test_grants_without_a_browser_are_the_operators(client, provider):
    """Nobody lets itself call citizens, act for others or ask about others' tokens."""
    wished = {
        "grant_types": [
            *("authorization_code", "client_credentials"),
            "urn:openid:params:grant-type:ciba",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        "resources": ["https://api.example"],
        "allowed_resources": ["https://api.example"],
    }

    answer = registered(client, initial_token(provider), **wished)

    assert answer["grant_types"] == ["authorization_code"]
    assert not {"resources", "allowed_resources"} & set(answer)


def test_purposes_are_the_operators(client, provider):
    """What a portal says of itself is not why citizens are asked."""
    policy = [{"claim": "name", "purpose": "Vì chúng tôi muốn"}]

    asked = registered(client, initial_token(provider, uses=1), claims_policy=policy)

    assert asked["claims_policy"] == []


def test_a_sector_is_not_for_the_taking(client, provider):
    """OIDC Core §8.1: who had another's sector would see its subjects."""
    registered(client, initial_token(provider))

    claimed = registered(
        client,
        initial_token(provider),
        sector="bank.example.vn",
        redirect_uris=["https://two.example/callback"],
    )
    same_host = post(client, initial_token(provider))
    approved = post(client, initial_token(provider, sector="shop.example.vn"))

    assert claimed["sector"] == "two.example"
    assert_refused(same_host, "invalid_client_metadata")
    assert approved.status_code == 201


class TestOutsideASandbox:
    """Citizens are real: what nobody approved is not given."""

    @pytest.fixture
    def config(self, config):
        """Switch the sandbox off."""
        return replace(config, sandbox=replace(config.sandbox, enabled=False))

    def test_a_scope_without_claims_needs_approval_too(self, client, provider):
        """To act for others is the operator's to allow, at first and by an update."""
        scopes = "openid representation organisation profile offline_access"

        answer = registered(client, initial_token(provider), scope=scopes)
        changed = manage(client, "PUT", answer, scope=scopes).get_json()

        assert answer["scope"] == changed["scope"] == "openid offline_access"

    def test_what_was_approved_is_given(self, client, provider):
        """As far as it is asked."""
        token = initial_token(provider, scope="openid representation")

        answer = registered(client, token, scope="openid representation organisation")

        assert answer["scope"] == "openid representation"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"x"',
        b"{",
        b"\xff{}",
        b'{"redirect_uris": [], "redirect_uris": []}',
        b'{"default_max_age": NaN}',
        b'{"contacts": ["\\ud800"]}',
        b"[" * 60_000,
    ],
)
def test_a_body_that_is_no_json_object_is_refused(client, provider, body):
    """One strict reading, whatever comes (CWE-20, CWE-674)."""
    response = client.post(
        "/register",
        data=body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {initial_token(provider)}"},
    )

    assert_refused(response, "invalid_request")


def test_only_json_is_read(client, provider):
    """A page of another site can post forms, not this."""
    response = client.post(
        "/register",
        data=METADATA,
        headers={"Authorization": f"Bearer {initial_token(provider)}"},
    )

    assert response.status_code == 415


def test_a_query_has_no_place_in_a_registration(client, provider):
    """A token in an address would stand in logs; nothing is read there."""
    token = initial_token(provider)
    response = send(client, "POST", "/register?client_id=x", token, METADATA)

    assert_refused(response, "invalid_request")


def test_scripts_of_other_sites_read_nothing_here(client):
    """Registration is for programs that keep a secret."""
    endpoint = next(item for item in MACHINE_ENDPOINTS if item.path == "/register")

    assert not endpoint.is_open_to_browsers
    assert client.options("/register").status_code == 405
