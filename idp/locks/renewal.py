"""A paper renewed and shown at a desk: its lock ends at once (D69 art. 15).

The system unlocks itself when a ground is gone; the desk tells it without waiting for
the registry's file.
"""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from idp.accounts import lifecycle, papers
from idp.accounts.calendar import HANOI
from idp.authentication.session_changes import Services
from idp.factors.notice_texts import What
from idp.locks import placing
from idp.locks.papers import GROUNDS


def grounds_gone(
    shown: Mapping[papers.Kind, date | None],
    locks: tuple[str, ...],
    *,
    now: datetime,
) -> tuple[str, ...]:
    """Return the locks whose paper is good again by what was shown."""
    today = now.astimezone(HANOI).date()
    return tuple(
        GROUNDS[kind]
        for kind, until in shown.items()
        if GROUNDS[kind] in locks and (until is None or until >= today)
    )


def note(  # noqa: PLR0913 - the stores, then what was shown to whom
    services: Services,
    session: Session,
    account_id: UUID,
    shown: Mapping[papers.Kind, date | None],
    *,
    by: str,
    now: datetime,
) -> What | None:
    """Keep the new terms and end the locks that stood on the old; return what to tell.

    `by` is the officer who saw the paper.
    """
    lifecycle.hold(session, account_id, now=now)
    gone = grounds_gone(shown, lifecycle.live_locks(session, account_id), now=now)
    for kind, until in shown.items():
        papers.learn(session, account_id, kind, until, now=now)
    for ground in gone:
        placing.unlock(
            services,
            session,
            account_id,
            ground=ground,
            asker="agency",
            by=by,
            now=now,
        )
    return placing.told(lifecycle.live_locks(session, account_id)) if gone else None
