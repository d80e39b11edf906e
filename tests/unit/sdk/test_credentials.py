"""The verifier against an issuer and wallets that do not keep the rules."""

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from clients.sdk import credentials, sd_jwt, status_list
from clients.sdk.credentials import CredentialError, Expected
from tests.wallet import Wallet

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ISSUER = "https://id.example"
LIST = f"{ISSUER}/status?list=0"
KEY = ECKey.generate_key("P-256", {"kid": "k", "use": "sig"})
KEYS = KeySet([KEY])
WALLET = Wallet()
EXPECTED = Expected(issuer=ISSUER, vct="urn:x", audience="https://me", nonce="n")
# Token Status List §4.1: sixteen statuses of one bit, of which index 0 is 1.
ONE_BIT = {"bits": 1, "lst": "eNrbuRgAAhcBXQ"}


def signed(claims: Any, *, typ: str, alg: str = "ES256", key: Any = KEY) -> str:
    body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    header = {"alg": alg, "typ": typ, "kid": "k"}
    return jws.serialize_compact(header, body, key, algorithms=[alg])


def disclosure(*parts: Any) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()


def base(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": ISSUER,
        "vct": "urn:x",
        "exp": NOW.timestamp() + 60,
        "cnf": {"jwk": WALLET.public},
        "status": {"status_list": {"uri": LIST, "idx": 1}},
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def listed(**changes: Any) -> str:
    claims = {
        "sub": LIST,
        "iat": NOW.timestamp(),
        "exp": NOW.timestamp() + 60,
        "status_list": ONE_BIT,
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return signed(kept, typ="statuslist+jwt")


def verify(
    claims: Any, *disclosures: str, status: str = "", typ: str = "dc+sd-jwt"
) -> dict[str, Any]:
    shown = "~".join((signed(claims, typ=typ), *disclosures, ""))
    binding = WALLET.binding(
        shown, audience=EXPECTED.audience, nonce="n", iat=NOW.timestamp()
    )
    return credentials.verify(
        shown + binding,
        expected=EXPECTED,
        keys=KEYS,
        fetch_status=lambda _uri: status or listed(),
        now=NOW,
    )


def test_a_sound_credential_is_believed() -> None:
    """What all the others change."""
    assert verify(base())["vct"] == "urn:x"


def test_the_digest_of_the_specification() -> None:
    """RFC 9901 §4.2.3."""
    text = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"

    assert sd_jwt.digest(text) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"


def test_nested_claims_and_elements_of_lists() -> None:
    """RFC 9901 §4.2.4.2, §4.2.6: what is not shown leaves no trace."""
    inner = disclosure("s", "street", "Hoa Sen")
    outer = disclosure("s", "home", {"_sd": [sd_jwt.digest(inner), "decoy"]})
    element, hidden = disclosure("s", "VN"), disclosure("s", "US")
    places = [{"...": sd_jwt.digest(item)} for item in (element, hidden)]
    claims = base(_sd=[sd_jwt.digest(outer)], places=["x", *places])

    opened = verify(claims, outer, inner, element)

    assert opened["home"] == {"street": "Hoa Sen"}
    assert opened["places"] == ["x", "VN"]


@pytest.mark.parametrize(
    "name", ["iss", "nbf", "exp", "cnf", "vct", "status", "_sd", "...", 7]
)
def test_names_that_no_disclosure_may_give(name: Any) -> None:
    """SD-JWT VC §2.2.2.3, RFC 9901 §7.1: neither in place of a claim nor beside."""
    text = disclosure("s", name, 2_000_000_000)

    with pytest.raises(CredentialError):
        verify(base(_sd=[sd_jwt.digest(text)]), text)


@pytest.mark.parametrize(
    "made",
    [
        lambda text: {"_sd": [sd_jwt.digest(text)] * 2},
        lambda text: {"_sd": sd_jwt.digest(text)},
        lambda text: {"_sd": [7]},
        lambda text: {"name": {"...": sd_jwt.digest(text)}},
        lambda text: {"name": [{"...": sd_jwt.digest(text)}]},
        lambda text: {"_sd": [sd_jwt.digest(text)], "name": "An"},
        lambda text: {"_sd": [sd_jwt.digest(text)], "_sd_alg": "sha-512"},
        lambda _text: {},
    ],
)
def test_digests_that_are_not_in_order(made: Any) -> None:
    """RFC 9901 §7.1 step 3 and 4."""
    text = disclosure("s", "name", "Bình")

    with pytest.raises(CredentialError):
        verify(base(**made(text)), text)


@pytest.mark.parametrize("text", ["!!!", "e30", disclosure("s"), "W10", "é"])
def test_disclosures_that_are_none(text: str) -> None:
    """Not base64url, not a list, not of three parts."""
    digest = sd_jwt.digest(text) if text.isascii() else "x"

    with pytest.raises(CredentialError):
        verify(base(_sd=[digest]), text)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other"},
        {"vct": "urn:y"},
        {"exp": None},
        {"exp": NOW.timestamp()},
        {"exp": True},
        {"nbf": NOW.timestamp() + 120},
        {"nbf": "now"},
        {"cnf": None},
        {"cnf": "x"},
        {"cnf": {"jwk": {"kty": "EC"}}},
        {"cnf": {"jwk": WALLET.key.as_dict(private=True)}},
        {"cnf": {"jwk": {"kty": "oct", "k": "AAAA"}}},
        {"cnf": {"jwk": Wallet().public}},
        {"status": None},
        {"status": {"status_list": {"uri": "http://169.254.169.254/", "idx": 1}}},
        {"status": {"status_list": {"uri": ISSUER + ".evil.example/", "idx": 1}}},
        {"status": {"status_list": {"uri": LIST, "idx": -1}}},
        {"status": {"status_list": {"uri": LIST, "idx": True}}},
        {"status": {"status_list": {"uri": LIST, "idx": 16}}},
        {"status": {"status_list": {"uri": LIST, "idx": 0}}},
        {"status": {"status_list": {"idx": 1}}},
    ],
)
def test_what_the_issuer_must_have_said(changes: dict[str, Any]) -> None:
    """Issuer, type, times, the holder's key, the place in a list of its own."""
    with pytest.raises(CredentialError):
        verify(base(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": f"{ISSUER}/status?list=1"},
        {"iat": None},
        {"exp": NOW.timestamp()},
        {"exp": "x"},
        {"status_list": None},
        {"status_list": {"bits": 3, "lst": ONE_BIT["lst"]}},
        {"status_list": {"bits": 1, "lst": "!"}},
        {"status_list": {"bits": 1, "lst": "AAAA"}},
        {"status_list": {"bits": 1, "lst": ONE_BIT["lst"][:-4]}},
    ],
)
def test_a_list_that_says_nothing(changes: dict[str, Any]) -> None:
    """Token Status List §8.3: what fails a check is no statement, so no."""
    with pytest.raises(CredentialError):
        verify(base(), status=listed(**changes))


def test_a_list_that_swells_is_not_read() -> None:
    """A few octets that would fill memory (CWE-409)."""
    import zlib

    swollen = zlib.compress(bytes(status_list.MAX_OCTETS + 1))
    text = urlsafe_b64encode(swollen).rstrip(b"=").decode()

    with pytest.raises(CredentialError):
        verify(base(), status=listed(status_list={"bits": 1, "lst": text}))


@pytest.mark.parametrize(
    ("token", "because"),
    [
        ("x", "not signed"),
        ("é", "not signed"),
        (signed(base(), typ="JWT"), "not of the type"),
        (signed(b"[]", typ="statuslist+jwt"), "no object"),
        (
            signed(base(), typ="statuslist+jwt", key=ECKey.generate_key("P-256")),
            "not signed",
        ),
    ],
)
def test_tokens_that_are_none_of_the_issuers(token: str, because: str) -> None:
    """Another type, another key, no JWT at all."""
    with pytest.raises(CredentialError, match=because):
        verify(base(), status=token)


def test_another_type_of_token_is_no_credential() -> None:
    """An ID token of the issuer's has the same key (RFC 8725 §3.11)."""
    with pytest.raises(CredentialError, match="not of the type"):
        verify(base(), typ="JWT")
