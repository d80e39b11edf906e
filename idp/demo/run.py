"""The whole demo, from an empty folder to Ctrl-C."""

import select
import signal
import sys
from typing import NoReturn

from idp.demo.folder import held_folder
from idp.demo.plan import DemoPlan, check_ports
from idp.demo.processes import Services
from idp.demo.screen import Screen


def run(plan: DemoPlan, *, reset: bool) -> None:
    """Prepare, serve and wait; returns once everything is stopped again."""
    screen = Screen()
    # A shell starts background jobs with SIGINT ignored, so all three are set.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with held_folder(plan.folder, reset=reset):
            check_ports(plan)
            # A refusal need not wait until everything is loaded.
            from idp.demo.preparation import prepare  # noqa: PLC0415

            with Services(plan) as services:
                prepared = prepare(plan, screen.progress, services.start)
                services.start_reader()
                services.wait(screen.progress)
                screen.show(plan, prepared.citizens)
                while True:
                    services.check()
                    if _enter_was_pressed(screen):
                        screen.show_codes(prepared.citizens)
    except KeyboardInterrupt:
        screen.progress("Stopped.")


def _enter_was_pressed(screen: Screen) -> bool:
    watched = [sys.stdin] if screen.is_terminal and sys.stdin.isatty() else []
    ready, _, _ = select.select(watched, [], [], 0.5)
    return bool(ready) and bool(sys.stdin.readline())


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
