"""Signatures of certificates, revocation lists and signed files."""

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from idp.emrtd.asn1 import reading
from idp.emrtd.curves import PublicKey
from idp.emrtd.errors import EmrtdError

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - old cards; refused unless the policy allows it
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}

_MIN_RSA_BITS = 2048  # ICAO Doc 9303-12 §4.4.1
_SCHEMES = {"rsassa_pkcs1v15": "pkcs1", "rsassa_pss": "pss", "ecdsa": "ecdsa"}


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """How something was signed: `pkcs1`, `pss` or `ecdsa`, over which hash."""

    scheme: str
    hash: str
    mask_hash: str | None = None


def read_algorithm(algorithm: Any, *, digest: str | None = None) -> SignatureAlgorithm:
    """Read an AlgorithmIdentifier; `digest` is the hash where it names none."""
    with reading("a signature algorithm"):
        name = str(algorithm["algorithm"].native)
        if name == "rsassa_pss":
            return _pss(algorithm["parameters"])
        scheme = _SCHEMES.get(_scheme(algorithm))
        hash_name = digest if name == "rsassa_pkcs1v15" else algorithm.hash_algo
    if scheme is None or hash_name is None:
        raise EmrtdError("weak_algorithm", f"a signature of algorithm {name}")
    return SignatureAlgorithm(scheme, require_hash(hash_name))


def require_hash(name: str) -> str:
    """Return the name of a hash that we know, or refuse."""
    if name not in HASHES:
        raise EmrtdError("weak_algorithm", f"hash {name}")
    return name


def require_strength(hash_name: str, *, allow_sha1: bool) -> None:
    """Refuse SHA-1 unless the policy allows it."""
    if hash_name == "sha1" and not allow_sha1:
        raise EmrtdError("weak_algorithm", "sha1")


def digest(hash_name: str, data: bytes) -> bytes:
    """Return the hash of some bytes."""
    context = hashes.Hash(HASHES[require_hash(hash_name)])
    context.update(data)
    return context.finalize()


def is_strong(key: PublicKey) -> bool:
    """Tell whether a state's key is long enough to prove anything."""
    return isinstance(key, ec.EllipticCurvePublicKey) or key.key_size >= _MIN_RSA_BITS


def is_signed_by(
    key: PublicKey, algorithm: SignatureAlgorithm, *, message: bytes, signature: bytes
) -> bool:
    """Tell whether `key` made the signature; a short RSA key proves nothing."""
    chosen = HASHES[algorithm.hash]
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            if algorithm.scheme != "ecdsa":
                return False
            key.verify(signature, message, ec.ECDSA(chosen))
        else:
            key.verify(signature, message, _padding(key, algorithm), chosen)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _padding(
    key: rsa.RSAPublicKey, algorithm: SignatureAlgorithm
) -> padding.PSS | padding.PKCS1v15:
    if not is_strong(key) or algorithm.scheme == "ecdsa":
        raise ValueError("not a signature of this key")
    if algorithm.scheme == "pkcs1":
        return padding.PKCS1v15()
    mask = HASHES[algorithm.mask_hash or algorithm.hash]
    # States have written wrong salt lengths; the length adds no proof.
    return padding.PSS(padding.MGF1(mask), padding.PSS.AUTO)


def _scheme(algorithm: Any) -> str:
    try:
        return str(algorithm.signature_algo)
    except ValueError:
        return ""


def _pss(parameters: Any) -> SignatureAlgorithm:
    """Read RSASSA-PSS-params (RFC 4055 §3.1)."""
    mask = parameters["mask_gen_algorithm"]
    if mask["algorithm"].native != "mgf1":
        raise EmrtdError("weak_algorithm", "a mask generation that is not MGF1")
    return SignatureAlgorithm(
        "pss",
        require_hash(parameters["hash_algorithm"]["algorithm"].native),
        require_hash(mask["parameters"]["algorithm"].native),
    )
