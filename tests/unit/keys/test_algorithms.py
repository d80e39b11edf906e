"""Keys, thumbprints and signatures against the RFCs' own examples."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, RSAKey

from keys import jws
from keys.algorithms import SoftwareSigner, generate, is_signature, public_jwk

# RFC 7638 §3.1
_RSA_N = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS"
    "oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65"
    "YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr"
    "dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
    "nqDKgw"
)
_RSA_THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

# RFC 7515 appendix A.3
_A3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
_A3_INPUT = (
    b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9le"
    b"GFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
)
_A3_SIGNATURE = (
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
    "pmWQxfKTUJqPP3-Kg6NU1Q"
)


def _bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_rfc7638_thumbprint_is_the_kid():
    """The example key of RFC 7638 §3.1 gets the thumbprint given there."""
    key = RSAKey.import_key({"kty": "RSA", "n": _RSA_N, "e": "AQAB"}).public_key

    jwk = public_jwk(key, "RS256")

    assert jwk == {
        "kty": "RSA",
        "n": _RSA_N,
        "e": "AQAB",
        "kid": _RSA_THUMBPRINT,
        "use": "sig",
        "alg": "RS256",
    }


def test_rfc7515_a3_signature_verifies():
    """The ES256 example of RFC 7515 appendix A.3 holds, and no changed one does."""
    key = ECKey.import_key(_A3_KEY).public_key
    signature = _bytes(_A3_SIGNATURE)

    assert is_signature(key, signature, _A3_INPUT)
    assert not is_signature(key, signature, _A3_INPUT + b"x")
    assert not is_signature(key, bytes(64), _A3_INPUT)


def test_rfc7515_a3_token_is_not_one_of_ours():
    """Its header has no `kid` and no `typ`: refused before any key is looked for."""
    token = f"{_A3_INPUT.decode()}.{_A3_SIGNATURE}"

    with pytest.raises(jws.InvalidTokenError, match="header members"):
        jws.read(token)


@pytest.mark.parametrize("length", [0, 63, 65, 70])
def test_an_es256_signature_has_64_bytes(length):
    """A DER or cut signature is no JWS signature (RFC 7518 §3.4)."""
    key = generate("ES256").public_key()

    assert not is_signature(key, bytes(length), b"message")


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_what_a_signer_signs_verifies(alg):
    """Under its own key and message, and under no other."""
    key, other = generate(alg), generate(alg)
    signature = SoftwareSigner(key).sign(b"message")

    assert is_signature(key.public_key(), signature, b"message")
    assert not is_signature(key.public_key(), signature, b"another")
    assert not is_signature(other.public_key(), signature, b"message")


def test_generated_keys_have_the_size_of_their_algorithm():
    """P-256 for ES256, 2048 bits for RS256, nothing else."""
    es256, rs256 = generate("ES256"), generate("RS256")

    assert isinstance(es256, ec.EllipticCurvePrivateKey)
    assert es256.curve.name == "secp256r1"
    assert isinstance(rs256, rsa.RSAPrivateKey)
    assert rs256.key_size == 2048
    with pytest.raises(ValueError, match="HS256"):
        generate("HS256")


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
def test_public_jwk_has_public_members_only(alg):
    """No private member of RFC 7518 §6 appears."""
    jwk = public_jwk(generate(alg).public_key(), alg)

    assert not jwk.keys() & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
    assert jwk["use"] == "sig"
    assert jwk["alg"] == alg
