"""Client assertions are read strictly and live shortly."""

import base64
import contextlib
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jwt

from idp.oidc import assertions
from idp.oidc.assertions import AssertionRefusedError, check_claims, parse

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STAMP = int(NOW.timestamp())
AUDIENCES = ("https://id.example", "https://id.example/token")
KEYS = {
    "ES256": jwk.ECKey.generate_key("P-256", {"kid": "ec"}),
    "RS256": jwk.RSAKey.generate_key(2048, {"kid": "rsa"}),
    "EdDSA": jwk.OKPKey.generate_key("Ed25519", {"kid": "okp"}),
}
KEYS["PS256"] = KEYS["RS256"]


def claims(**changes):
    made = {
        "iss": "portal", "sub": "portal", "aud": AUDIENCES[0], "jti": "one",
        "iat": STAMP, "exp": STAMP + 60, **changes,
    }  # fmt: skip
    return {name: value for name, value in made.items() if value is not None}


def check(**changes):
    return check_claims(
        claims(**changes), client_id="portal", audiences=AUDIENCES, max_age=300, now=NOW
    )


def party(*names, alg=None):
    keys = jwk.KeySet([KEYS[name] for name in names])
    return SimpleNamespace(
        is_fapi2=False, jwks_with=lambda _: keys, token_endpoint_auth_signing_alg=alg
    )


def signed(alg="ES256", key=None, **header):
    header = {"alg": alg, **header}
    return jwt.encode(header, claims(), key or KEYS[alg], algorithms=[alg])


def is_signed_by(party, unverified):
    registered = party.token_endpoint_auth_signing_alg
    return assertions.is_signed_by(party, unverified, registered=registered)


def segment(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def test_a_sound_assertion_lives_until_its_exp():
    """The answer is when it is dead for good, leeway included."""
    assert check() == STAMP + 60 + assertions.LEEWAY


def test_a_long_exp_is_cut_to_the_setting():
    """Stock libraries write one hour; it dies `client_assertion` after iat."""
    assert check(exp=STAMP + 3600) == STAMP + 300 + assertions.LEEWAY


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"}, {"sub": "other"}, {"iss": None}, {"sub": None},
        {"aud": None}, {"aud": "https://other"}, {"aud": [AUDIENCES[0]]},
        {"aud": ["https://id.example"]}, {"aud": 1}, {"aud": {}},
        {"jti": None}, {"jti": ""}, {"jti": 7}, {"jti": "x" * 256},
        {"exp": None}, {"exp": "soon"}, {"exp": True}, {"exp": STAMP - 300},
        {"exp": STAMP + 365 * 86400}, {"exp": STAMP + 3600, "iat": None},
        {"iat": STAMP + 61, "exp": STAMP + 100}, {"iat": "now"},
        {"iat": STAMP - 3000, "exp": STAMP + 60}, {"nbf": STAMP + 61},
        {"nbf": []},
    ],
)  # fmt: skip
def test_unsound_claims_are_refused(changes):
    """RFC 7523 §3, and our caps."""
    with pytest.raises(AssertionRefusedError):
        check(**changes)


@pytest.mark.parametrize(
    "changes", [{"iat": STAMP + 10}, {"nbf": STAMP + 10}, {"iat": None}]
)
def test_small_clock_differences_are_taken(changes):
    """Clocks of portals differ by seconds."""
    check(**changes)


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # joserfc's, when signing
@pytest.mark.parametrize("alg", assertions.ALGORITHMS)
def test_every_offered_algorithm_verifies(alg):
    """ES256, PS256, RS256 and EdDSA, with and without a kid."""
    assert is_signed_by(party("ES256", "RS256", "EdDSA"), parse(signed(alg)))
    with_kid = signed(alg, kid=KEYS[alg].kid)
    assert is_signed_by(party("ES256", "RS256", "EdDSA"), parse(with_kid))


def test_another_key_an_unknown_kid_and_another_algorithm_fail():
    """Only the registered keys count, by their kid if one is named."""
    foreign = jwk.ECKey.generate_key("P-256")

    assert not is_signed_by(party("ES256"), parse(signed(key=foreign)))
    assert not is_signed_by(party("ES256"), parse(signed(kid="other")))
    assert not is_signed_by(party("ES256"), parse(signed("RS256")))
    assert not is_signed_by(party("RS256", alg="PS256"), parse(signed("RS256")))
    no_keys = SimpleNamespace(
        is_fapi2=False, jwks_with=lambda _: None, token_endpoint_auth_signing_alg=None
    )
    assert not is_signed_by(no_keys, parse(signed()))


@pytest.mark.parametrize("alg", ["none", "HS256", "", None, 5, ["ES256"]])
def test_other_algorithms_prove_nothing(alg):
    """No `none`, no HMAC keyed by a public key."""
    token = f"{segment({'alg': alg})}.{segment(claims())}.{segment('x')}"

    assert not is_signed_by(party("ES256"), parse(token))


def test_a_key_in_the_header_is_not_trusted():
    """A `jwk` header is data of the attacker (CVE-2026-27962)."""
    attacker = jwk.ECKey.generate_key("P-256")
    token = signed(key=attacker, jwk=attacker.as_dict(private=False))

    assert not is_signed_by(party("ES256"), parse(token))


HEADER = segment({"alg": "ES256"})
TWICE = segment('{"sub":"a","sub":"b"}')
NAN = segment('{"exp":NaN}')
CRIT = segment({"alg": "ES256", "crit": ["x"], "x": 1})
B64 = segment({"alg": "ES256", "b64": False})


@pytest.mark.parametrize(
    "token",
    [
        signed() + "=", signed() + "!", "", "a.b", "a.b.c.d", "é.é.é", "..",
        f"{CRIT}.{segment({})}.{segment('x')}",
        f"{B64}.{segment({})}.{segment('x')}",
        f"{HEADER}.{segment([])}.{segment('x')}",
        f"{HEADER}.{segment('[' * 3000)}.{segment('x')}",
        f"{HEADER}.{TWICE}.{segment('x')}",
        f"{HEADER}.{NAN}.{segment('x')}",
        "a" * (assertions.MAX_LENGTH + 1),
    ],
)  # fmt: skip
def test_malformed_assertions_are_refused(token):
    """Sizes, segments, members given twice, extensions: refused before any key."""
    with pytest.raises(AssertionRefusedError):
        parse(token)


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused(text):
    """No text causes another error than a refusal."""
    with contextlib.suppress(AssertionRefusedError):
        parse(text)
