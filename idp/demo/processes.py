"""Start what serves, wait until it answers, and stop all of it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import requests

from idp.demo.plan import DemoPlan
from idp.errors import IdpError

HEALTHY_WITHIN = 60.0
STOP_WITHIN = 10.0


class DemoFailedError(IdpError):
    """A process of the demo did not start, or ended by itself."""

    code = "DD-DEMO-001"


@dataclass(frozen=True, slots=True)
class _Service:
    name: str
    health_url: str
    process: subprocess.Popen[bytes]


class Services:
    """Provider, portals and reader agent as child processes; a context manager."""

    def __init__(self, plan: DemoPlan) -> None:
        self._plan = plan
        self._services: list[_Service] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the provider and the portals."""
        plan = self._plan
        config = str(plan.config_file)
        self._spawn(
            "provider",
            ["-m", "idp", "--config", config, "serve"],
            f"{plan.issuer}/.well-known/openid-configuration",
        )
        for name, url in plan.portals.items():
            settings = str(plan.portal_file(name, "settings"))
            self._spawn(name, ["-m", "clients.portal", settings], f"{url}/")

    def start_reader(self) -> None:
        """Start the reader's agent, which reads the cards as it starts."""
        self._spawn("reader", self._agent(), f"{self._plan.agent}/")

    def wait(self, progress: Callable[[str], None]) -> None:
        """Wait until everything answers; raises `DemoFailedError`."""
        for service in self._services:
            progress(f"Waiting for {service.name}")
            self._wait_until_healthy(service)

    def check(self) -> None:
        """Raise `DemoFailedError` if a process has ended."""
        for service in self._services:
            if service.process.poll() is not None:
                raise DemoFailedError(
                    f"{service.name} has ended:\n{self._last_words(service.name)}"
                )

    def stop(self) -> None:
        """End every process, kindly first."""
        for service in reversed(self._services):
            if service.process.poll() is None:
                service.process.terminate()
        deadline = time.monotonic() + STOP_WITHIN
        for service in self._services:
            try:
                service.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(service.process.pid, signal.SIGKILL)
                service.process.wait()
        self._services.clear()

    def _agent(self) -> list[str]:
        plan = self._plan
        arguments = ["--issuer", plan.issuer, "--port", str(plan.agent_port)]
        if plan.ca_file:
            arguments += ["--ca", str(plan.ca_file)]
        arguments += ["--pcsc"] if plan.pcsc else ["--cards", str(plan.cards)]
        return ["-m", "clients.reader", "agent", *arguments]

    def _spawn(self, name: str, arguments: list[str], health_url: str) -> None:
        log_file = self._plan.log_file(name)
        with log_file.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own programs
                [sys.executable, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches us alone; we then stop the others in order.
                start_new_session=True,
            )
        self._services.append(_Service(name, health_url, process))

    def _wait_until_healthy(self, service: _Service) -> None:
        ca_file = self._plan.ca_file
        deadline = time.monotonic() + HEALTHY_WITHIN
        while time.monotonic() < deadline:
            self.check()
            try:
                answer = requests.get(
                    service.health_url,
                    timeout=2,
                    verify=str(ca_file) if ca_file else True,
                )
                if answer.ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        raise DemoFailedError(
            f"{service.name} does not answer at {service.health_url}:\n"
            f"{self._last_words(service.name)}"
        )

    def _last_words(self, name: str) -> str:
        text = self._plan.log_file(name).read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-15:])
