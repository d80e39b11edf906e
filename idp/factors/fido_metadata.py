"""The models of authenticators in a FIDO metadata file (Metadata Service 3 §3.1.7).

The file is the JWT that the FIDO Alliance publishes, or an operator's own of the same
form. Its signer must carry the configured name under the configured root: the root of
a public authority alone would let any of its customers sign.
"""

import base64
import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from idp import clock
from idp.config import PasskeyConfig
from idp.errors import ConfigError
from idp.factors.attestation import Model, is_chained

# Metadata Service 3 §3.1.4: reports that end trust in a model or in its statements.
REFUSED = frozenset(
    {
        "REVOKED",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_VERIFICATION_BYPASS",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
    }
)
_ES256_BYTES = 64
_MAX_BYTES = 64 * 1024 * 1024

log = structlog.get_logger("idp.factors")


def read_models(config: PasskeyConfig) -> Mapping[str, Model]:
    """Read the configured file; raises `ConfigError` if it cannot be believed."""
    if config.metadata_file is None or config.metadata_root_file is None:
        raise ConfigError("passkey.metadata_file and metadata_root_file are needed")
    token = _read(config.metadata_file).strip()
    try:
        root = x509.load_pem_x509_certificate(_read(config.metadata_root_file))
    except ValueError as error:
        raise ConfigError("passkey.metadata_root_file: no certificate") from error
    payload = _verify(token, root, signer=config.metadata_signer, now=clock.now())
    _warn_if_stale(payload, clock.now())
    models = _models(payload)
    if not config.models:
        return models
    return {name: models[name] for name in config.models if name in models}


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise ConfigError(f"{path} is too large")
    return content


def _verify(
    token: bytes, root: x509.Certificate, *, signer: str, now: datetime
) -> dict[str, Any]:
    """Return the payload, once its signature and its signer are proven.

    The file has megabytes and no `kid`: the signer's certificate is in its header.
    """
    try:
        signed, _, signature = token.rpartition(b".")
        header, payload = (json.loads(_decode(part)) for part in signed.split(b"."))
        chain = [base64.b64decode(item, validate=True) for item in header["x5c"]]
        leaf = x509.load_der_x509_certificate(chain[0])
        _verify_signature(leaf, header["alg"], _decode(signature), signed)
        names = _names(leaf)
    except (InvalidSignature, ValueError, TypeError, KeyError, IndexError) as error:
        raise ConfigError(
            f"passkey.metadata_file cannot be verified: {type(error).__name__}"
        ) from error
    if signer not in names or not is_chained(
        chain, [root.public_bytes(Encoding.DER)], now=now
    ):
        raise ConfigError(f"passkey.metadata_file was not signed by {signer}")
    return payload if isinstance(payload, dict) else {}


def _verify_signature(
    leaf: x509.Certificate, algorithm: str, signature: bytes, signed: bytes
) -> None:
    key = leaf.public_key()
    if algorithm == "RS256" and isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == "ES256" and isinstance(key, ec.EllipticCurvePublicKey):
        if len(signature) != _ES256_BYTES:  # RFC 7518 §3.4
            raise ValueError("an ES256 signature has 64 bytes")
        half = _ES256_BYTES // 2
        numbers = (signature[:half], signature[half:])
        r, s = (int.from_bytes(part, "big") for part in numbers)
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    else:
        raise ValueError("algorithm and key do not fit")


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)


def _decode(part: bytes) -> bytes:
    return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def _warn_if_stale(payload: dict[str, Any], now: datetime) -> None:
    try:
        due = date.fromisoformat(str(payload.get("nextUpdate")))
    except ValueError:
        raise ConfigError("passkey.metadata_file names no nextUpdate") from None
    if due < now.date():
        log.warning("fido metadata is out of date", due=due.isoformat())


def _models(payload: dict[str, Any]) -> dict[str, Model]:
    models: dict[str, Model] = {}
    try:
        for entry in payload["entries"]:
            names = entry.get("attestationCertificateKeyIdentifiers", [])
            if entry.get("aaguid"):
                names = [*names, entry["aaguid"]]
            model = _model(entry)
            models.update({str(name).lower(): model for name in names})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError("passkey.metadata_file is no metadata") from error
    return models


def _model(entry: dict[str, Any]) -> Model:
    statement = entry.get("metadataStatement") or {}
    reports = [report["status"] for report in entry.get("statusReports", [])]
    roots = [
        base64.b64decode("".join(text.split()), validate=True)
        for text in statement.get("attestationRootCertificates", [])
    ]
    return Model(
        roots=tuple(roots),
        refused=next((name for name in reports if name in REFUSED), ""),
    )
