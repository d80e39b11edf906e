"""Concealing claims for selective disclosure (RFC 9901 §4.2); pure but for salts."""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

ALGORITHM = "sha-256"
_SALT_BYTES = 16  # RFC 9901 §9.3: 128 bits


def conceal(
    claims: Mapping[str, Any], *, at_least: int = 0
) -> tuple[list[str], list[str]]:
    """Return the digests for `_sd` and the disclosures that open them.

    The digests are sorted and filled up with decoys to `at_least` (RFC 9901 §4.2.4.1,
    §4.2.5), so that neither their order nor their number tells anything.
    """
    disclosures = [_disclosure(name, value) for name, value in claims.items()]
    digests = [digest(text) for text in disclosures]
    decoys = range(at_least - len(digests))
    digests += [digest(secrets.token_urlsafe(_SALT_BYTES)) for _ in decoys]
    return sorted(digests), disclosures


def digest(disclosure: str) -> str:
    """Return the digest of a disclosure's own characters (RFC 9901 §4.2.3)."""
    return encoded(sha256(disclosure.encode("ascii")).digest())


def combined(signed: str, disclosures: list[str]) -> str:
    """Return the whole SD-JWT, without a key binding (RFC 9901 §4)."""
    return "~".join((signed, *disclosures, ""))


def encoded(value: bytes) -> str:
    """Return base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _disclosure(name: str, value: Any) -> str:
    salt = secrets.token_urlsafe(_SALT_BYTES)
    return encoded(json.dumps([salt, name, value], ensure_ascii=False).encode())
