"""The server's nonces for DPoP proofs: the time, authenticated (RFC 9449 §8)."""

import hmac
from datetime import datetime
from hashlib import sha256

from idp import clock
from idp.provider import Provider

HEADER = "DPoP-Nonce"


def fresh(provider: Provider, *, now: datetime) -> str:
    """Return a nonce of this second; it needs no store, on any number of machines."""
    issued = f"{clock.timestamp(now):x}"
    return f"{issued}.{_mac(provider, issued)}"


def dead_at(provider: Provider, nonce: object, *, now: datetime) -> float | None:
    """Return when a nonce of ours ends to be good, or None if it is not good now."""
    if not isinstance(nonce, str) or not nonce.isascii():
        return None
    issued, _, mac = nonce.partition(".")
    if not hmac.compare_digest(mac, _mac(provider, issued)):
        return None
    until = int(issued, 16) + provider.config.lifetimes.dpop_nonce
    return until if now.timestamp() < until else None


def _mac(provider: Provider, issued: str) -> str:
    key = provider.secrets.key("dpop")
    return hmac.new(key, issued.encode(), sha256).hexdigest()[:32]
