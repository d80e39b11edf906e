"""Chip sign-ins: the server's CPU, round trips, and the wait on a slow line.

CPU is counted by `inside`. Latency is added to each request of the agent.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from flask import Flask
from rich.table import Table

from clients.reader.virtual.chip import VirtualChip
from clients.reader.virtual.profiles import DEMO, Profile
from idp.app import create_app
from idp.provider import Provider
from tests.cards.people import AN
from tests.driver import Browser, Portal, at
from tests.integration.chip.agent import ISSUER, Agent, go_to_chip, start_token
from tests.integration.chip.people import create_citizen, enrol, issue, trust
from tests.performance.inside import Meter, running_provider

PROFILES = {"chip-bac": (DEMO[0], DEMO[3]), "chip-pace": (DEMO[1], DEMO[2])}
LATENCY = 0.08  # seconds of a round trip, as the goals are stated
_MANY = {"chips_per_account": 10**6, "chips_per_transaction": 10**6}


@dataclass
class Reading:
    """What one sign-in by card took: CPU in milliseconds, waits in seconds."""

    cpu_ms: float
    trips: int
    apdus: int
    start: float
    card: float
    back: float


def measure(scenario: str, *, rounds: int) -> list[Reading]:
    """Sign in by card `rounds` times with each kind of card of this scenario."""
    with running_provider(throttle=_MANY) as provider:
        app = create_app(provider=provider)
        meter = Meter(app)
        trust(provider)
        portal = Portal.register(provider, "bank", minimum_acr="urn:dinhdanh:acr:2.2")
        return [
            reading
            for number, profile in enumerate(PROFILES[scenario])
            for reading in _readings(provider, app, meter, portal, profile, number)(
                rounds
            )
        ]


def table(found: dict[str, list[Reading]]) -> Table:
    """Return the medians of each scenario."""
    shown = Table("scenario", title=f"Medians; {LATENCY * 1000:.0f} ms added latency")
    for name in ("CPU ms", "trips", "APDUs", "start s", "card s", "return s"):
        shown.add_column(name, justify="right")
    for scenario, readings in found.items():
        shown.add_row(
            scenario,
            f"{_median(readings, lambda item: item.cpu_ms):.1f}",
            f"{_median(readings, lambda item: item.trips):.0f}",
            f"{_median(readings, lambda item: item.apdus):.0f}",
            *(
                f"{_median(readings, of):.2f}"
                for of in (
                    lambda item: item.start,
                    lambda item: item.card,
                    lambda item: item.back,
                )
            ),
        )
    return shown


def _readings(
    provider: Provider,
    app: Flask,
    meter: Meter,
    portal: Portal,
    profile: Profile,
    number: int,
) -> Callable[[int], Iterator[Reading]]:
    person = replace(AN, number=f"99909901{2345 + number}")
    card = issue(profile, person)
    citizen = create_citizen(provider, person)
    enrol(provider, citizen, card)
    chip = VirtualChip(card)

    def read(rounds: int) -> Iterator[Reading]:
        for turn in range(rounds + 1):
            browser = Browser(app.test_client())
            browser.visit(portal.url())
            browser.submit(**citizen.entry)
            go_to_chip(browser)
            reading = _read(browser, meter, chip)
            if turn:  # the first one warms up
                yield reading

    return read


def _read(browser: Browser, meter: Meter, chip: VirtualChip) -> Reading:
    meter.seconds, meter.latency = 0.0, LATENCY
    agent = Agent(browser.client.application)
    chip.reset()
    token = start_token(browser)
    began = time.monotonic()
    assert agent.open(token).status_code == 201
    opened = time.monotonic()
    url = agent.read(chip)
    read = time.monotonic()
    page = browser.client.get(url.removeprefix(ISSUER))
    done = time.monotonic()
    cpu_ms = (
        meter.seconds * 1000
    )  # what follows is the dispatcher's, as after any factor
    assert page.status_code == 303, page.text[:500]
    page = browser.visit(page.headers["Location"])
    assert at(page) in ("consent", "portal"), page.text[:500]
    waits = (opened - began, read - opened, done - read)
    # The last trip brings the answers; the card's time is that of the virtual chip.
    return Reading(cpu_ms, agent.trips - 1, agent.apdus, *waits)


def _median(readings: list[Reading], of: Callable[[Reading], float]) -> float:
    return statistics.median(of(item) for item in readings)
