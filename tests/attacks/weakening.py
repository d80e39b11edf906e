"""How a provider is weakened: by name of the attack that gets through then."""

from collections.abc import Callable

import pytest

Weaken = Callable[[pytest.MonkeyPatch], None]
WEAKNESSES: dict[str, Weaken] = {}


def weakness(*attacks: str) -> Callable[[Weaken], Weaken]:
    """Enter a way to weaken the provider; `attacks` are what gets through then."""

    def enter(weaken: Weaken) -> Weaken:
        for name in attacks:
            assert name not in WEAKNESSES
            WEAKNESSES[name] = weaken
        return weaken

    return enter


def always(value: object) -> Callable:
    """Return a function that answers always the same."""
    return lambda *args, **kwargs: value
