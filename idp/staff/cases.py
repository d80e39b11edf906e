"""An account that an officer has found and works on: for a while, in one session.

Its name in addresses is drawn anew for each look-up, so that no address leads to an
account without a look that was written down, and none is of use to anybody else.
"""

from dataclasses import dataclass
from uuid import UUID, uuid4

from idp.staff.errors import CaseOverError
from idp.staff.officer import Officer
from idp.storage.ephemeral import EphemeralStore


@dataclass(frozen=True, slots=True)
class Case:
    """Whose account is open to the officer, and for which purpose."""

    id: UUID
    account_id: UUID
    purpose: str


def begin(
    ephemeral: EphemeralStore,
    officer: Officer,
    account_id: UUID,
    purpose: str,
    *,
    lifetime: int,
) -> UUID:
    """Open the account to this session, after its look-up was noted."""
    case_id = uuid4()
    value = {
        "session": str(officer.session_id),
        "account": str(account_id),
        "purpose": purpose,
    }
    ephemeral.put(_key(case_id), value, ttl=lifetime)
    return case_id


def find(ephemeral: EphemeralStore, officer: Officer, case_id: UUID) -> Case:
    """Return a case of this session; raises `CaseOverError` for all else."""
    found = ephemeral.get(_key(case_id))
    if found is None or found["session"] != str(officer.session_id):
        raise CaseOverError
    return Case(case_id, UUID(found["account"]), found["purpose"])


def _key(case_id: UUID) -> str:
    return f"staff-case:{case_id}"
