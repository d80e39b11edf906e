"""Seals under the key-encryption key, the one secret from outside the database.

Private signing keys and the server's secrets are sealed under subkeys of it, one a
purpose; `kek` tells where it comes from.
"""

from keys.sealing import Sealer, derive_key


def envelope(kek: bytes, purpose: str) -> Sealer:
    """Return the sealer of one purpose under the key-encryption key."""
    seal_key = derive_key(kek, f"kek seal {purpose}")
    return Sealer({1: seal_key}, derive_key(kek, f"kek index {purpose}"))
