"""Private keys that were made elsewhere, read strictly before a ring takes them."""

import json
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from keys.algorithms import PrivateKey, SoftwareSigner, is_signature
from keys.errors import KeyMaterialError

_RSA_BITS = (2048, 3072, 4096)
_RSA_EXPONENT = 65_537
_PROBE = b"This private key belongs to this public key."


def read_private_key(text: bytes, alg: str) -> PrivateKey:
    """Return the key in `text`, PEM or a JWK, if it is fit to sign with `alg`.

    Raises `KeyMaterialError` that says what is wrong, and nothing of the key.
    """
    key = _read_jwk(text, alg) if text.lstrip().startswith(b"{") else _read_pem(text)
    fit = _fit_for_es256(key) if alg == "ES256" else _fit_for_rs256(key)
    if not is_signature(fit.public_key(), SoftwareSigner(fit).sign(_PROBE), _PROBE):
        raise KeyMaterialError("the public part is not that of the private part")
    return fit


def _fit_for_es256(key: object) -> ec.EllipticCurvePrivateKey:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyMaterialError("ES256 signs with a key on P-256")
    if not isinstance(key.curve, ec.SECP256R1):
        raise KeyMaterialError("ES256 signs with a key on P-256, not another curve")
    return key


def _fit_for_rs256(key: object) -> rsa.RSAPrivateKey:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyMaterialError("RS256 signs with an RSA key")
    if key.key_size not in _RSA_BITS or (
        key.public_key().public_numbers().e != _RSA_EXPONENT
    ):
        raise KeyMaterialError(
            "RS256 signs with an RSA key of 2048, 3072 or 4096 bits and the "
            "exponent 65537"
        )
    return key


def _read_pem(text: bytes) -> Any:
    try:
        return load_pem_private_key(text, password=None)
    except TypeError:
        raise KeyMaterialError(
            "the key is under a password: take that off first (openssl pkey)"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyMaterialError("no private key in PEM (PKCS#8) or as a JWK") from None


def _read_jwk(text: bytes, alg: str) -> Any:
    try:
        members = json.loads(text)
        told = members.get("alg", alg), members.get("use", "sig")
        kinds: dict[str, type[ECKey | RSAKey]] = {"EC": ECKey, "RSA": RSAKey}
        kind = kinds[members["kty"]]
        key = kind.import_key(members)
        private_key = key.private_key
    except (ValueError, KeyError, TypeError, JoseError):
        raise KeyMaterialError("no private key in PEM (PKCS#8) or as a JWK") from None
    if told != (alg, "sig"):
        raise KeyMaterialError(f"the JWK is meant for something else than {alg}")
    if private_key is None:
        raise KeyMaterialError("the JWK holds no private part")
    return private_key
