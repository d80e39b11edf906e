"""Nothing unsound is signed."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from idp.oidc.tokens import Order, UnsoundTokenError, build, lint, token_hash

SOUND = {
    "iss": "https://id.example",
    "sub": "a" * 43,
    "aud": "portal",
    "iat": 1000,
    "exp": 1600,
    "jti": "one",
    "auth_time": 990,
    "acr": "urn:dinhdanh:acr:2.2",
    "amr": ["pwd", "otp"],
    "sid": "s",
}


def test_a_sound_token_passes_unchanged():
    """The lint only looks."""
    assert lint(dict(SOUND)) == SOUND


@pytest.mark.parametrize("name", sorted(SOUND))
def test_every_claim_is_required(name):
    """A claim that is missing or empty stops the signature."""
    without = {key: value for key, value in SOUND.items() if key != name}

    for claims in (without, {**SOUND, name: ""}, {**SOUND, name: None}):
        with pytest.raises(UnsoundTokenError):
            lint(claims)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1000},
        {"exp": "1600"},
        {"auth_time": 1001},
        {"sub": "a" * 256},
        {"sub": "công dân"},
        {"amr": ["pwd", 1]},
        {"nonce": None},
        {"aud": 5},
    ],
)
def test_wrong_values_stop_the_signature(changes):
    """Types, order of times, the subject's letters (OIDC Core §2)."""
    with pytest.raises(UnsoundTokenError):
        lint({**SOUND, **changes})


def test_no_unbound_token_for_a_client_of_bound_ones():
    """A grant that forgot to ask for the key makes no token (RFC 9449 §5.2)."""
    order = Order(
        party=SimpleNamespace(needs_bound_tokens=True),
        sign_in=None,
        live=None,
        scopes=("openid",),
        audience=(),
        at=datetime(2026, 11, 22, tzinfo=UTC),
    )

    with pytest.raises(UnsoundTokenError):
        build(None, order)


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_at_hash_is_the_specification_s_example(alg):
    """OIDC Core appendix A.4."""
    token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"

    assert token_hash(token, alg=alg) == "77QmUPtjPfzWtF2AnpK9RQ"
