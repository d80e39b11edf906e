"""What invented people are called: by people, sex and family, as `names.toml` lists."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from idp.registry.draws import Draws, Weighted


@dataclass(frozen=True, slots=True)
class Name:
    """A name in its parts; one that has none is the given name alone."""

    family: str
    middle: str
    given: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.family, self.middle, self.given) if part)


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """A people of Vietnam, or the people of another nationality, and their names."""

    title: str
    families: Weighted[str]
    middles: dict[str, tuple[str, ...]]
    givens: dict[str, tuple[str, ...]]

    def name(self, draws: Draws, gender: str, *, family: str | None = None) -> Name:
        """Return an invented name, with the family's own if one is given."""
        drawn = draws.weighted(self.families)
        return Name(
            family=drawn if family is None else family,
            middle=draws.one_of(self.middles[gender]),
            given=draws.one_of(self.givens[gender]),
        )


@cache
def peoples() -> Weighted[People]:
    """Return the peoples of Vietnam by how many they are."""
    return Weighted({_people(e, "name"): e["weight"] for e in _tables()["peoples"]})


@cache
def foreigners() -> Weighted[People]:
    """Return other nationalities by how many of them live in Vietnam."""
    entries = _tables()["foreigners"]
    return Weighted({_people(e, "nationality"): e["weight"] for e in entries})


@cache
def _tables() -> dict[str, Any]:
    text = files("idp.registry").joinpath("names.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _people(entry: dict[str, Any], title: str) -> People:
    families = entry.get("family", [""])
    weights = families if isinstance(families, dict) else dict.fromkeys(families, 1)
    genders = ("male", "female")
    return People(
        title=entry[title],
        families=Weighted(weights),
        middles={g: tuple(entry.get(f"{g}_middle", [""])) for g in genders},
        givens={g: tuple(entry[f"{g}_given"]) for g in genders},
    )
