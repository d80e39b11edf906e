"""OpenID4VCI 1.0: proofs of the wallet's key, and their nonces (§7, §8.2, F)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey, OKPKey

from idp import clock
from idp.oidc.wallets import nonces
from tests.integration.token_side import ISSUER, assert_refused
from tests.integration.wallets.asking import ask, fresh_nonce
from tests.services import BACKENDS

on_each_backend = pytest.mark.parametrize("backend", BACKENDS)
OTHER = ECKey.generate_key("P-256").as_dict(private=False)


NOTHING_PROVEN = (
    {"audience": "https://other.example"},
    {"audience": None},
    {"nonce": None},
    {"nonce": 7},
    {"iat": None},
    {"iat": True},
    {"iat": 1_700_000_000},
    {"iat": 4_000_000_000},
    {"iss": "another-client"},
    {"header": {"typ": "JWT"}},
    {"header": {"typ": None}},
    {"header": {"jwk": None}},
    {"header": {"jwk": {"kty": "EC", "crv": "P-256"}}},
    {"header": {"jwk": {n: OTHER[n] for n in ("kty", "crv", "x", "y")}}},
    {"header": {"jwk": OKPKey.generate_key("Ed25519").as_dict(private=False)}},
    {"header": {"jwk": {"kty": "oct", "k": "AAAA"}}},
    {"header": {"kid": "1"}},
    {"header": {"x5c": ["MIIB"]}},
    {"header": {"crit": ["exp"], "exp": 1}},
)


def test_a_proof_that_proves_nothing_is_refused(client, token, wallet):
    """Appendix F.4, check by check; the nonce is not spent by it."""
    nonce = fresh_nonce(client)

    for changes in NOTHING_PROVEN:
        proof = wallet.proof(**({"audience": ISSUER, "nonce": nonce} | changes))
        assert_refused(ask(client, token, proof), "invalid_proof")

    sound = wallet.proof(audience=ISSUER, nonce=nonce)
    assert ask(client, token, sound).status_code == 200


def test_a_wallet_never_sends_its_private_key(client, token, wallet):
    """Appendix F.4: the header holds no private key."""
    nonce = fresh_nonce(client)
    private = wallet.key.as_dict(private=True)

    proof = wallet.proof(audience=ISSUER, nonce=nonce, header={"jwk": private})

    assert_refused(ask(client, token, proof), "invalid_proof")


NO_PROOFS = (
    None,
    {},
    [],
    {"jwt": []},
    {"jwt": "x"},
    {"jwt": [7]},
    {"jwt": ["x"]},
    {"jwt": ["a.b.c"]},
    {"jwt": ["e30.e30." + "A" * 86]},
    {"jwt": ["A" * 5000]},
    {"attestation": ["x"]},
)


def test_proofs_that_are_none(client, token):
    """They must be there, of the one type that is taken (§8.2)."""
    for proofs in NO_PROOFS:
        assert_refused(ask(client, token, proofs=proofs), "invalid_proof")


def test_too_many_proofs_and_a_key_twice(client, token, wallet):
    """A batch is as long as the metadata say, each key in it once."""
    proof = wallet.proof(audience=ISSUER, nonce=fresh_nonce(client))

    assert_refused(ask(client, token, *[proof] * 2), "invalid_proof")
    assert_refused(ask(client, token, *[proof] * 11), "invalid_proof")


def test_a_nonce_serves_once(client, token, wallet):
    """Replay of a proof (§13.8), also one that came to nothing before."""
    proof = wallet.proof(audience=ISSUER, nonce=fresh_nonce(client))

    assert ask(client, token, proof).status_code == 200
    assert_refused(ask(client, token, proof), "invalid_nonce")


def test_nonces_of_nobody_and_of_yesterday(client, provider, token, wallet):
    """Only ours, and only for a while."""
    good = fresh_nonce(client)
    old = nonces.fresh(provider, clock.now() - timedelta(seconds=301))
    coming = nonces.fresh(provider, clock.now() + timedelta(seconds=60))

    for nonce in ("x", "é", old, coming, good[:-2] + "AA", good + "A" * 300):
        proof = wallet.proof(audience=ISSUER, nonce=nonce)
        assert_refused(ask(client, token, proof), "invalid_nonce")


@on_each_backend
def test_of_parallel_requests_one_spends_the_nonce(app, token, client, wallet):
    """The same proof at once from everywhere."""
    proof = wallet.proof(audience=ISSUER, nonce=fresh_nonce(client))

    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: ask(app.test_client(), token, proof), range(8))

    assert sorted(one.status_code for one in answers) == [200] + [400] * 7
