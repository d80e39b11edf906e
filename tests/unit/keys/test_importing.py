"""Keys that were made elsewhere: taken if fit, refused in plain words otherwise."""

import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwk import ECKey, RSAKey

from keys.algorithms import generate
from keys.errors import KeyMaterialError
from keys.importing import read_private_key

EC_KEY, RSA_KEY = generate("ES256"), generate("RS256")


def pem(key, *, password=None):
    """Return a key as PKCS#8."""
    way = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, way
    )


def jwk(key, **changes):
    """Return a key as a JWK, changed; None takes a member out."""
    kind = RSAKey if isinstance(key, rsa.RSAPrivateKey) else ECKey
    members = {**kind(key, key).as_dict(private=True), **changes}
    return json.dumps({k: v for k, v in members.items() if v is not None}).encode()


@pytest.mark.parametrize(("key", "alg"), [(EC_KEY, "ES256"), (RSA_KEY, "RS256")])
@pytest.mark.parametrize("write", [pem, jwk])
def test_a_fit_key_is_read(key, alg, write):
    """From PKCS#8 and from a JWK, with what the JWK may say of its use."""
    read = read_private_key(write(key), alg)

    assert read.private_numbers() == key.private_numbers()
    assert read_private_key(jwk(key, alg=alg, use="sig"), alg)


@pytest.mark.parametrize(
    ("text", "alg", "told"),
    [
        (b"", "ES256", "no private key"),
        (b"-----BEGIN " + b"PRIVATE KEY-----", "ES256", "no private key"),
        (b"{}", "ES256", "no private key"),
        (b"[]", "ES256", "no private key"),
        (b'{"kty": "oct", "k": "AAAA"}', "ES256", "no private key"),
        (pem(EC_KEY, password=b"x"), "ES256", "under a password"),
        (pem(RSA_KEY), "ES256", "P-256"),
        (pem(EC_KEY), "RS256", "an RSA key"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "ES256", "another curve"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "ES256", "P-256"),
        (pem(rsa.generate_private_key(65537, 1024)), "RS256", "2048, 3072 or 4096"),
        (pem(rsa.generate_private_key(3, 2048)), "RS256", "exponent 65537"),
        (jwk(EC_KEY, alg="ES384"), "ES256", "something else"),
        (jwk(EC_KEY, use="enc"), "ES256", "something else"),
        (jwk(EC_KEY, d=None), "ES256", "no private part"),
    ],
)
def test_an_unfit_key_is_refused(text, alg, told):
    """With what is wrong, and nothing of the key."""
    with pytest.raises(KeyMaterialError, match=told) as refused:
        read_private_key(text, alg)
    assert len(str(refused.value)) < 120


def test_a_foreign_public_part_is_refused():
    """A JWK whose halves do not belong together would publish another's key."""
    other = json.loads(jwk(generate("ES256")))

    with pytest.raises(KeyMaterialError):
        read_private_key(jwk(EC_KEY, x=other["x"], y=other["y"]), "ES256")
