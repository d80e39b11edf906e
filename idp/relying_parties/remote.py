"""What portals keep at addresses of their own: keys, and lists of redirect URIs.

Everything is fetched by one hardened caller (`idp.outbound`: bounded in place, time and
size, no redirects) and nothing of it is ever told to whoever named the address.
"""

import json
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from threading import BoundedSemaphore, Lock
from time import monotonic

import structlog
from joserfc.jwk import Key

from idp import outbound
from idp.config import OutboundConfig, RegistrationConfig
from idp.outbound import NoAnswerError
from idp.relying_parties.client_keys import readable_keys

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}
_REMEMBERED = 5000
_NEVER = float("-inf")

_log = structlog.get_logger("idp.relying_parties")


class BusyError(NoAnswerError):
    """Nobody was asked: others have all turns."""


class Remote:
    """Fetches within the operator's bounds, and remembers keys by their address."""

    def __init__(self, reach: OutboundConfig, limits: RegistrationConfig) -> None:
        self._reach = reach
        self._limits = limits
        self._keys: OrderedDict[str, RemoteKeys] = OrderedDict()
        self._lock = Lock()
        # Slow addresses hold no more threads than these (CWE-400).
        self._turns = BoundedSemaphore(limits.fetches_at_once)

    def json(self, uri: str) -> object:
        """Return the JSON at an address, or raise `NoAnswerError`."""
        if not self._turns.acquire(timeout=self._limits.fetch_patience):
            raise BusyError("too many fetches at once")
        try:
            answer = outbound.get(
                uri,
                _HEADERS,
                timeout=self._limits.fetch_timeout,
                most=self._limits.fetch_bytes,
                within=self._reach.allowed_networks,
            )
        finally:
            self._turns.release()
        if answer.status != HTTPStatus.OK:
            raise NoAnswerError(f"answered {answer.status}")
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            raise NoAnswerError("no JSON") from None

    def keys(self, uri: str) -> "RemoteKeys":
        """Return the keys at an address, the same object for the same address."""
        with self._lock:
            known = self._keys.setdefault(uri, RemoteKeys(uri, self.json, self._limits))
            self._keys.move_to_end(uri)
            while len(self._keys) > _REMEMBERED:
                self._keys.popitem(last=False)
        return known


class RemoteKeys:
    """The public keys at one `jwks_uri`, as this process knows them.

    They are fetched anew when they are old, and earlier for a kid that is not among
    them (OIDC Core §10.1.1), but however often that is asked only once in a while. If
    they cannot be fetched the last ones serve as long as replaced keys do.
    """

    def __init__(
        self,
        uri: str,
        fetch: Callable[[str], object],
        limits: RegistrationConfig,
        *,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._uri = uri
        self._fetch = fetch
        self._limits = limits
        self._now = now
        self._keys: tuple[Key, ...] = ()
        self._fetched_at = self._tried_at = _NEVER
        self._lock = Lock()

    def known(self, kid: str | None = None) -> tuple[Key, ...]:
        """Return the keys, which hold `kid` if the address has it now."""
        if self._is_due(kid):
            self._refresh(kid)
        is_usable = self._now() - self._fetched_at < self._limits.overlap
        return self._keys if is_usable else ()

    def _is_due(self, kid: str | None) -> bool:
        now = self._now()
        if now - self._tried_at < self._limits.keys_refresh_after:
            return False
        if now - self._fetched_at >= self._limits.keys_max_age:
            return True
        return kid is not None and all(key.kid != kid for key in self._keys)

    def _refresh(self, kid: str | None) -> None:
        # While one thread fetches the others go on with what is known; those who know
        # nothing wait, but never long: a dead address must not hold them all (CWE-400).
        patience = 0 if self._keys else self._limits.fetch_patience
        if not self._lock.acquire(timeout=patience):
            return
        try:
            if self._is_due(kid):
                self._fetch_keys()
        finally:
            self._lock.release()

    def _fetch_keys(self) -> None:
        tried_at = self._tried_at
        try:
            self._keys = readable_keys(self._fetch(self._uri))
            self._fetched_at = tried_at = self._now()
        except BusyError:
            _log.warning("keys_not_fetched", uri=self._uri, detail="busy")
        except NoAnswerError as error:
            _log.warning("keys_not_fetched", uri=self._uri, detail=str(error))
            tried_at = self._now()
        # Not before: until then it is due, and who has no keys waits.
        self._tried_at = tried_at
