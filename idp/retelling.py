"""Telling portals again what they have not heard, for as long as a server runs.

The first attempt follows its effect at once. What a portal did not hear then, or what a
process that died did not get to, waits in the database: each worker looks there.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from idp import clock
from idp.authentication import outbox
from idp.authentication.logout_outbox import LOGOUTS
from idp.authentication.outbox import Services
from idp.custody.sightings import Sightings
from idp.signals.delivery import SIGNALS

log = structlog.get_logger("idp.retelling")


class Watched(Services, Protocol):
    """What a server looks after while it runs."""

    @property
    def sightings(self) -> Sightings:
        """Who fetched the key set, counted in memory."""


def look(services: Watched, *, now: datetime) -> None:
    """Set out to tell whatever is due; two that look at once tell it once."""
    services.sightings.flush()
    for kind in (LOGOUTS, SIGNALS):
        outbox.deliver_due(services, kind, now=now)


def keep_looking(services: Watched) -> Callable[[], None]:
    """Look now and every few seconds in a thread of its own; return what ends it."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            try:
                look(services, now=clock.now())
            except Exception as error:  # noqa: BLE001 - the database may come back
                log.warning("portals not told again", detail=type(error).__name__)
            over.wait(services.config.backchannel.look_every)

    thread = threading.Thread(target=watch, name="retelling", daemon=True)
    thread.start()

    def end() -> None:
        over.set()
        thread.join()

    return end
