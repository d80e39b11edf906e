"""Keys that turn under load: portals notice no rotation, and no server a killed key.

Several portals sign citizens in without a pause, and verify each token with a stock
library and a key set that they keep for as long as its `max-age` allows: they never
fetch it for an unknown `kid`. Meanwhile each ring is rotated by two processes at once,
and a worker dies in the middle of each rotation.
"""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from idp import clock
from idp.custody import aftermath, kill
from idp.custody.kill import Choice
from idp.provider import Provider
from keys.ring import RINGS, Ring
from tests.performance.party import Browser, Party
from tests.performance.stage import create_citizens
from tests.prove.at_once import await_, rotate_twice
from tests.prove.portals import REDIRECT_URI, SCOPE, LoadedPortal
from tests.prove.probes import QUESTIONS, Probes, worker_pids
from tests.prove.stage import provider_on, serving, write_settings
from tests.services import Services

WORKERS = 4
REFUSED_WITHIN = 5  # seconds after a kill
_SETTINGS = """issuer = "{issuer}"
[server]
port = {port}
workers = {workers}
[throttle]
passwords_per_source = 1000000
unknown_sources_per_account = 1000000
[log]
level = "ERROR"
"""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of the run, in seconds."""

    publish_lead: int
    jwks_max_age: int
    reread_after: int


@dataclass(slots=True)
class Turning:
    """What portals and workers saw."""

    clocks: Clocks
    portals: int
    rotations: int = 0
    seconds: float = 0.0
    rounds: int = 0
    verified: int = 0
    failed: list[str] = field(default_factory=list)
    interrupted: int = 0
    workers_killed: int = 0
    lost: int = 0  # of two processes that rotated at once, those that failed
    doubles: int = 0  # rings in which they published not one key, but none or two
    refused_by: int = 0  # workers, each asked by itself
    refused_after: dict[str, float] = field(default_factory=dict)
    portals_after: float = 0.0
    failed_later: int = 0

    @property
    def is_calm(self) -> bool:
        """Say whether nobody noticed a rotation."""
        return (
            self.verified > 0
            and not self.failed
            and not self.failed_later
            and not self.doubles
            and not self.lost
        )

    @property
    def is_refused(self) -> bool:
        """Say whether every worker refused at every address."""
        return self.refused_by == WORKERS and set(self.refused_after) == set(QUESTIONS)

    @property
    def is_fast(self) -> bool:
        """Say whether every worker refused in time."""
        latest = max(self.refused_after.values(), default=float("inf"))
        return self.is_refused and latest < REFUSED_WITHIN


def turn(
    services: Services,
    folder: Path,
    *,
    clocks: Clocks,
    portals: int,
    rotations: int,
    pause: float,
) -> Turning:
    """Rotate so often under load, then kill the keys of tokens.

    Each portal pauses so many seconds between two rounds.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    issuer, found = f"http://localhost:{port}", Turning(clocks, portals)
    chosen = {name: getattr(clocks, name) for name in Clocks.__slots__}
    with provider_on(services, "production", folder, keys=chosen) as provider:
        party = _register(provider, issuer, portals)
        people = create_citizens(provider, portals + 1, first=700_000)
        more = _SETTINGS.format(issuer=issuer, port=port, workers=WORKERS)
        settings = write_settings(provider, folder / "turning.toml", more)
        with serving(settings, issuer) as server:
            load = [
                LoadedPortal(one, person, pause, first=(number + 1) / portals)
                for number, (one, person) in enumerate(zip(party, people, strict=False))
            ]
            victim = Browser(party[0])
            with _running(load):
                await_(lambda: all(portal.rounds for portal in load), 60)
                _rotations(provider, settings, server, found, rotations)
                _count(load, found)
                victim.sign_in(people[-1])
                _kill(provider, victim, server, load, found)
            victim.close()
    return found


def _register(provider: Provider, issuer: str, count: int) -> list[Party]:
    """Register the portals, which share a key of their own."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    private = key.private_key
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("an EC key has an EC private key")
    parties = []
    for number in range(count):
        metadata = {
            "client_id": f"turning-{number}",
            "client_name": f"Turning {number}",
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["authorization_code", "refresh_token"],
            "id_token_signed_response_alg": "ES256",
            "scope": SCOPE,
            "jwks": {"keys": [key.as_dict(private=False)]},
        }
        with provider.database.transaction() as session:
            provider.relying_parties.add(
                session, provider.audit, metadata, sandbox=True, now=clock.now()
            )
        parties.append(
            Party(
                issuer,
                str(metadata["client_id"]),
                REDIRECT_URI,
                SCOPE,
                private,
                str(key.kid),
                {
                    "authorization_endpoint": f"{issuer}/authorize",
                    "token_endpoint": f"{issuer}/token",
                    "userinfo_endpoint": f"{issuer}/userinfo",
                    "introspection_endpoint": f"{issuer}/introspect",
                    "jwks_uri": f"{issuer}/jwks.json",
                },
            )
        )
    return parties


def _rotations(
    provider: Provider, settings: Path, server: int, found: Turning, times: int
) -> None:
    def kill_a_worker() -> None:
        workers = worker_pids(server)
        os.kill(workers[found.workers_killed % len(workers)], signal.SIGKILL)
        found.workers_killed += 1

    began, clocks = monotonic(), found.clocks
    for _ in range(times):
        before = _published(provider)
        found.lost += 2 - rotate_twice(provider, settings, meanwhile=kill_a_worker)
        added = _published(provider)
        found.doubles += sum(added[ring] - before[ring] != 1 for ring in RINGS)
        # Until the new key signs, and every key set without it is out of date.
        lasts = clocks.publish_lead + clocks.jwks_max_age + 2 * clocks.reread_after
        threading.Event().wait(lasts)
        found.rotations += 1
    found.seconds = monotonic() - began


def _published(provider: Provider) -> dict[Ring, int]:
    rows = provider.rotator.store.rows()
    return {ring: sum(row.ring == ring for row in rows) for ring in RINGS}


def _kill(
    provider: Provider,
    victim: Browser,
    server: int,
    load: list[LoadedPortal],
    found: Turning,
) -> None:
    tokens = dict(victim.tokens)
    with Probes(victim, server, workers=WORKERS) as probes:
        if any(is_refused for _, is_refused in probes.ask(tokens).values()):
            raise RuntimeError("a good token was refused before the kill")
        for portal in load:
            portal.keep_trying(tokens["id_token"])
        began = _kill_active(
            provider, Ring("access_token", "ES256"), Ring("id_token", "ES256")
        )
        aftermath.go_on(provider, now=clock.now())
        found.refused_after = probes.until_refused(tokens, began=began, patience=20)
        found.refused_by = len(probes.workers)
    keys = found.clocks
    threading.Event().wait(keys.jwks_max_age + 2 * keys.reread_after)
    quiet = monotonic()
    rounds = sum(portal.rounds for portal in load)
    await_(lambda: sum(portal.rounds for portal in load) > rounds + 5 * len(load), 60)
    found.portals_after = max(portal.believed_until - began for portal in load)
    found.failed_later = sum(at > quiet for portal in load for at, _ in portal.failed)


def _kill_active(provider: Provider, *rings: Ring) -> float:
    """Kill the keys that sign in these rings in one transaction; return its moment."""
    now = clock.now()
    kids = [provider.rotator.rehearse(ring, now=now).active.kid for ring in rings]
    with provider.database.transaction() as session:
        done = [
            kill.kill(
                provider,
                session,
                Choice(kid, grants="revoke"),
                reason="a proof",
                by="prove",
                now=now,
            )
            for kid in kids
        ]
    began = monotonic()
    for one in done:
        one.afterwards()
    return began


def _count(load: list[LoadedPortal], found: Turning) -> None:
    found.rounds = sum(portal.rounds for portal in load)
    found.verified = sum(portal.verified for portal in load)
    found.interrupted = sum(portal.interrupted for portal in load)
    found.failed = [text for portal in load for _, text in portal.failed]


@contextmanager
def _running(load: list[LoadedPortal]) -> Iterator[None]:
    over = threading.Event()
    threads = [threading.Thread(target=one.run, args=(over,)) for one in load]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
