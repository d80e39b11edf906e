"""What binds a closing account to others: wards, representatives, organisations.

Nobody acts for who is gone, and who is gone acts for nobody (Civil Code 2015 art. 62,
140; Decree 69/2024 art. 10, 12). A child that the law protects by age stays protected.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from idp.accounts import contacts, memberships, representation
from idp.accounts.ages import birthday
from idp.accounts.contacts import Contacts
from idp.accounts.identity import read_identity
from idp.accounts.organisation_models import Membership
from idp.rights.services import Services


def end(
    services: Services, session: Session, account_id: UUID, reason: str, now: datetime
) -> list[Contacts]:
    """End every one of them, and return how to reach those who are to be told."""
    own = representation.representatives_of(session, account_id, now=now)
    wards = representation.wards_of(session, account_id, now=now)
    for one in (*own, *wards):
        who = read_identity(session, services.sealer, one.account_id)
        age = services.config.representation.confirm_below_age
        representation.dismiss(
            session,
            services.audit,
            representative_id=one.representative_id,
            ward_id=one.account_id,
            reason=reason,
            protected_until=birthday(who.birth_date, age),
            now=now,
        )
    memberships.end_where(
        session,
        services.audit,
        Membership.account_id == account_id,
        ended_by=account_id,
        now=now,
    )
    others = {one.representative_id for one in own} | {one.account_id for one in wards}
    return [
        contacts.read_contacts(session, services.sealer, one) for one in sorted(others)
    ]
