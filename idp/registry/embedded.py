"""The embedded synthetic registry: records in our own database, sealed at rest."""

import json
from datetime import datetime
from typing import cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.registry.models import RegistryRecord
from idp.registry.person import PersonRecord
from idp.registry.port import CAPABILITIES, Asker, Question, is_about
from idp.storage.database import Database
from keys.sealing import Sealer

SEAL_CONTEXT = "registry_records.record"
INDEX_CONTEXT = "registry_records.number"

_RECORDS = cast("sa.Table", RegistryRecord.__table__)
_FIND = sa.select(_RECORDS.c.record_sealed).where(
    _RECORDS.c.number_index.in_(sa.bindparam("numbers", expanding=True))
)


class EmbeddedRegistry:
    """A synthetic registry of the people that were stored in it."""

    authority = "Định Danh: synthetic population and residence registry"
    capabilities = CAPABILITIES

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def confirms(self, question: Question, asker: Asker, *, now: datetime) -> bool:
        """Say whether number, name and birth date belong to one stored person."""
        return self.look_up(question, asker, now=now) is not None

    def look_up(
        self, question: Question, asker: Asker, *, now: datetime
    ) -> PersonRecord | None:
        """Return the stored record if the whole question is right."""
        del asker  # a real registry logs who asked
        record = self.find(question.number, now=now)
        is_right = record and record.person and is_about(question, record.person)
        return record if is_right else None

    def find(self, number: str, *, now: datetime) -> PersonRecord | None:
        """Return the record of the holder of `number`, or None if there is none."""
        del now  # what is stored is told as it was stored
        index = self._sealer.index(number, context=INDEX_CONTEXT)
        with self._database.read() as connection:
            sealed = connection.execute(_FIND, {"numbers": index.versions}).scalar()
        if sealed is None:
            return None
        text = self._sealer.open(sealed, context=SEAL_CONTEXT)
        return PersonRecord.from_json(json.loads(text))

    def store(self, session: Session, record: PersonRecord) -> None:
        """Write or replace a person's record."""
        if record.person is None:
            raise ValueError("a record is stored under its person's number")
        number = record.person.number
        text = json.dumps(record.to_json(), ensure_ascii=False).encode()
        index = self._sealer.index(number, context=INDEX_CONTEXT)
        others = {*index.versions} - {bytes(index)}
        session.execute(sa.delete(_RECORDS).where(_RECORDS.c.number_index.in_(others)))
        session.merge(
            RegistryRecord(
                number_index=index,
                record_sealed=self._sealer.seal(text, context=SEAL_CONTEXT),
                as_of=record.as_of,
            )
        )
