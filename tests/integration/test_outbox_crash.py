"""A server that is killed between two of its words to a portal, and its successor."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from idp.provider import Provider
from tests.driver import Portal, citizen
from tests.integration.test_backchannel_logout import sign_in, waiting
from tests.listening_portal import listening
from tests.performance.stage import await_discovery
from tests.prove.stage import command, without_coverage, write_settings

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
