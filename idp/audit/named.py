"""Whom an event names inside its chained data, as conditions and as indexes.

PostgreSQL indexes the members of the very text that was hashed; SQLite, whose logs are
small, reads on until enough events fit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Named:
    """Members of `data` of which the first that is there names somebody."""

    members: tuple[str, ...]

    @property
    def expression(self) -> str:
        """Return the name as PostgreSQL reads it; an index says exactly the same."""
        texts = [f"data::jsonb ->> '{name}'" for name in self.members]
        return f"coalesce({', '.join(texts)})" if len(texts) > 1 else f"({texts[0]})"

    @property
    def occurs(self) -> str:
        """Return whether any of the members is there: what the index is about."""
        return " OR ".join(f"strpos(data, '\"{name}\":') > 0" for name in self.members)

    def conditions(
        self, value: str, *, is_postgresql: bool
    ) -> Iterator[sa.ColumnElement[bool]]:
        """Yield what an event that names this one fits."""
        if is_postgresql:
            yield sa.literal_column(f"({self.occurs})", sa.Boolean())
            name: sa.ColumnElement[str] = sa.literal_column(self.expression)
        else:
            data: sa.ColumnElement[str] = sa.column("data", sa.Text())
            texts = [sa.func.json_extract(data, f"$.{one}") for one in self.members]
            name = sa.func.coalesce(*texts) if len(texts) > 1 else texts[0]
        yield name == value


# Who acted; where nobody else did, whom it was about.
OFFICER = Named(("officer_id", "by", "staff_id"))
PORTAL = Named(("client_id",))
