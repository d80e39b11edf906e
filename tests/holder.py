"""A client that holds a key and proves it by DPoP (RFC 9449), for tests."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

from joserfc import jwk, jws

from idp import clock

ISSUER = "http://localhost:8000"


def ec_key() -> jwk.Key:
    """Return a new key for ES256."""
    return jwk.ECKey.generate_key("P-256")


@dataclass(frozen=True)
class Holder:
    """Holds one key; every proof is a new one."""

    key: Any = field(default_factory=ec_key)
    alg: str = "ES256"

    @property
    def jkt(self) -> str:
        """Return the key's thumbprint."""
        thumbprint: str = self.key.thumbprint()
        return thumbprint

    def proof(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Return a proof; a change of None leaves a claim or header member out."""
        claims = {
            "jti": uuid4().hex,
            "htm": method,
            "htu": ISSUER + path,
            "iat": clock.timestamp(clock.now()),
            "ath": token and access_token_hash(token),
            **changes,
        }
        named = {"typ": "dpop+jwt", "alg": self.alg, **(header or {})}
        if "jwk" not in named:
            named["jwk"] = self.key.as_dict(private=False)
        text = _joined(named, claims)
        # By the algorithm itself: the library would refuse the headers of some tests.
        signer = jws.JWSRegistry.algorithms[self.alg]
        return f"{text}.{_encoded(signer.sign(text.encode(), self.key))}"

    def headers(self, method: str, path: str, token: str, **changes: Any) -> Any:
        """Return the headers of a request to a protected resource (RFC 9449 §7.1)."""
        proof = self.proof(method, path, token=token, **changes)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}


def access_token_hash(token: str) -> str:
    """Return `ath` of an access token."""
    return _encoded(sha256(token.encode()).digest())


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return a JWT with a made-up signature, for algorithms that nobody signs with."""
    return f"{_joined(header, claims)}.{_encoded(b'signature')}"


def _joined(*parts: dict[str, Any]) -> str:
    """Return header and claims encoded, without the members that are None."""
    kept = ({n: v for n, v in part.items() if v is not None} for part in parts)
    return ".".join(_encoded(json.dumps(part).encode()) for part in kept)


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
