"""The port to the population registry: who asks, what is asked, how names are compared.

The operations are those of the national exchange: a person is confirmed or looked up by
number *and* name *and* birth date, never by the number alone.
"""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

from idp.config import Config
from idp.errors import IdpError
from idp.registry.person import PersonRecord, RegisteredPerson

CAPABILITIES = frozenset({"household", "card", "representatives", "find_by_number"})
CITIZEN_PURPOSE = "citizen_request"


class RegistryDownError(IdpError):
    """The registry gives no answer now: what it would tell is withheld, not denied."""

    code = "DD-POP-001"
    status = HTTPStatus.SERVICE_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Question:
    """Whom it is about; `name` is whole, in Vietnamese order."""

    number: str
    name: str
    birth_date: str


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks and why: every query is logged by the registry with both."""

    purpose: str
    officer: str
    unit: str

    @classmethod
    def citizen(cls, config: Config) -> "Asker":
        """Return the asker for what citizens themselves request.

        The registry wants an officer's code with each query; for these it is the
        configured one.
        """
        registry = config.registry
        return cls(CITIZEN_PURPOSE, officer=registry.officer, unit=registry.unit)


class PopulationRegistry(Protocol):
    """What is asked of a registry; `authority` answers for it, `capabilities` differ.

    Without `household`, `card` or `representatives` those parts of a record are
    missing; with `find_by_number` the embedded registry answers officers by number.
    """

    @property
    def authority(self) -> str:
        """The name of the authority, as evidence tells it."""

    @property
    def capabilities(self) -> frozenset[str]:
        """What of `CAPABILITIES` it can tell."""

    def confirms(self, question: Question, asker: Asker, *, now: datetime) -> bool:
        """Say whether number, name and birth date belong together.

        Raises `RegistryDownError`; never answers from what was told earlier.
        """

    def look_up(
        self, question: Question, asker: Asker, *, now: datetime
    ) -> PersonRecord | None:
        """Return the record, None also where the name or the birth date differs.

        Raises `RegistryDownError`.
        """


def same_name(one: str, other: str) -> bool:
    """Compare names without accents, case and spaces, as the registry does; đ is d."""
    return fold_name(one) == fold_name(other) != ""


def fold_name(name: str) -> str:
    """Return the letters of a name that comparing looks at."""
    decomposed = unicodedata.normalize("NFKD", name.casefold()).replace("đ", "d")
    return "".join(letter for letter in decomposed if letter.isalnum())


def same_birth(registered: str, told: str) -> bool:
    """Compare birth dates by the registry's precision.

    Where the registry has a year only, that year or any day in it matches; where it
    has a day, the year alone does not.
    """
    return told == registered or (
        len(registered) == len("YYYY") and told[:4] == registered
    )


def is_about(question: Question, person: RegisteredPerson) -> bool:
    """Say whether all three parts of a question belong to a registered person."""
    return (
        question.number == person.number
        and same_name(question.name, person.full_name)
        and same_birth(person.birth_date, question.birth_date)
    )
