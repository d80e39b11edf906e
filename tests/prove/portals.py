"""Portals that put load on a provider and verify what they get with a stock library."""

import re
import threading
from time import monotonic

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.performance.measure import FAILURES
from tests.performance.party import Browser, Citizen, Party

REDIRECT_URI = "https://portal.example.test/callback"
SCOPE = "openid profile offline_access"
_TRIES = 10
_MAX_AGE = re.compile(r"max-age=(\d+)")


class KeptKeys:
    """A key set, kept for as long as its `max-age` allows and not fetched before.

    The first one is kept for so great a part of that: portals do not fetch in step.
    """

    def __init__(self, url: str, first: float = 1.0) -> None:
        self._url = url
        self._part = first
        self._until = 0.0
        self._keys = KeySet([])

    def now(self) -> KeySet:
        """Return the set, fetched anew when it is out of date."""
        asked = monotonic()
        if asked >= self._until:
            answer = self._fetch()
            age = _MAX_AGE.search(answer.headers["Cache-Control"])
            self._keys = KeySet.import_key_set(answer.json())
            self._until = asked + self._part * int(age[1] if age else 0)
            self._part = 1.0
        return self._keys

    def _fetch(self) -> requests.Response:
        for _ in range(_TRIES):
            try:
                answer = requests.get(self._url, timeout=30)
            except requests.ConnectionError:
                continue  # the worker that took the call was killed
            answer.raise_for_status()
            return answer
        raise RuntimeError("no worker serves the key set")


class LoadedPortal:
    """One portal with one citizen, who signs in again and again."""

    def __init__(
        self, party: Party, citizen: Citizen, pause: float, first: float
    ) -> None:
        self._browser = Browser(party)
        self._citizen = citizen
        self._pause = pause
        self._keys = KeptKeys(party.endpoints["jwks_uri"], first)
        self._tried: str | None = None
        self.rounds = self.verified = self.interrupted = 0
        self.failed: list[tuple[float, str]] = []
        self.believed_until = 0.0

    def run(self, over: threading.Event) -> None:
        """Sign in until it is over; a round that breaks off begins anew."""
        is_signed_in = False
        while not over.is_set():
            try:
                if is_signed_in:
                    self._browser.sso_round()
                else:
                    self._browser.sign_in(self._citizen)
                is_signed_in = True
            except FAILURES:
                # A worker died with the request, or the grant ended with its key.
                self.interrupted += 1
                is_signed_in = False
                continue
            self.rounds += 1
            for name in ("id_token", "access_token"):
                self._verify(name, self._browser.tokens[name])
            if self._tried is not None and self._accepts(self._tried) is None:
                self.believed_until = monotonic()
            over.wait(self._pause)
        self._browser.close()

    def keep_trying(self, token: str) -> None:
        """Verify this one too from now on, to see how long it is believed."""
        self._tried = token

    def _verify(self, name: str, token: str) -> None:
        refusal = self._accepts(token)
        if refusal is None:
            self.verified += 1
        else:
            self.failed.append((monotonic(), f"{name}: {refusal}"))

    def _accepts(self, token: str) -> str | None:
        """Return why a token does not verify, or None."""
        try:
            jwt.decode(token, self._keys.now(), algorithms=["ES256"])
        except (JoseError, ValueError) as error:
            return f"{type(error).__name__}: {error}"
        return None
