"""Signing and verifying with the rings, from keys parsed once and kept in memory.

Rows are read again every few seconds, by one thread while the others go on with the
keys they have. If the store cannot be reached the last keys stay for a while: the clock
moves them on all the same. After that nothing is signed, believed or published until a
reading succeeds, because a key may have been killed meanwhile. A row that does not open
under the key-encryption key, or whose public part is not that of its private part, is
never used or published; the rows beside it are, so that what one of them says of a
killed key always counts.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from keys import jws
from keys.algorithms import public_jwk
from keys.errors import (
    InvalidTokenError,
    KeyMaterialError,
    KeysError,
    StoreUnreachableError,
)
from keys.ring import (
    ALGORITHMS,
    RINGS,
    Clocks,
    Purpose,
    Ring,
    RingKey,
    published,
    timeline,
)
from keys.ring_store import RingStore
from keys.signing_keys import Opener
from keys.snapshot import ParsedKey, Snapshot

_log = logging.getLogger(__name__)
_UNKNOWN_KID_PAUSE = 1.0  # seconds; so that made-up kids cannot hammer the store


class KeyRings:
    """The rings of a running process; safe for any number of threads.

    `on_killed` is told the name and the type of each token that a killed key is said to
    have signed.
    """

    algorithms = ALGORITHMS

    def __init__(  # noqa: PLR0913 - where the keys are, then the clocks' settings
        self,
        store: RingStore,
        opener: Opener,
        clocks: Clocks,
        *,
        reread_after: float = 2.0,
        jwks_max_age: float = 300.0,
        unread_at_most: float = 30.0,
        on_killed: Callable[[str, str, datetime], None] = lambda *_: None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._opener = opener
        self._clocks = clocks
        self._reread_after = reread_after
        self._cache_time = timedelta(seconds=jwks_max_age)
        self._unread_at_most = unread_at_most
        self._on_killed = on_killed
        self._ticks = ticks
        self._served_at: datetime | None = None
        self._reloading = threading.Lock()
        self._known_at = self._read_at = ticks()
        self._is_cut_off = False
        self._snapshot = self._read(Snapshot({}, {}, {}), None)
        self._jwks: tuple[tuple[str, ...], bytes] = ((), b"")
        for kid, why in self._snapshot.unopened.items():
            raise KeyMaterialError(f"signing key {kid} cannot be used: {why}")
        for ring, keys in self._snapshot.rings.items():
            if not keys:
                raise KeyMaterialError(
                    f"ring {ring.name} has no key: run `idp keys init`"
                )

    def sign(
        self,
        claims: Mapping[str, Any],
        *,
        purpose: Purpose,
        alg: str,
        typ: str,
        now: datetime,
    ) -> str:
        """Return `claims` as a compact JWS of the key that signs for the purpose."""
        snapshot, ring = self._current(now), Ring(purpose, alg)
        if ring not in snapshot.rings:
            raise ValueError(f"no ring signs {purpose} with {alg}")
        key = snapshot.signing(ring, now)
        if key is None:
            raise KeyMaterialError(
                f"ring {ring.name} has no key that signs at this time"
            )
        signer = snapshot.parsed[key.kid].signer
        return jws.write(claims, alg=alg, kid=key.kid, typ=typ, by=signer)

    def verify(
        self,
        token: str,
        *,
        purposes: tuple[Purpose, ...],
        typ: str | None,
        now: datetime,
    ) -> dict[str, Any]:
        """Return the claims of a token that a key for one of `purposes` has signed.

        Checks the signature, the algorithm and `typ` (any, if None); the claims, `exp`
        among them, are the caller's to check. Raises `InvalidTokenError`.
        """
        unverified = jws.read(token)
        if typ is not None and unverified.typ != typ:
            raise InvalidTokenError("a token of another type")
        snapshot = self._current(now)
        key = snapshot.find(unverified.kid, now)
        if key is None:
            # Another worker may sign with a key that came since we last read.
            snapshot = self._current_for_unknown_kid(now)
            key = snapshot.find(unverified.kid, now)
        if key is None:
            if snapshot.is_killed(unverified.kid):
                self._on_killed(unverified.kid, unverified.typ, now)
            raise InvalidTokenError("not a key of ours")
        if key.ring.purpose not in purposes:
            raise InvalidTokenError("a key for another purpose")
        if unverified.alg != key.ring.alg:
            raise InvalidTokenError("another algorithm than the key's")
        return unverified.verify(snapshot.parsed[key.kid].public_key)

    def lives(self, kid: str, now: datetime) -> bool:
        """Say whether what a key has signed still verifies."""
        return self._current(now).find(kid, now) is not None

    def reread(self, now: datetime) -> None:
        """Read the rings at once: this process has changed them."""
        with self._reloading:
            self._reload(now)

    def unopened(self, now: datetime) -> tuple[str, ...]:
        """Return the names of keys that the newest reading could not open."""
        return tuple(self._current(now).unopened)

    def public_jwks(self, purpose: str, now: datetime) -> list[dict[str, str]]:
        """Return the public JWKs of a purpose, also of one that no portal reads."""
        snapshot = self._current(now)
        return [
            dict(snapshot.parsed[key.kid].public_jwk)
            for ring, keys in snapshot.rings.items()
            if ring.purpose == purpose
            for key in published(keys, now)
            if key.kid in snapshot.parsed
        ]

    def jwks(self, now: datetime) -> dict[str, Any]:
        """Return the JWK set of the published keys (RFC 7517 §5)."""
        return json.loads(self.jwks_bytes(now))  # type: ignore[no-any-return]

    def jwks_bytes(self, now: datetime) -> bytes:
        """Return the JWK set as JSON, made anew only when its keys have changed."""
        self._served_at = now
        snapshot = self._current(now)
        kids = tuple(key.kid for key in snapshot.published(now))
        cached_kids, body = self._jwks
        if cached_kids != kids:
            body = json.dumps(snapshot.key_set(kids)).encode()
            self._jwks = (kids, body)
        return body

    def _current(self, now: datetime) -> Snapshot:
        """Return the keys; one thread reads them again, the others go on meanwhile.

        After a long silence all wait for that one: a killed key may be in memory. Who
        has not read for longer raises `StoreUnreachableError`.
        """
        age = self._ticks() - self._read_at
        if age >= self._reread_after:
            may_wait = age >= 2 * self._reread_after
            if self._reloading.acquire(blocking=may_wait):
                try:
                    if self._ticks() - self._read_at >= self._reread_after:
                        self._reload(now)
                finally:
                    self._reloading.release()
        unread = self._ticks() - self._known_at
        if self._is_cut_off and unread > self._unread_at_most:
            raise StoreUnreachableError(
                f"the key rings were not read for {unread:.0f} s"
            )
        return self._snapshot

    def _current_for_unknown_kid(self, now: datetime) -> Snapshot:
        with self._reloading:
            if self._ticks() - self._read_at >= _UNKNOWN_KID_PAUSE:
                self._reload(now)
        return self._snapshot

    def _reload(self, now: datetime) -> None:
        began = self._ticks()
        try:
            self._snapshot = self._read(self._snapshot, now)
        except KeysError:
            _log.exception("key rings could not be read again; the last keys stay")
            self._is_cut_off = True
            began = self._ticks()  # nobody else waits for a store that hangs
        else:
            self._is_cut_off, self._known_at = False, began
        self._read_at = began

    def _read(self, before: Snapshot, now: datetime | None) -> Snapshot:
        rows = [
            row
            for row in self._store.rows()
            if row.destroyed_at is None or row.compromised_at is not None
        ]
        rows, parsed, unopened = self._opened(rows, before)
        return Snapshot(
            rings={
                ring: timeline(
                    rows, ring, keep_retired=self._clocks[ring.purpose].keep_retired
                )
                for ring in RINGS
            },
            parsed=parsed,
            unripe=self._unripe(parsed, before, now),
            unopened=unopened,
        )

    def _opened(
        self, rows: list[RingKey], before: Snapshot
    ) -> tuple[list[RingKey], dict[str, ParsedKey], dict[str, str]]:
        """Return the rows that count, their opened keys, and which do not open."""
        counting: list[RingKey] = []
        parsed: dict[str, ParsedKey] = {}
        unopened: dict[str, str] = {}
        for row in rows:
            if not row.has_place or row.destroyed_at is not None:
                counting.append(row)
                continue
            known = before.parsed.get(row.kid)
            try:
                parsed[row.kid] = self._parsed(row, known)
            except (KeysError, ValueError) as error:
                unopened[row.kid] = str(error)
                if row.kid not in before.unopened:
                    # A whole kid looks like a secret to whoever looks through logs.
                    told = row.kid[:8], row.ring.name, type(error).__name__
                    _log.error("key %s of %s could not be read again: %s", *told)
                if known is not None:
                    # No row moves an open key into another ring.
                    parsed[row.kid] = known
                    counting.append(replace(row, ring=known.ring))
            else:
                counting.append(row)
        return counting, parsed, unopened

    def _unripe(
        self, parsed: Mapping[str, ParsedKey], before: Snapshot, now: datetime | None
    ) -> dict[str, datetime]:
        """Return until when portals may hold a key set of ours without a key."""
        unripe = {kid: at for kid, at in before.unripe.items() if kid in parsed}
        served = self._served_at
        if now and served and now - served < self._cache_time:
            new = parsed.keys() - before.parsed.keys()
            unripe |= dict.fromkeys(new, now + self._cache_time)
        return unripe

    def _parsed(self, row: RingKey, known: ParsedKey | None) -> ParsedKey:
        if known is not None and known.ring == row.ring:
            return known
        signer = self._opener.signer(row)
        jwk = public_jwk(signer.public_key, row.ring.alg)
        if jwk != row.public_jwk or jwk["kid"] != row.kid:
            raise KeyMaterialError(f"signing key {row.kid} has a foreign public part")
        return ParsedKey(row.ring, signer.public_key, jwk, signer)
