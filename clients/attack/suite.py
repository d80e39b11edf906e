"""What an attack is, and how it ends."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from clients.attack.target import Target

Outcome = Literal["refused", "breached", "not tried", "broken"]
Run = Callable[[Target], None]


class BreachError(Exception):
    """The provider let the attack through; the text says what happened."""


class NotTriedError(Exception):
    """This deployment lacks what the attack needs."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: its line of the checklist, its weaknesses, and what must hold."""

    line: str
    name: str
    weaknesses: tuple[str, ...]
    promise: str
    run: Run


@dataclass(frozen=True, slots=True)
class Finding:
    """How one attack ended; `told` says why, unless it was refused as it should be."""

    attack: Attack
    outcome: Outcome
    told: str = ""

    @property
    def is_good(self) -> bool:
        """Say whether nothing has to be done about it."""
        return self.outcome in ("refused", "not tried")


ATTACKS: list[Attack] = []


def attack(line: str, *weaknesses: str) -> Callable[[Run], Run]:
    """Enter a function into the suite; its docstring is what a sound provider does."""

    def enter(run: Run) -> Run:
        promise = (inspect.getdoc(run) or "").partition("\n")[0]
        ATTACKS.append(Attack(line, run.__name__, weaknesses, promise, run))
        return run

    return enter


def expect(holds: object, told: str) -> None:
    """Raise `BreachError` with what happened unless the provider held."""
    if not holds:
        raise BreachError(told)
