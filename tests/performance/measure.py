"""Slices of load: rates, percentiles, the server's CPU and resident memory."""

import os
import statistics
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

from tests.performance.party import Browser, Citizen, Party, UnexpectedAnswerError

TICKS = os.sysconf("SC_CLK_TCK")
SCENARIOS = (
    "discovery",
    "jwks",
    "userinfo",
    "introspection",
    "refresh",
    "sso_round",
    "sign_in",
)
NEED_SESSION = ("userinfo", "introspection", "refresh", "sso_round")
FAILURES = (UnexpectedAnswerError, OSError, HTTPException, KeyError, IndexError)
MAX_ERRORS = 50


@dataclass
class Slice:
    """What one slice of one scenario showed; times in milliseconds."""

    scenario: str
    operations: int
    seconds: float
    latencies: list[float] = field(repr=False)
    cpu_ms: float = 0.0
    store_cpu_ms: float = 0.0
    resident_mb: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)

    def percentile(self, share: float) -> float:
        """Return the latency below which `share` of the operations lie."""
        if not self.latencies:
            return float("nan")
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def process_tree(root: int) -> set[int]:
    """Return `root` and all its descendants."""
    found, waiting = set(), [root]
    while waiting:
        pid = waiting.pop()
        if pid in found:
            continue
        found.add(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                waiting += map(int, children.read_text().split())
            except OSError:
                continue
    return found


def cpu_seconds(pids: set[int]) -> float:
    """Return user and system time of these processes and their reaped children."""
    ticks = 0
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        ticks += sum(map(int, stat.rsplit(")", 1)[1].split()[11:15]))
    return ticks / TICKS


def resident_mb(pids: set[int]) -> float:
    """Return the proportional set size, so that shared pages count once."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(x.split()[1]) for x in lines if x.startswith("Pss:"))
    return total / 1024


@dataclass
class Target:
    """A running provider: who it is, which processes are its server and stores."""

    party: Party
    citizens: list[Citizen]
    server: int | None
    stores: tuple[int, ...] = ()

    def pids(self) -> tuple[set[int], set[int]]:
        """Return the server's process tree and the stores'."""
        server = process_tree(self.server) if self.server else set()
        return server, set().union(*map(process_tree, self.stores), set())


class _Load:
    """Browsers that repeat one scenario in threads, and what they saw."""

    def __init__(self, target: Target, scenario: str, callers: int) -> None:
        self.target, self.scenario = target, scenario
        self.browsers = [Browser(target.party) for _ in range(callers)]
        self.latencies: list[float] = []
        self.errors: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._begin = threading.Event()
        self._end = 0.0
        self._unused = [c for c in target.citizens if c.totp_secret is not None]
        if scenario in NEED_SESSION:
            plain = [c for c in target.citizens if c.totp_secret is None]
            for number, browser in enumerate(self.browsers):
                browser.sign_in(plain[number % len(plain)])

    def run(self, seconds: float) -> float:
        """Load for about `seconds`; the time that it really took."""
        threads = [
            threading.Thread(target=self._call, args=(b,)) for b in self.browsers
        ]
        for thread in threads:
            thread.start()
        started = time.perf_counter()
        self._end = started + seconds
        self._begin.set()
        for thread in threads:
            thread.join()
        if self.scenario == "sign_in":
            plain = [c for c in self.target.citizens if c.totp_secret is None]
            self.target.citizens = plain + self._unused
        return time.perf_counter() - started

    def _operate(self, browser: Browser) -> None:
        if self.scenario != "sign_in":
            getattr(browser, self.scenario)()
            return
        with self._lock:
            # A used code is refused, so each login takes another citizen.
            citizen = self._unused.pop()
        browser.sign_in(citizen)

    def _call(self, browser: Browser) -> None:
        times: list[float] = []
        self._begin.wait()
        while (started := time.perf_counter()) < self._end:
            try:
                self._operate(browser)
            except FAILURES as error:
                self.errors[str(error)[:120]] += 1
                if self.errors.total() > MAX_ERRORS:
                    break
            else:
                times.append((time.perf_counter() - started) * 1e3)
        with self._lock:
            self.latencies += times


def run_slice(target: Target, scenario: str, *, callers: int, seconds: float) -> Slice:
    """Let `callers` browsers repeat one scenario for `seconds` seconds."""
    load = _Load(target, scenario, callers)
    server, stores = target.pids()
    before = cpu_seconds(server), cpu_seconds(stores)
    took = load.run(seconds)
    used = cpu_seconds(server) - before[0], cpu_seconds(stores) - before[1]
    count = max(1, len(load.latencies))
    return Slice(
        scenario=scenario,
        operations=len(load.latencies),
        seconds=took,
        latencies=load.latencies,
        cpu_ms=used[0] / count * 1e3,
        store_cpu_ms=used[1] / count * 1e3,
        resident_mb=resident_mb(server),
        errors=load.errors,
    )


def median(values: list[float]) -> float:
    """Return the median, or NaN of nothing."""
    return statistics.median(values) if values else float("nan")
