"""A registry of invented people who are worked out when asked for, and stored ones.

What is stored goes before what is invented, so that a sandbox can marry, move or bury
anyone.
"""

from dataclasses import replace
from datetime import datetime

from idp.registry.embedded import EmbeddedRegistry
from idp.registry.generator import Population
from idp.registry.papers import as_of
from idp.registry.person import PersonRecord
from idp.registry.port import CAPABILITIES, Asker, Question, is_about


class GeneratedRegistry:
    """The stored people, and a population beside them that takes no room."""

    authority = EmbeddedRegistry.authority
    capabilities = CAPABILITIES

    def __init__(self, population: Population, stored: EmbeddedRegistry) -> None:
        self.population = population
        self.stored = stored

    def confirms(self, question: Question, asker: Asker, *, now: datetime) -> bool:
        """Say whether number, name and birth date belong to one person."""
        return self.look_up(question, asker, now=now) is not None

    def look_up(
        self, question: Question, asker: Asker, *, now: datetime
    ) -> PersonRecord | None:
        """Return the record if the whole question is right."""
        del asker  # a real registry logs who asked
        record = self.find(question.number, now=now)
        is_right = record and record.person and is_about(question, record.person)
        return record if is_right else None

    def find(self, number: str, *, now: datetime) -> PersonRecord | None:
        """Return the record of the holder of `number` as it stands at `now`."""
        record = self.stored.find(number, now=now)
        if record is not None:
            return record
        index = self.population.index_of(number)
        if index is None:
            return None
        return _as_of(self.population.person(index), now)


def _as_of(record: PersonRecord, now: datetime) -> PersonRecord:
    person = record.person
    if person is None or person.card is None:
        return record
    return replace(record, person=replace(person, card=as_of(person.card, now.date())))
