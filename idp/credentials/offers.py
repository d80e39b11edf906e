"""Offers: the pre-authorized code that a wallet redeems once (OpenID4VCI 1.0 §4.1.1).

The code is on the holder's screen, where others may see it; it is worth nothing
without the transaction code that went to the holder's phone (§13.6). Wrong ones are
counted, and too many end the offer.
"""

import secrets
from dataclasses import asdict, dataclass
from hashlib import sha256

from idp.storage.ephemeral import EphemeralStore

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Offer:
    """What was offered: which claims to which wallet, after which sign-in."""

    account_id: str
    client_id: str
    grant_id: str
    claims: list[str]
    sid: str
    auth_time: int
    acr: str
    amr: list[str]
    account_level: int
    authentication_level: int


def fresh_code() -> str:
    """Return a code that nothing is offered under yet."""
    return secrets.token_urlsafe(32)


def make(store: EphemeralStore, code: str, offer: Offer, *, ttl: int) -> None:
    """Keep an offer under the digest of its code."""
    store.put(_key(code), asdict(offer), ttl=ttl, grant_id=offer.grant_id)


def binding(code: str) -> str:
    """Return what ties a transaction code to this offer alone."""
    return sha256(code.encode()).hexdigest()


def find(store: EphemeralStore, code: str, *, client_id: str) -> Offer | None:
    """Return the offer if it is this wallet's; nothing is spent."""
    kept = store.get(_key(code))
    if kept is None or kept["client_id"] != client_id:
        return None
    return Offer(**kept)


def may_try(store: EphemeralStore, code: str, *, tries: int, ttl: int) -> bool:
    """Count one try of a transaction code; after the last one the offer is dead."""
    if store.count(f"wallet-tries:{binding(code)}", ttl=ttl) <= tries:
        return True
    drop(store, code)
    return False


def spend(store: EphemeralStore, code: str) -> bool:
    """Take the offer: of parallel wallets one gets it."""
    return store.take(_key(code)) is not None


def drop(store: EphemeralStore, code: str) -> None:
    """End an offer."""
    store.drop(_key(code))


def _key(code: str) -> str:
    return f"wallet-offer:{binding(code)}"
