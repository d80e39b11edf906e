"""A client manages its own registration (RFC 7592), and no other's."""

import json
from dataclasses import replace

import pytest
from joserfc import jwk

from idp import clock
from idp.consent import live_grants
from idp.relying_parties import registration_tokens
from tests.integration.registering import (
    CALLBACK,
    METADATA,
    initial_token,
    manage,
    post,
    registered,
    send,
)
from tests.integration.token_side import (
    KEY,
    Portal,
    account_of,
    assert_refused,
    consent_to,
)


@pytest.fixture
def answer(client, provider):
    """Return the answer to a registration."""
    return registered(client, initial_token(provider, scope="openid profile"))


def test_a_client_reads_what_is_registered(client, answer):
    """RFC 7592 §2.1: the same members, without a secret that nobody keeps."""
    response = manage(client, "GET", answer)

    secrets = {"client_secret", "client_secret_expires_at"}
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.get_json() == {
        name: value for name, value in answer.items() if name not in secrets
    }


def test_a_replacement_is_whole(client, answer):
    """RFC 7592 §2.2: what it leaves out is gone."""
    manage(client, "PUT", answer, policy_uri="https://shop.example.vn/policy")
    response = manage(client, "PUT", answer, client_name="Cửa hàng mới")

    stands = manage(client, "GET", answer).get_json()
    assert response.status_code == 200
    assert stands["client_name"] == "Cửa hàng mới"
    assert "policy_uri" not in stands
    assert "client_secret" not in response.get_json()


def test_a_read_answer_can_be_put_back(client, answer):
    """RFC 7592 §2.2: clients send all members that they were told."""
    told = manage(client, "GET", answer).get_json()

    assert manage(client, "PUT", answer, **told).get_json() == told


PROTECTIONS = {
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "ES256",
    "userinfo_signed_response_alg": "ES256",
    "require_pushed_authorization_requests": True,
    "require_nonce": True,
    "minimum_acr": "urn:dinhdanh:acr:2.2",
    "default_max_age": 0,
    "default_acr_values": ["urn:dinhdanh:acr:2.2"],
    "request_object_signing_alg": "ES256",
    "require_signed_request_object": True,
    "backchannel_logout_uri": "https://shop.example.vn/bye",
    "backchannel_logout_session_required": True,
}


def test_leaving_a_protection_out_switches_nothing_off(client, answer):
    """CVE-2026-107623: an update that omits a field weakens nothing."""
    keys = {"jwks": {"keys": [KEY.as_dict(private=False)]}}
    manage(client, "PUT", answer, **PROTECTIONS, **keys)

    response = manage(client, "PUT", answer, **keys)

    stands = response.get_json()
    assert response.status_code == 200
    assert {name: stands[name] for name in PROTECTIONS} == PROTECTIONS


def test_a_protection_is_switched_off_by_saying_so(client, answer):
    """The client's own choice, in so many words."""
    manage(client, "PUT", answer, require_pushed_authorization_requests=True)

    response = manage(
        client, "PUT", answer, require_pushed_authorization_requests=False
    )

    assert response.get_json()["require_pushed_authorization_requests"] is False


def test_no_update_leaves_what_was_approved(client, answer):
    """Scope, purposes and sector stay within the operator's word."""
    widened = manage(
        client,
        "PUT",
        answer,
        scope="openid profile household",
        claims_policy=[{"claim": "household.members", "purpose": "x"}],
        sector="bank.example.vn",
    ).get_json()
    elsewhere = manage(
        client, "PUT", answer, redirect_uris=["https://elsewhere.example/callback"]
    )

    assert widened["scope"] == "openid profile"
    assert widened["claims_policy"] == []
    assert widened["sector"] == "shop.example.vn"
    assert_refused(elsewhere, "invalid_redirect_uri")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_token_manages_its_own_client_only(client, provider, answer, method):
    """CVE-2026-116672, CWE-639: the token of A is nothing at B."""
    other = registered(
        client, initial_token(provider), redirect_uris=["https://two.example/cb"]
    )

    foreign = manage(client, method, other, token=answer["registration_access_token"])
    unknown = send(
        client,
        method,
        "/register?client_id=nobody",
        answer["registration_access_token"],
        METADATA if method == "PUT" else None,
    )

    assert foreign.status_code == unknown.status_code == 401
    assert foreign.data == unknown.data
    assert manage(client, "GET", other).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["", "?client_id=", "?client_id=%00", "?client_id=a&client_id=b", "?id=x", "?%ff"],
)
def test_an_address_that_names_no_client_is_refused_alike(client, answer, query):
    """Nothing is told about what an address lacks."""
    token = answer["registration_access_token"]

    assert send(client, "GET", f"/register{query}", token).status_code == 401


def test_an_initial_token_manages_nothing(client, provider, answer):
    """C5: one kind of token is nothing as another kind."""
    token = initial_token(provider)

    assert manage(client, "GET", answer, token=token).status_code == 401
    assert post(client, answer["registration_access_token"]).status_code == 401


@pytest.mark.parametrize("members", [{"client_id": "another"}, {"client_id": None}])
def test_a_replacement_names_its_own_client(client, answer, members):
    """RFC 7592 §2.2: the client_id must match."""
    assert_refused(manage(client, "PUT", answer, **members), "invalid_client_metadata")


@pytest.mark.parametrize("secret", ["w" * 43, ["x"], 7])
def test_a_client_does_not_choose_its_secret(client, answer, secret):
    """RFC 7592 §2.2: a given secret is the present one."""
    refused = manage(client, "PUT", answer, client_secret=secret)
    same = manage(client, "PUT", answer, client_secret=answer["client_secret"])

    assert_refused(refused, "invalid_client_metadata")
    assert same.status_code == 200


@pytest.mark.parametrize(
    ("how", "is_alive"), [("overlapping", True), ("at_once", False)]
)
def test_a_secret_is_rotated(client, provider, answer, how, is_alive):
    """With an overlap for a portal of many servers, or without one after a leak."""
    rotated = manage(client, "PUT", answer, rotate_client_secret=how).get_json()

    check, client_id = provider.relying_parties.check_secret, answer["client_id"]
    assert rotated["client_secret"] != answer["client_secret"]
    assert check(client_id, rotated["client_secret"])
    assert check(client_id, answer["client_secret"]) is is_alive


class TestWithoutOverlap:
    """The operator grants no overlap."""

    @pytest.fixture
    def config(self, config):
        """Set it."""
        return replace(config, registration=replace(config.registration, overlap=0))

    def test_a_replaced_secret_is_over_when_its_overlap_is(self, client, answer):
        """The setting counts from the rotation."""
        manage(client, "PUT", answer, rotate_client_secret="overlapping")

        former = Portal(answer["client_id"], answer["client_secret"])
        assert not proves_itself(client, former)


def test_a_removed_client_is_gone_with_its_grants(client, provider, answer):
    """RFC 7592 §2.3: 204, and its token, secret and permissions are dead."""
    portal = Portal(answer["client_id"], answer["client_secret"])
    grant = consent_to(provider, portal, account_of(provider), scopes="openid profile")

    response = manage(client, "DELETE", answer)

    assert (response.status_code, response.data) == (204, b"")
    assert provider.relying_parties.find(answer["client_id"]) is None
    assert manage(client, "GET", answer).status_code == 401
    assert manage(client, "DELETE", answer).status_code == 401
    with provider.database.read() as connection:
        live = live_grants.live_for_token(connection, grant.id, clock.now())
    assert live is None or not live.is_usable


def test_no_token_is_kept_in_the_clear(client, provider, answer):
    """A reader of the database learns no token (CWE-312)."""
    with provider.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM registration_tokens").all()
        events = connection.exec_driver_sql("SELECT data FROM audit_events").all()

    kept = f"{rows}{events}"
    assert answer["client_id"] in kept
    assert answer["registration_access_token"] not in kept


def test_a_new_token_kills_the_former(client, provider, answer):
    """An operator issues another one after a leak."""
    with provider.database.transaction() as session:
        registration_tokens.issue(
            session, provider.audit, answer["client_id"], {}, now=clock.now()
        )

    assert manage(client, "GET", answer).status_code == 401


def test_redirects_may_be_added_on_the_same_host(client, answer):
    """The sector is the host; a portal has many pages on it."""
    uris = [CALLBACK, "https://shop.example.vn/other"]

    response = manage(client, "PUT", answer, redirect_uris=uris)

    assert json.loads(response.data)["redirect_uris"] == uris


NULLS = {
    "require_pushed_authorization_requests": True,
    "require_nonce": True,
    "default_max_age": 60,
    "backchannel_logout_uri": "https://shop.example.vn/bye",
}


def test_null_switches_no_protection_off(client, answer):
    """RFC 7592 §2.2: what says nothing is as good as left out."""
    manage(client, "PUT", answer, **NULLS)

    stands = manage(client, "PUT", answer, **dict.fromkeys(NULLS)).get_json()

    assert {name: stands[name] for name in NULLS} == NULLS


@pytest.mark.parametrize(
    ("change", "goes_on"),
    [
        ({"redirect_uris": [CALLBACK, "https://shop.example.vn/other"]}, True),
        ({"token_endpoint_auth_method": "client_secret_post"}, True),
        ({"token_endpoint_auth_method": "none"}, False),
        ({"redirect_uris": ["https://group.example.vn/callback"]}, False),
    ],
)
def test_whoever_is_another_asks_anew(client, provider, change, goes_on):
    """A citizen allowed it to who proves itself, at the hosts of then."""
    token = initial_token(provider, sector="group.example.vn", scope="openid profile")
    answer = registered(client, token)
    portal = Portal(answer["client_id"], answer["client_secret"])
    grant = consent_to(provider, portal, account_of(provider), scopes="openid profile")

    assert manage(client, "PUT", answer, **change).status_code == 200

    with provider.database.read() as connection:
        live = live_grants.live_for_token(connection, grant.id, clock.now())
    assert (live is not None and live.is_usable) is goes_on


def test_an_approved_sector_frees_no_host(client, provider):
    """OIDC Core §8.1: what a portal is known by serves nobody elsewhere."""
    answer = registered(client, initial_token(provider, sector="group.example.vn"))

    refused = manage(client, "PUT", answer, redirect_uris=["https://evil.example/cb"])

    assert_refused(refused, "invalid_redirect_uri")


def proves_itself(client, portal):
    """Say whether the portal may ask about a token."""
    form, headers = portal.credentials()
    response = client.post("/introspect", data={**form, "token": "x"}, headers=headers)
    answer = response.get_json()
    assert answer == {"active": False} or answer["error"] == "invalid_client"
    return "error" not in answer


@pytest.fixture
def keys():
    """Return two keys, the first of which is registered first."""
    return [
        jwk.ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})
        for kid in ("old", "new")
    ]


@pytest.fixture
def portals(client, provider, keys):
    """Return the portal as it proves itself by each key, after the second came."""
    method = {"token_endpoint_auth_method": "private_key_jwt"}
    old, new = ({"jwks": {"keys": [key.as_dict(private=False)]}} for key in keys)
    answer = registered(client, initial_token(provider), **old, **method)
    manage(client, "PUT", answer, **new, **method)
    return answer, [
        Portal(answer["client_id"], key=key, method="private_key_jwt") for key in keys
    ]


def test_replaced_keys_overlap(client, portals):
    """A portal of many servers changes over without a failed proof."""
    _, (old, new) = portals

    assert proves_itself(client, old)
    assert proves_itself(client, new)


def test_replaced_keys_end_at_once_after_a_leak(client, portals):
    """The one that was replaced before the leak was noticed, too."""
    answer, (old, new) = portals
    jwks = {"jwks": {"keys": [new.key.as_dict(private=False)]}}

    ended = manage(client, "PUT", answer, replaced_keys="at_once", **jwks)

    assert ended.status_code == 200
    assert not proves_itself(client, old)
    assert proves_itself(client, new)


@pytest.mark.parametrize("member", ["replaced_keys", "rotate_client_secret"])
def test_a_word_that_is_not_known_replaces_nothing(client, answer, member):
    """A misspelt `at_once` must not leave a leaked key alive unseen."""
    refused = manage(client, "PUT", answer, **{member: "now"})

    assert_refused(refused, "invalid_client_metadata")


def test_an_approved_profile_stays(client, provider):
    """FAPI 2.0 is the operator's switch; a change against it is refused by its rule."""
    answer = registered(
        client,
        initial_token(provider, profile="fapi2"),
        jwks={"keys": [KEY.as_dict(private=False)]},
    )

    kept = manage(client, "PUT", answer, profile=None, jwks=answer["jwks"])
    loosened = [
        {"require_pushed_authorization_requests": False},
        {"dpop_bound_access_tokens": False},
        {"request_object_signing_alg": "RS256"},
    ]
    for change in loosened:
        refused = manage(client, "PUT", answer, jwks=answer["jwks"], **change)
        assert_refused(refused, "invalid_client_metadata")
        told = refused.get_json()["error_description"]
        assert told.startswith(f"profile fapi2: {next(iter(change))}")

    assert kept.get_json()["profile"] == answer["profile"] == "fapi2"
    assert kept.get_json()["require_pushed_authorization_requests"] is True
