"""Signing and verifying with the rings, from keys parsed once and kept in memory.

Rows are read again every few seconds, by one thread while the others go on with the
keys they have. If the store cannot be reached the last keys stay: the clock moves them
on all the same. A row that does not open under the key-encryption key, or whose public
part is not that of its private part, is never used or published.
"""

import json
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from keys import jws
from keys.algorithms import PublicKey, Signer, SoftwareSigner, public_jwk
from keys.errors import InvalidTokenError, KeyMaterialError, KeysError
from keys.ring import (
    RINGS,
    RingKey,
    RingStore,
    State,
    published,
    signing_key,
    state,
    timeline,
)
from keys.signing_keys import open_signing_key

_log = logging.getLogger(__name__)
_UNKNOWN_KID_PAUSE = 1.0  # seconds; so that made-up kids cannot hammer the store


@dataclass(frozen=True, slots=True)
class _ParsedKey:
    """A key's objects, made once for its whole life in this process."""

    public_key: PublicKey
    public_jwk: Mapping[str, str]
    signer: Signer


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The rings as of one reading; replaced whole, never changed."""

    rings: Mapping[str, tuple[RingKey, ...]]
    parsed: Mapping[str, _ParsedKey]

    def published(self, now: datetime) -> list[RingKey]:
        return [key for keys in self.rings.values() for key in published(keys, now)]

    def find(self, kid: str, now: datetime) -> RingKey | None:
        for keys in self.rings.values():
            for key in keys:
                if key.kid == kid and state(key, now) is not State.GONE:
                    return key
        return None


class KeyRings:
    """The rings of a running process; safe for any number of threads."""

    algorithms = RINGS

    def __init__(
        self,
        store: RingStore,
        kek: bytes,
        *,
        publish_lead: int,
        keep_retired: int,
        refresh_after: float = 15.0,
    ) -> None:
        self.publish_lead = publish_lead
        self.keep_retired = keep_retired
        self._store = store
        self._kek = kek
        self._refresh_after = refresh_after
        self._reloading = threading.Lock()
        self._read_at = time.monotonic()
        self._snapshot = self._read({})
        self._jwks: tuple[tuple[str, ...], bytes] = ((), b"")
        for ring, keys in self._snapshot.rings.items():
            if not keys:
                raise KeyMaterialError(f"ring {ring} has no key: run `idp keys init`")

    def sign(
        self, claims: Mapping[str, Any], *, alg: str, typ: str, now: datetime
    ) -> str:
        """Return `claims` as a compact JWS of the ring's active key."""
        snapshot = self._current()
        if alg not in snapshot.rings:
            raise ValueError(f"no ring signs with {alg}")
        key = signing_key(snapshot.rings[alg], now)
        if key is None:
            raise KeyMaterialError(f"ring {alg} has no key that signs at this time")
        signer = snapshot.parsed[key.kid].signer
        return jws.write(claims, alg=alg, kid=key.kid, typ=typ, by=signer)

    def verify(
        self,
        token: str,
        *,
        typ: str | None,
        now: datetime,
        algs: tuple[str, ...] = RINGS,
    ) -> dict[str, Any]:
        """Return the claims of a token that one of our published keys has signed.

        Checks the signature, the algorithm and `typ` (any, if None); the claims, `exp`
        among them, are the caller's to check. Raises `InvalidTokenError`.
        """
        unverified = jws.read(token)
        if typ is not None and unverified.typ != typ:
            raise InvalidTokenError("a token of another type")
        snapshot = self._current()
        key = snapshot.find(unverified.kid, now)
        if key is None:
            # Another worker may have rotated at once (`--now`) since we last read.
            snapshot = self._current_for_unknown_kid()
            key = snapshot.find(unverified.kid, now)
        if key is None:
            raise InvalidTokenError("not a key of ours")
        if unverified.alg != key.alg or key.alg not in algs:
            raise InvalidTokenError("another algorithm than the key's")
        return unverified.verify(snapshot.parsed[key.kid].public_key)

    def jwks(self, now: datetime) -> dict[str, Any]:
        """Return the JWK set of the published keys (RFC 7517 §5)."""
        return json.loads(self.jwks_bytes(now))  # type: ignore[no-any-return]

    def jwks_bytes(self, now: datetime) -> bytes:
        """Return the JWK set as JSON, made anew only when its keys have changed."""
        snapshot = self._current()
        kids = tuple(key.kid for key in snapshot.published(now))
        cached_kids, body = self._jwks
        if cached_kids != kids:
            jwks = {"keys": [dict(snapshot.parsed[kid].public_jwk) for kid in kids]}
            body = json.dumps(jwks).encode()
            self._jwks = (kids, body)
        return body

    def _current(self) -> _Snapshot:
        is_old = time.monotonic() - self._read_at >= self._refresh_after
        if is_old and self._reloading.acquire(blocking=False):
            try:
                self._reload()
            finally:
                self._reloading.release()
        return self._snapshot

    def _current_for_unknown_kid(self) -> _Snapshot:
        with self._reloading:
            if time.monotonic() - self._read_at >= _UNKNOWN_KID_PAUSE:
                self._reload()
        return self._snapshot

    def _reload(self) -> None:
        self._read_at = time.monotonic()
        try:
            self._snapshot = self._read(self._snapshot.parsed)
        except KeysError:
            _log.exception("key rings could not be read again; the last keys stay")

    def _read(self, known: Mapping[str, _ParsedKey]) -> _Snapshot:
        rows = [row for row in self._store.rows() if row.private_sealed is not None]
        keep = self.keep_retired
        return _Snapshot(
            rings={ring: timeline(rows, ring, keep_retired=keep) for ring in RINGS},
            parsed={
                row.kid: known.get(row.kid) or _parse(row, self._kek) for row in rows
            },
        )


def _parse(row: RingKey, kek: bytes) -> _ParsedKey:
    private_key = open_signing_key(row, kek)
    public_key = private_key.public_key()
    jwk = public_jwk(public_key, row.ring)
    if jwk != row.public_jwk or jwk["kid"] != row.kid:
        raise KeyMaterialError(f"signing key {row.kid} has a foreign public part")
    return _ParsedKey(public_key, jwk, SoftwareSigner(private_key))
