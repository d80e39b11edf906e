"""What a server looks after as long as it runs: untold portals, its keys, audit heads.

The first attempt to tell a portal follows its effect at once. What it did not hear
then, or what a process that died did not get to, waits in the database: each worker
looks there, and publishes, records and destroys the keys whose time has come.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

import structlog

from idp import clock
from idp.audit import heads, sinks
from idp.authentication import outbox
from idp.authentication.logout_outbox import LOGOUTS
from idp.custody import aftermath
from idp.custody.services import Services
from idp.signals.delivery import SIGNALS

log = structlog.get_logger("idp.retelling")


def look(services: Services, *, now: datetime) -> None:
    """Set out to tell whatever is due; two that look at once tell it once."""
    services.sightings.flush()
    for kind in (LOGOUTS, SIGNALS):
        outbox.deliver_due(services, kind, now=now)
    aftermath.look(services, now=now)


def tend_keys(services: Services, *, now: datetime) -> None:
    """Rotate what the policy wants, record and destroy what the clock has ended."""
    services.rotator.rotate_due(now=now)
    services.rotator.settle(now=now)


def attest(services: Services, *, now: datetime) -> None:
    """Sign where the audit log's chains end, and tell it outside (docs/audit.md)."""
    heads.sign_due(services, now=now)
    sinks.write_file(services, now=now)
    services.courier.along("audit", partial(sinks.post_due, services, now=now))


_CHORES = (
    (look, "portals not told again"),
    (tend_keys, "keys not tended"),
    (attest, "audit heads not signed"),
)


def keep_looking(services: Services) -> Callable[[], None]:
    """Look now and every few seconds in a thread of its own; return what ends it."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for chore, failed in _CHORES:
                try:
                    chore(services, now=clock.now())
                except Exception as error:  # noqa: BLE001 - the database may come back
                    log.warning(failed, detail=type(error).__name__)
            over.wait(services.config.backchannel.look_every)

    thread = threading.Thread(target=watch, name="retelling", daemon=True)
    thread.start()

    def end() -> None:
        over.set()
        thread.join()

    return end
