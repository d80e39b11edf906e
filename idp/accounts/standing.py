"""Where an account stands: its level, its state and the locks that hold."""

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from idp.accounts.lifecycle import effective_state, live_locks
from idp.accounts.models import Account
from idp.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides whether the account may sign in, and what its holder is told."""

    level: int
    state: str
    locks: tuple[str, ...]

    @property
    def effective(self) -> str:
        """Return `locked` while any lock holds, else the state."""
        return effective_state(self.state, self.locks)


def read_standing(connection: Connection | Session, account_id: UUID) -> Standing:
    """Return where the account stands now."""
    query = sa.select(Account.level, Account.state).where(Account.id == account_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("no such account")
    return Standing(row.level, row.state, live_locks(connection, account_id))
