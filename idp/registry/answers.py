"""The last answer about each person, sealed: told again while the registry is down."""

import json
from datetime import datetime
from typing import cast

import sqlalchemy as sa

from idp.registry.models import RegistryAnswer
from idp.registry.person import PersonRecord
from idp.registry.port import Question, fold_name
from idp.storage.database import Database
from keys.sealing import BlindIndex, Sealer

_ANSWERS = cast("sa.Table", RegistryAnswer.__table__)
_FIND = sa.select(_ANSWERS.c.question_index, _ANSWERS.c.record_sealed).where(
    _ANSWERS.c.question_index.in_(sa.bindparam("questions", expanding=True)),
    _ANSWERS.c.answered_at >= sa.bindparam("since"),
)


class LastAnswers:
    """Keeps one answer for each question; whoever asks otherwise finds nothing."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    def keep(
        self, question: Question, record: PersonRecord | None, *, now: datetime
    ) -> None:
        """Replace the last answer; that nobody was found removes it."""
        index = self._index(question)
        with self._database.transaction() as session:
            session.execute(
                sa.delete(_ANSWERS).where(_ANSWERS.c.question_index.in_(index.versions))
            )
            if record is None:
                return
            text = json.dumps(record.to_json(), ensure_ascii=False).encode()
            session.add(
                RegistryAnswer(
                    question_index=index,
                    record_sealed=self._sealer.seal(text, context=_context(index)),
                    answered_at=now,
                )
            )

    def find(self, question: Question, *, since: datetime) -> PersonRecord | None:
        """Return the last answer if it is not older than `since`."""
        with self._database.read() as connection:
            values = {"questions": self._index(question).versions, "since": since}
            row = connection.execute(_FIND, values).first()
        if row is None:
            return None
        context = _context(row.question_index)
        text = self._sealer.open(row.record_sealed, context=context)
        return PersonRecord.from_json(json.loads(text))

    def _index(self, question: Question) -> BlindIndex:
        parts = (question.number, fold_name(question.name), question.birth_date)
        return self._sealer.index("|".join(parts), context="registry_answers.question")


def _context(index: bytes) -> str:
    return f"registry_answers.record:{index.hex()}"
