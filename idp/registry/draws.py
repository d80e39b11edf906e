"""Numbers that look drawn and are always the same: what invented people are made of."""

import hashlib
import struct
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

Item = TypeVar("Item")
# A remainder's bias below 2^32 does not matter to invented people.
_WORDS = struct.Struct(">64I")


class Weighted(Generic[Item]):
    """Things of which some are drawn more often than others."""

    def __init__(self, weights: Mapping[Item, int]) -> None:
        self.items = tuple(weights)
        self.ends = list(accumulate(weights.values()))


class Draws:
    """A row of draws that its name alone decides."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._chunks = 0
        self._words: Iterator[int] = iter(())

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit` − 1."""
        for word in self._words:
            return word % limit
        name = f"{self._name}|{self._chunks}".encode()
        self._chunks += 1
        self._words = iter(_WORDS.unpack(hashlib.shake_128(name).digest(_WORDS.size)))
        return next(self._words) % limit

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def happens(self, per_mille: int) -> bool:
        """Say yes so many times in a thousand."""
        return self.below(1000) < per_mille

    def one_of(self, items: Sequence[Item]) -> Item:
        """Return one of `items`, each as likely."""
        return items[self.below(len(items))]

    def weighted(self, choices: Weighted[Item]) -> Item:
        """Return one item, by its weight."""
        return choices.items[bisect(choices.ends, self.below(choices.ends[-1]))]
