"""What dossiers of others hold of who filed them, gone with that person's account.

A representative stands in the dossiers of children, wards and organisations: where the
outcome was told, who came along, who applied (Law 91/2025: erasure).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from idp.accounts.identity import NOBODY, identity_values
from idp.enrolment import dossiers, queue
from idp.enrolment.dossier_states import OPEN
from idp.enrolment.models import Dossier
from idp.enrolment.record import open_evidence, seal_again

_BY = "system"
_NAMES_FILER = ("contact", "representative_number")


def forget_filer(
    services: dossiers.Services, session: Session, account_id: UUID, *, now: datetime
) -> None:
    """Withdraw what the account has open for others, and empty what names its holder.

    Nobody is left who could be told of the decision or act by it.
    """
    filed = sa.select(Dossier.id, Dossier.state).where(
        Dossier.filed_by == account_id,
        Dossier.account_id.is_distinct_from(account_id),
    )
    for dossier_id, state in session.execute(filed).all():
        if state in OPEN:
            dossiers.withdraw(services, session, dossier_id, by=_BY, now=now)
        sealed = queue.sealed_evidence(session, dossier_id)
        if not sealed:
            continue  # erased with its own account
        evidence = open_evidence(services.sealer, sealed, dossier_id)
        session.execute(
            sa.update(Dossier)
            .where(Dossier.id == dossier_id)
            .values(
                evidence_sealed=seal_again(
                    services.sealer, without_filer(evidence), dossier_id
                )
            )
        )


def without_filer(evidence: dict[str, Any]) -> dict[str, Any]:
    """Return the evidence without who filed it.

    At a desk the contacts may be the representative's; the account keeps the ward's.
    """
    kept = {name: value for name, value in evidence.items() if name not in _NAMES_FILER}
    person = evidence["person"] | {"phone": None, "email": None}
    if "organisation" in evidence:
        person |= {"number": "", "identity": identity_values(NOBODY)}
    if "desk" in evidence:
        kept["desk"] = evidence["desk"] | {"representative": None}
    return kept | {"person": person}
