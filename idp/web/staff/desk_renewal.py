"""The desk's way back from the end of a paper: the renewed one, read or shown.

Card or paper and registry were compared, as for an enrolment; an account that is there
already needs no dossier for it (Decree 69/2024 art. 15).
"""

from uuid import UUID

from idp.accounts import contacts
from idp.accounts.standing import Standing
from idp.enrolment import in_person_filing
from idp.factors import notices
from idp.locks import renewal
from idp.web.staff.desk_here import Here

FORM = "renewal"


def is_due(here: Here, standing: Standing) -> bool:
    """Say whether what was shown ends a lock of the account, and all agrees."""
    if not all(row.agrees for row in here.draft.compared):
        return False
    shown = in_person_filing.papers_of(here.draft)
    return bool(renewal.grounds_gone(shown, standing.locks, now=here.visit.now))


def note(here: Here, account_id: UUID) -> None:
    """Note the renewed paper; the lock that stood on the old one ends at once."""
    provider, now = here.provider, here.visit.now
    with provider.database.transaction() as session:
        known = contacts.read_contacts(session, provider.sealer, account_id)
        what = renewal.note(
            provider,
            session,
            account_id,
            in_person_filing.papers_of(here.draft),
            by=str(here.officer.id),
            now=now,
        )
    if what is not None:
        notices.warn(provider, known, what, now)
