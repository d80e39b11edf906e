"""Telling a portal as soon as the transaction that concerns it is written."""

import sqlalchemy as sa
from sqlalchemy.orm import Session as DatabaseSession

from idp.authentication import outbox
from idp.authentication.outbox import Kind, Services

_QUEUED = "idp.authentication.written"


def tell_once_written(
    services: Services, kind: Kind, database: DatabaseSession, client_id: str
) -> None:
    """Have the portal told what is due, once, behind this transaction's commit."""
    queued: set[str] = database.info.setdefault(_QUEUED, set())
    lane = kind.lane(client_id)
    if lane in queued:
        return
    queued.add(lane)

    def send(session: DatabaseSession) -> None:
        # The end of a savepoint is no commit: nobody else sees the notice yet.
        if lane in queued and not session.in_nested_transaction():
            queued.remove(lane)
            outbox.deliver_soon(services, kind, client_id)

    sa.event.listen(database, "after_commit", send)
