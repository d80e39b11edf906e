"""The states of a dossier, each left once: of parallel callers one moves it on."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.enrolment.models import Dossier
from idp.enrolment.record import without_pictures
from idp.errors import IdpError
from keys.sealing import Sealer

OPEN = ("submitted", "in_review")


class DossierError(IdpError):
    """The dossier's state does not allow this."""

    code = "DD-ENR-012"


def move(
    session: Session, dossier_id: UUID, before: tuple[str, ...], **values: Any
) -> Any:
    """Move a dossier on from one of these states: of parallel callers one does."""
    row = session.execute(
        sa.update(Dossier)
        .where(Dossier.id == dossier_id, Dossier.state.in_(before))
        .values(**values)
        .returning(
            Dossier.account_id,
            Dossier.kind,
            Dossier.filed_by,
            Dossier.evidence_sealed,
        )
    ).one_or_none()
    if row is None:
        raise DossierError("no such dossier, or it is not open for this")
    return row


def decide(  # noqa: PLR0913, PLR0917 - the stores, then the decision
    sealer: Sealer,
    session: Session,
    dossier_id: UUID,
    state: str,
    by: str,
    now: datetime,
    **more: Any,
) -> Any:
    """End an open dossier, and forget its pictures; return its row."""
    values = {"state": state, "decided_by": by, "decided_at": now, **more}
    row = move(session, dossier_id, OPEN, **values)
    sealed = without_pictures(sealer, row.evidence_sealed, dossier_id)
    if sealed is not None:
        session.execute(
            sa.update(Dossier)
            .where(Dossier.id == dossier_id)
            .values(evidence_sealed=sealed)
        )
    return row
