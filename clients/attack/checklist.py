"""The whole suite: every attack in the order of the checklist, and how it is run."""

from collections.abc import Iterator
from types import ModuleType

from requests import RequestException

from clients.attack import (
    assertions,
    assurance,
    codes,
    decoupled,
    factors,
    pushed,
    recovery,
    redirects,
    registering,
    senders,
    sessions,
    strangers,
    tokens,
)
from clients.attack.suite import (
    ATTACKS,
    Attack,
    BreachError,
    Finding,
    NotTriedError,
)
from clients.attack.target import Target

# Each module enters its attacks when it is imported.
MODULES: tuple[ModuleType, ...] = (
    redirects, codes, assertions, pushed, senders, tokens, sessions, factors, recovery,
    decoupled, assurance, registering, strangers,
)  # fmt: skip


def find(*wanted: str) -> list[Attack]:
    """Return the attacks of these lines or names; all if none is named."""
    return [
        one
        for one in sorted(ATTACKS, key=lambda one: (one.line[0], int(one.line[1:])))
        if not wanted or one.line in wanted or one.name in wanted
    ]


def attempt(target: Target, one: Attack) -> Finding:
    """Try one attack and say how it ended."""
    try:
        one.run(target)
    except BreachError as breach:
        return Finding(one, "breached", str(breach))
    except NotTriedError as lack:
        return Finding(one, "not tried", str(lack))
    except (RequestException, LookupError, ValueError) as error:
        # The flow itself did not go as it should: nothing was shown either way.
        return Finding(one, "broken", f"{type(error).__name__}: {error}")
    return Finding(one, "refused")


def run(target: Target, *wanted: str) -> Iterator[Finding]:
    """Try the attacks one after another."""
    for one in find(*wanted):
        yield attempt(target, one)
