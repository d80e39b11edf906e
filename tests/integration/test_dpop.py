"""Tokens bound to a key of the client (DPoP, RFC 9449)."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc import jwk

from tests.holder import ISSUER, Holder, unsigned
from tests.integration.dpop_side import ask, stamp, take, tokens_of
from tests.integration.token_side import (
    assert_refused,
    authorize,
    claims_of,
    post,
    register,
    userinfo,
)
from tests.services import BACKENDS


@pytest.fixture
def holder():
    return Holder()


@pytest.fixture
def bound(client, provider, holder):
    """Return an access token bound to the holder's key."""
    return tokens_of(client, provider, holder)[1]["access_token"]


@pytest.mark.parametrize("method", ["client_secret_basic", "none", "private_key_jwt"])
def test_a_proof_binds_the_tokens(client, provider, holder, method):
    """§5, §6.1: the type is DPoP and `cnf` names the key, wherever it is told."""
    portal, tokens = tokens_of(client, provider, holder, method=method)
    token = tokens["access_token"]

    assert tokens["token_type"] == "DPoP"
    assert claims_of(token)["cnf"] == {"jkt": holder.jkt}
    assert ask(client, holder.headers("GET", "/userinfo", token)).status_code == 200
    if method != "none":
        told = post(client, "/introspect", portal, {"token": token}).get_json()
        assert (told["token_type"], told["cnf"]) == ("DPoP", {"jkt": holder.jkt})


@pytest.mark.parametrize(
    ("alg", "key"),
    [
        ("PS256", lambda: jwk.RSAKey.generate_key(2048)),
        ("EdDSA", lambda: jwk.OKPKey.generate_key("Ed25519")),
    ],
)
def test_other_strong_algorithms(client, provider, alg, key):
    """What discovery lists works, and no more (§5.1)."""
    holder = Holder(key(), alg)
    _, tokens = tokens_of(client, provider, holder)

    headers = holder.headers("GET", "/userinfo", tokens["access_token"])

    assert ask(client, headers).status_code == 200
    told = client.get("/.well-known/openid-configuration").get_json()
    assert told["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]


def test_a_bound_token_is_no_bearer_token(client, holder, bound):
    """§7.2: neither scheme serves for the other's tokens, a form for none."""
    proof = holder.proof("GET", "/userinfo", token=bound)

    plain = userinfo(client, bound)
    beside = ask(client, {"Authorization": f"Bearer {bound}", "DPoP": proof})
    posted = client.post("/userinfo", data={"access_token": bound})

    for refused in (plain, beside, posted):
        assert_refused(refused, "invalid_token", 401)
    assert plain.headers["WWW-Authenticate"].startswith("Bearer ")
    assert beside.headers["WWW-Authenticate"].startswith("DPoP ")


def test_an_unbound_token_is_no_dpop_token(client, provider, holder):
    """§7.1: a proof makes no bound token out of a bearer token."""
    portal = register(provider)
    answered = post(client, "/token", portal, authorize(provider, portal).form())
    token = answered.get_json()["access_token"]

    refused = ask(client, holder.headers("GET", "/userinfo", token))

    assert_refused(refused, "invalid_token", 401)
    assert answered.get_json()["token_type"] == "Bearer"
    assert "cnf" not in claims_of(token)
    assert userinfo(client, token).status_code == 200


def test_the_challenge_names_the_algorithms(client, holder, bound):
    """§7.1: a client that speaks DPoP is answered in DPoP."""
    empty = ask(client, {"Authorization": "DPoP"})
    without = ask(client, {"Authorization": f"DPoP {bound}"})

    assert empty.headers["WWW-Authenticate"] == 'DPoP algs="ES256 PS256 EdDSA"'
    assert_refused(without, "invalid_dpop_proof", 401)
    challenge = without.headers["WWW-Authenticate"]
    assert challenge.startswith('DPoP error="invalid_dpop_proof"')
    assert challenge.endswith('algs="ES256 PS256 EdDSA"')


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": 10}, {"iat": -10}, {"htu": f"{ISSUER}/userinfo?a=b#c"},
        {"htu": "HTTP://LOCALHOST:8000/userinfo"}, {"nbf": 0, "exp": 1},
        {"unknown": [1], "header": {"unknown": {"a": 1}, "kid": "x"}},
    ],
)  # fmt: skip
def test_what_a_sound_proof_may_vary_in(client, holder, bound, changes):
    """§4.3: clocks differ, query and fragment do not count, unknown claims neither."""
    if "iat" in changes:
        changes = {"iat": stamp(seconds=changes["iat"])}

    answered = ask(client, holder.headers("GET", "/userinfo", bound, **changes))

    assert answered.status_code == 200, answered.text


def test_the_scheme_is_read_in_any_case(client, holder, bound):
    """RFC 9110 §11.1."""
    headers = holder.headers("GET", "/userinfo", bound)
    headers["Authorization"] = f"dPoP {bound}"

    assert ask(client, headers).status_code == 200


UNSOUND = {
    "no jti": {"jti": None}, "empty jti": {"jti": ""}, "long jti": {"jti": "j" * 256},
    "numeric jti": {"jti": 7},
    "no htm": {"htm": None}, "another method": {"htm": "PATCH"}, "case": {"htm": "get"},
    "no htu": {"htu": None}, "another path": {"htu": f"{ISSUER}/revoke"},
    "another host": {"htu": "http://evil.example/userinfo"},
    "another scheme": {"htu": "https://localhost:8000/userinfo"},
    "another port": {"htu": "http://localhost:8001/userinfo"},
    "bad port": {"htu": "http://localhost:x/userinfo"}, "no text": {"htu": 1},
    "no iat": {"iat": None}, "textual iat": {"iat": "now"}, "true iat": {"iat": True},
    "never": {"iat": 10**400},
    "an hour ago": {"iat": 3600}, "an hour ahead": {"iat": -3600},
    "no typ": {"header": {"typ": None}}, "another typ": {"header": {"typ": "JWT"}},
    "no jwk": {"header": {"jwk": None}}, "no key": {"header": {"jwk": {}}},
    "crit": {"header": {"crit": ["exp"], "exp": 1}},
}  # fmt: skip


@pytest.mark.parametrize("name", UNSOUND)
def test_unsound_proofs_are_refused(client, provider, holder, bound, name):
    """§4.3, one by one, at a resource (401) and at the token endpoint (400)."""
    changes = dict(UNSOUND[name])
    if changes.get("iat") in (3600, -3600):
        changes["iat"] = stamp(seconds=changes["iat"])
    portal = register(provider)

    at_resource = ask(client, holder.headers("GET", "/userinfo", bound, **changes))
    at_token = take(client, portal, authorize(provider, portal), holder, **changes)

    assert_refused(at_resource, "invalid_dpop_proof", 401)
    assert_refused(at_token, "invalid_dpop_proof", 400)


def test_forged_proofs_are_refused(client, holder, bound):
    """Algorithms, signatures and keys that prove nothing (CVE-2024-37568's class)."""
    other = Holder()
    private = holder.key.as_dict(private=True)
    good = holder.proof("GET", "/userinfo", token=bound)
    rsa = Holder(jwk.RSAKey.generate_key(2048), "RS256")
    small = Holder(jwk.ECKey.generate_key("P-384"), "ES384")
    symmetric = Holder(jwk.OctKey.import_key(b64encode(b"s" * 32)), "HS256")
    claims = {"jti": "a", "htm": "GET", "htu": f"{ISSUER}/userinfo", "iat": stamp()}
    public = {"typ": "dpop+jwt", "jwk": holder.key.as_dict(private=False)}
    octets = {"kty": "oct", "k": "czMyczMyczMy"}
    forged = [
        "", "not.a.jwt", "a.b", f"{good},{holder.proof('GET', '/userinfo')}",
        good[:-4] + "AAAA", good.rpartition(".")[0] + ".", "x" * 9000,
        unsigned({**public, "alg": "none"}, claims),
        unsigned({**public, "alg": "HS256"}, claims),
        unsigned({**public, "alg": 7}, claims),
        holder.proof("GET", "/userinfo", token=bound, header={"jwk": private}),
        holder.proof("GET", "/userinfo", token=bound, header={"jwk": octets}),
        other.proof("GET", "/userinfo", token=bound, header={"jwk": public["jwk"]}),
        rsa.proof("GET", "/userinfo", token=bound),
        small.proof("GET", "/userinfo", token=bound),
        symmetric.proof("GET", "/userinfo", token=bound, header={"jwk": octets}),
    ]  # fmt: skip

    for proof in forged:
        refused = ask(client, {"Authorization": f"DPoP {bound}", "DPoP": proof})
        assert_refused(refused, "invalid_dpop_proof", 401)
    again = holder.headers("GET", "/userinfo", bound)
    assert ask(client, again).status_code == 200


def test_a_proof_of_another_key_or_token_is_refused(client, provider, holder, bound):
    """§7.1: the key that `cnf` names, for exactly this token."""
    _, others = tokens_of(client, provider, holder)
    other_key = Holder().headers("GET", "/userinfo", bound)
    other_token = holder.proof("GET", "/userinfo", token=others["access_token"])
    no_token = holder.proof("GET", "/userinfo")

    assert_refused(ask(client, other_key), "invalid_token", 401)
    for proof in (other_token, no_token):
        refused = ask(client, {"Authorization": f"DPoP {bound}", "DPoP": proof})
        assert_refused(refused, "invalid_dpop_proof", 401)


def test_a_proof_serves_once(client, holder, bound):
    """§11.1: the same proof again is a replay; the same jti of another key is not."""
    headers = holder.headers("GET", "/userinfo", bound, jti="once")
    first = ask(client, headers)
    again = ask(client, headers)
    same_jti = ask(client, holder.headers("GET", "/userinfo", bound, jti="once"))

    assert first.status_code == 200
    for refused in (again, same_jti):
        assert_refused(refused, "invalid_dpop_proof", 401)


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_parallel_replays_one_wins(app, client, holder, bound):
    """P3: fifty uses of one proof, exactly one answer."""
    headers = holder.headers("GET", "/userinfo", bound)

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: ask(app.test_client(), headers).status_code, range(50))
        )

    assert sorted(answers) == [200] + [401] * 49


def test_browsers_may_send_proofs(client):
    """A page of another origin asks first whether it may (CORS)."""
    response = client.options("/token", headers={"Origin": "https://spa.example"})

    assert "DPoP" in response.headers["Access-Control-Allow-Headers"].split(", ")
