"""How a provider is weakened: by name of the attack that gets through then."""

from collections.abc import Callable

import pytest

from idp.storage.embedded import EmbeddedStore

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


def claiming_again(*prefixes: str) -> Weaken:
    """Return how single-use things of these kinds are claimed as often as one likes."""

    def weaken(patch: pytest.MonkeyPatch) -> None:
        def claim(store, key, *args, **kwargs):
            return key.startswith(prefixes) or original(store, key, *args, **kwargs)

        original = EmbeddedStore.claim
        patch.setattr(EmbeddedStore, "claim", claim)

    return weaken
