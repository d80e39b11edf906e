"""Servers that are killed, or look at once: portals are told at least once."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from idp import clock
from idp.authentication import logout_outbox
from idp.authentication.models import LogoutNotice
from idp.factors.courier import Courier
from idp.provider import Provider
from tests.driver import Portal, citizen
from tests.integration.test_backchannel_logout import account_of, sign_in, waiting
from tests.listening_portal import listening
from tests.performance.stage import await_discovery
from tests.prove.stage import command, without_coverage, write_settings
from tests.services import BACKENDS

_HASTY = (
    "[server]\nport = {port}\nworkers = 1\n"
    "[outbound]\nallowed_networks = ['127.0.0.0/8']\n"
    "[backchannel]\nwait = 0.05\nretry_after = 1\nlook_every = 1\n"
)


@contextmanager
def killed_at_the_end(settings: Path, port: int) -> Iterator[str]:
    """Run `idp serve`; nothing of it is left to end its work."""
    process = subprocess.Popen(
        command(settings, "serve"),
        env=without_coverage(),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        origin = f"http://127.0.0.1:{port}"
        await_discovery(origin)
        yield origin
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_sign_out_survives_its_server(
    provider: Provider, client, tmp_path: Path
) -> None:
    """Killed while the portal hangs; the next server tells it, and nobody sweeps."""
    with listening() as ear, socket.create_server(("127.0.0.1", 0)) as place:
        port = place.getsockname()[1]
        portal = Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
        person = citizen(provider, account_level=2, state="active", factors=["pwd"])
        _, tokens = sign_in(client, portal, person)
        more = _HASTY.format(port=port)
        settings = write_settings(provider, tmp_path / "config.toml", more)
        place.close()
        ear.may_answer.clear()

        with killed_at_the_end(settings, port) as origin:
            left = requests.get(
                f"{origin}/end_session",
                params={"id_token_hint": tokens["id_token"]},
                cookies={
                    name: client.get_cookie(name).value
                    for name in ("dd_browser", "dd_session")
                },
                allow_redirects=False,
                timeout=30,
            )
            assert left.status_code == 303
            assert ear.has_heard.wait(30)
        assert len(waiting(provider)) == 1, "what was not answered is kept"
        ear.has_heard.clear()
        ear.may_answer.set()
        with killed_at_the_end(settings, port):
            assert ear.has_heard.wait(30)

        first, *again = ear.heard(provider)
        assert again
        assert {claims["jti"] for claims in again} == {first["jti"]}


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_servers_that_look_at_once_tell_it_once(provider: Provider) -> None:
    """Each takes a lot for itself; what is heard is gone for both."""
    with listening() as ear:
        Portal.register(provider, "tax", backchannel_logout_uri=ear.uri)
        person = citizen(provider, account_level=2, state="active", factors=["pwd"])
        now = clock.now()
        with provider.database.transaction() as session:
            account_id = account_of(provider, person)
            session.add_all(
                LogoutNotice(account_id=account_id, client_id="tax", due_at=now)
                for _ in range(50)
            )
        servers = [replace(provider, courier=Courier()) for _ in range(4)]
        with ThreadPoolExecutor(len(servers)) as pool:
            heard = pool.map(lambda one: logout_outbox.deliver(one, now=now), servers)
            assert sum(heard) == 50

        told = [claims["jti"] for claims in ear.heard(provider)]
    assert len(told) == len(set(told)) == 50
    assert waiting(provider) == []
