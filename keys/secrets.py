"""The server's symmetric secrets: one for each purpose, sealed under the KEK."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from keys.envelope import envelope
from keys.errors import KeyMaterialError, SealError
from keys.ring_store import RingStore
from keys.sealing import KEY_BYTES
from keys.versions import PURPOSES

NAMES = (
    "client", "csrf", "device", "dpop", "index", "otp", "seal", "sid", "webauthn",
)  # fmt: skip


_LASTING = tuple(name for name in NAMES if name not in PURPOSES)


@dataclass(frozen=True, slots=True)
class ServerSecrets:
    """The secrets of `NAMES` that have one version, opened; each for one purpose.

    The two that have more, `seal` and `index`, are `keys.versions`' affair.
    """

    _keys: Mapping[str, bytes] = field(repr=False)

    def key(self, name: str) -> bytes:
        """Return the 32 bytes of the secret called `name`."""
        return self._keys[name]

    @classmethod
    def load(cls, store: RingStore, kek: bytes) -> Self:
        """Open the stored secrets; raises `KeyMaterialError` that says what to do."""
        sealer = envelope(kek, "server secrets")
        sealed = store.secrets()
        missing = [name for name in NAMES if name not in sealed]
        if missing:
            names = ", ".join(missing)
            raise KeyMaterialError(f"no server secret {names}: run `idp keys init`")
        try:
            return cls(
                {name: sealer.open(sealed[name], context=name) for name in _LASTING}
            )
        except SealError:
            raise KeyMaterialError(
                "the server secrets were sealed under another key-encryption key"
            ) from None


def create_secrets(store: RingStore, kek: bytes, *, now: datetime) -> list[str]:
    """Create the secrets that do not exist yet and return their names."""
    sealer = envelope(kek, "server secrets")
    with store.locked() as transaction:
        present = transaction.secrets()
        missing = [name for name in NAMES if name not in present]
        for name in missing:
            sealed = sealer.seal(secrets.token_bytes(KEY_BYTES), context=name)
            transaction.add_secret(name, sealed, now=now)
    return missing
