"""Whom a proof believes: the heads at hand, and the keys that may have signed them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy.engine import Connection

from idp.audit import sinks
from idp.audit.checkpoints import Checkpoints
from idp.audit.head import ALG, BrokenHeadsError, HeadFault, proven
from idp.storage.key_models import KeyRecord
from keys.algorithms import PublicKey, public_key
from keys.algorithms import public_jwk as jwk_of
from keys.ring import Ring

_RING = Ring("audit", ALG)
_PEM = b"-----BEGIN "
_PEM_END = b"-----END PUBLIC KEY-----"


def read_keys(path: Path) -> dict[str, PublicKey]:
    """Return the P-256 keys of a JWK set, a JWK or PEM file by their thumbprints.

    Raises `OSError` and `ValueError`.
    """
    raw = path.read_bytes()
    if raw.lstrip().startswith(_PEM):
        parts = raw.split(_PEM_END)[:-1]
        return dict(_from_pem(part + _PEM_END) for part in parts)
    told = json.loads(raw)
    return dict(map(public_key, told.get("keys", [told])))


def own_keys(connection: Connection) -> dict[str, PublicKey]:
    """Return the audit ring's keys as the database has them, old ones too."""
    query = sa.select(KeyRecord.public_jwk).where(KeyRecord.ring == _RING.name)
    return dict(map(public_key, connection.execute(query).scalars()))


def stored(connection: Connection) -> tuple[Checkpoints, HeadFault | None]:
    """Return what the database's own heads say, by its own keys."""
    return gather(sinks.lines(connection), own_keys(connection))


def gather(
    lines: Iterable[str], keys: Mapping[str, PublicKey]
) -> tuple[Checkpoints, HeadFault | None]:
    """Return what the heads say, as far as proven, and the first that is not."""
    checkpoints = Checkpoints()
    try:
        for head in proven(lines, keys):
            checkpoints.add(head)
    except BrokenHeadsError as error:
        return checkpoints, error.fault
    return checkpoints, None


def _from_pem(pem: bytes) -> tuple[str, PublicKey]:
    key = load_pem_public_key(pem)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return public_key(jwk_of(key, "ES256"))
    raise ValueError("not a P-256 key")
