"""A citizen's wallet: one key, proofs of it, and presentations of what it holds."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from idp import clock

_ES256 = jws.JWSRegistry.algorithms["ES256"]
PROOF_TYPE = "openid4vci-proof+jwt"


@dataclass(frozen=True)
class Wallet:
    """What a wallet keeps to itself is its key."""

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))

    @property
    def public(self) -> dict[str, Any]:
        """Return the public key as a wallet sends it."""
        members = self.key.as_dict(private=False)
        return {name: members[name] for name in ("kty", "crv", "x", "y")}

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return a JWT of this wallet's key; a None leaves a member out."""
        kept = [
            {name: value for name, value in part.items() if value is not None}
            for part in ({"alg": "ES256", **header}, claims)
        ]
        text = ".".join(encoded(json.dumps(part).encode()) for part in kept)
        # By the algorithm itself: the library would refuse the headers of some tests.
        signature = _ES256.sign(text.encode(), self.key)
        return f"{text}.{encoded(signature)}"

    def proof(self, *, audience: str, nonce: str | None, **changes: Any) -> str:
        """Return a proof of the key (OpenID4VCI F.1); `header` changes its header."""
        header = {"typ": PROOF_TYPE, "jwk": self.public, **changes.pop("header", {})}
        now = clock.timestamp(clock.now())
        claims = {"aud": audience, "iat": now, "nonce": nonce, **changes}
        return self.signed(header, claims)

    def present(
        self, credential: str, *, show: Collection[str], audience: str, nonce: str
    ) -> str:
        """Show these claims to a service (RFC 9901 §4.3)."""
        signed, *disclosures, _ = credential.split("~")
        kept = [text for text in disclosures if opened(text)[1] in show]
        shown = "~".join((signed, *kept, ""))
        return shown + self.binding(shown, audience=audience, nonce=nonce)

    def binding(self, shown: str, **changes: Any) -> str:
        """Return the key binding for what is shown; `header` changes its header."""
        header = {"typ": "kb+jwt", **changes.pop("header", {})}
        claims = {
            "iat": clock.timestamp(clock.now()),
            "aud": changes.pop("audience", None),
            "sd_hash": encoded(sha256(shown.encode()).digest()),
            **changes,
        }
        return self.signed(header, claims)


def encoded(octets: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def opened(text: str) -> Any:
    """Return the JSON of a base64url part."""
    return json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def payload(credential: str) -> Any:
    """Return what the issuer signed."""
    return opened(credential.split("~", maxsplit=1)[0].split(".")[1])
