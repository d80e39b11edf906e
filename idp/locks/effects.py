"""What a lock does at once, beside forbidding everything that asks for it later.

Sessions end, tokens die for good and portals are told; consents and subjects stay, so
that after the lock the citizen signs in anew and finds everything as it was. Running
sign-ins, codes and ways back in look at the locks themselves at their next step.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from idp.authentication import backchannel
from idp.authentication.session_changes import Services
from idp.authentication.sign_in import sign_out_everywhere
from idp.consent import grants, refresh_tokens
from idp.consent.grants import GrantView

REASON = "locked"


def apply(
    services: Services, session: Session, account_id: UUID, *, now: datetime
) -> None:
    """End sessions and tokens, and have every portal with a grant told."""
    live = grants.list_for(session, account_id, now=now)
    # What a representative gave for others goes with it: a thief acted for them too.
    given = grants.list_given_by(session, account_id, now=now)
    end_tokens(services, session, (*live, *given), reason=REASON, now=now)
    sign_out_everywhere(services, session, account_id, reason=REASON, now=now)
    clients = [grant.client_id for grant in live]
    backchannel.account_stopped(services, session, account_id, clients, now=now)


def end_tokens(
    services: Services,
    session: Session,
    ended: Iterable[GrantView],
    *,
    reason: str,
    now: datetime,
) -> None:
    """End for good whatever tokens stand on these grants; the grants stay."""
    for grant in ended:
        chains = refresh_tokens.end_all_of_grant(
            session, services.audit, grant=grant, reason=reason, now=now
        )
        for chain_id in chains:
            # What was issued for the citizen's absence outlives no lock either.
            services.ephemeral.put(
                f"revoked:{chain_id}", {}, ttl=services.config.lifetimes.access_token
            )
        services.ephemeral.drop_grant(str(grant.id))
