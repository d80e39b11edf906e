"""Taking a factor out of use, and what an account loses with it.

The last factor that makes level 2 reachable is never removed unless its owner has been
told so and said yes (NIST SP 800-63B §4.1 leaves nobody without a way by surprise).
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session as DatabaseSession

from idp.accounts.models import Account
from idp.audit.log import AuditLog
from idp.authentication import assurance
from idp.errors import IdpError
from idp.factors import enrolled
from idp.factors.enrolled import EnrolledFactor

_STRONG = 2


class LastStrongFactorError(IdpError):
    """Without this factor the account cannot reach level 2 any more."""

    code = "DD-WAYS-001"


def is_last_strong(
    factors: Iterable[EnrolledFactor],
    credential_id: UUID,
    *,
    has_password: bool,
    now: datetime,
) -> bool:
    """Say whether level 2 is within reach with this factor, and not without it."""
    usable = [factor for factor in factors if factor.is_usable(now)]
    left = [factor.kind for factor in usable if factor.id != credential_id]
    if len(left) == len(usable):
        return False  # what is held back gives no level
    password = ["pwd"] if has_password else []
    before = assurance.ceiling([*password, *(factor.kind for factor in usable)])
    return before >= _STRONG > assurance.ceiling([*password, *left])


def remove(  # noqa: PLR0913 - the stores, then whose, which and how sure
    database: DatabaseSession,
    audit: AuditLog,
    account_id: UUID,
    credential_id: UUID,
    *,
    has_password: bool,
    is_confirmed: bool,
    now: datetime,
) -> bool:
    """Take the factor out of use; say whether it was the last strong one.

    The account is held meanwhile: of two removals at once the second sees the first.
    Raises `LastStrongFactorError` for the last strong one, unless that is confirmed.
    """
    # Writing the account first makes parallel removals wait in line.
    database.execute(
        sa.update(Account).where(Account.id == account_id).values(updated_at=now)
    )
    factors = enrolled.list_enrolled(database, account_id)
    is_last = is_last_strong(factors, credential_id, has_password=has_password, now=now)
    if is_last and not is_confirmed:
        raise LastStrongFactorError
    enrolled.retire(database, audit, account_id, credential_id, now=now)
    return is_last
