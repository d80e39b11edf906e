"""Two commands that rotate every ring, from processes of their own and at once."""

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import sqlalchemy as sa

from idp.provider import Provider
from tests.prove.stage import command, without_coverage

_PATIENCE = 120.0  # seconds for two commands to start beside the load
_WAITING = sa.text(
    "SELECT count(*) FROM pg_locks WHERE NOT granted "
    "AND relation = 'signing_keys'::regclass"
)


def rotate_twice(
    provider: Provider, settings: Path, *, meanwhile: Callable[[], None]
) -> int:
    """Rotate every ring by two `idp keys rotate`; return how many succeeded.

    Both have read what there is and stand at the first ring's lock when it opens;
    `meanwhile` is done while they stand there.
    """
    told = {"stdout": subprocess.DEVNULL, "env": without_coverage()}
    two: list[subprocess.Popen[bytes]] = []
    try:
        with provider.rotator.store.locked():
            for _ in range(2):
                words = command(settings, "keys", "rotate")
                two.append(subprocess.Popen(words, **told))  # type: ignore[call-overload]
            await_(lambda: _waiting(provider) >= len(two), _PATIENCE)
            meanwhile()
        return sum(not one.wait(_PATIENCE) for one in two)
    finally:
        for one in two:
            one.kill()
            one.wait()


def _waiting(provider: Provider) -> int:
    with provider.database.read() as connection:
        return int(connection.scalar(_WAITING))


def await_(holds: Callable[[], bool], patience: float) -> None:
    """Look again and again until it holds."""
    end = monotonic() + patience
    while not holds():
        if monotonic() > end:
            raise RuntimeError("it did not come about")
        threading.Event().wait(0.1)
