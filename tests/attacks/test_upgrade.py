"""Machine after machine is replaced under load, and nobody notices (E7)."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from clients.attack.portal import enter, portal
from clients.attack.target import Target
from tests.attacks.balancer import balancing
from tests.attacks.serving import prepared, program, settings, stores
from tests.e2e.running import free_block
from tests.services import Services

_AT_ONCE, _ENOUGH = 3, 30


def keep_signing_in(target: Target, is_over: threading.Event) -> list[str]:
    """Sign the same citizen in again and again; return who the tokens say it was."""
    subjects = []
    while not is_over.is_set():
        subjects.append(enter(portal(target)).redeem().claims["sub"])
    return subjects


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_sign_in_fails_and_everybody_stays_who_they_are(
    services: Services, tmp_path: Path
) -> None:
    """The database first, then a new machine beside the old one, then without it."""
    old = free_block(4)
    new, is_over = old + 1, threading.Event()
    with (
        stores(services, tmp_path, backend="production") as chosen,
        balancing() as balancer,
        ExitStack() as first,
    ):
        of_each = {"issuer": balancer.issuer, "workers": 1}
        files = {
            port: settings(tmp_path, chosen, port=port, **of_each)
            for port in (old, new)
        }
        target = Target(balancer.issuer, **prepared(files[old]))
        first.enter_context(program(files[old], f"http://127.0.0.1:{old}"))
        balancer.add(old)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            people = [
                pool.submit(keep_signing_in, target, is_over) for _ in range(_AT_ONCE)
            ]
            try:
                balancer.await_served(old, _ENOUGH)
                migrate = ("-m", "idp", "--config", str(files[new]), "db", "upgrade")
                subprocess.run([sys.executable, *migrate], check=True)
                with program(files[new], f"http://127.0.0.1:{new}"):
                    balancer.add(new)
                    balancer.await_served(old, _ENOUGH)
                    balancer.drain(old)
                    first.close()
                    balancer.await_served(new, _ENOUGH)
                    is_over.set()
                    seen = [subject for one in people for subject in one.result()]
            finally:
                is_over.set()

    assert len(seen) > _AT_ONCE
    assert len(set(seen)) == 1
