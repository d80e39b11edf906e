"""One decision counts: not one's own, not a late one, and of two at once only one."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from idp import clock
from idp.approvals import deciding, proposals, register
from idp.approvals.models import Proposal
from idp.staff.errors import StaffChangeError
from idp.staff.models import StaffAccount, StaffRole
from idp.staff.officer import ROLES, Officer
from tests.services import BACKENDS
from tests.staff import invite_officer

RING = "event.ES256"
PAYLOAD = {
    "ring": RING, "kid": "a", "client_id": "library", "account_id": "b",
    "source": "c", "uses": 1, "purpose": "seal", "version": 1, "card": "d",
}  # fmt: skip


@pytest.fixture
def officers(provider) -> list[Officer]:
    """Return two officers of every role, whose passkeys are fresh."""
    found = []
    for name in ("One", "Two"):
        staff_id, _ = invite_officer(provider, *ROLES, name=name)
        roles, now = frozenset(ROLES), clock.now()
        found.append(Officer(staff_id, name, None, roles, uuid4(), now, None))
    with provider.database.transaction() as session:
        session.execute(sa.text("UPDATE staff_accounts SET state = 'active'"))
    return found


def propose(provider, officer, kind="keys.rotate"):
    """Return a proposal of the officer's own."""
    with provider.database.transaction() as session:
        return proposals.propose(
            session, provider.audit, provider.config.staff, kind, PAYLOAD, "Why",
            officer, now=clock.now(),
        )  # fmt: skip


def state_of(provider, made) -> str:
    with provider.database.read() as connection:
        return proposals.find(connection, made).state


@pytest.mark.parametrize("kind", register.KINDS)
def test_no_kind_is_approved_alone(provider, officers, kind) -> None:
    """Whatever roles one holds, one's own proposal waits for another."""
    made = propose(provider, officers[0], kind)

    with pytest.raises(StaffChangeError, match="another officer"):
        deciding.approve(provider, officers[0], made, now=clock.now())

    assert state_of(provider, made) == "open"


def test_what_is_over_is_not_approved(provider, officers) -> None:
    """Expired, refused or withdrawn; only one's own is withdrawn."""
    first, second = officers
    made = [propose(provider, first) for _ in range(3)]
    now = clock.now()
    with provider.database.transaction() as session:
        late = Proposal.id == made[0]
        ended = now - timedelta(seconds=1)
        session.execute(sa.update(Proposal).where(late).values(expires_at=ended))
    deciding.refuse(provider, second, made[1], "Not now", now)
    with pytest.raises(StaffChangeError, match="your own"):
        deciding.withdraw(provider, second, made[2], now)
    deciding.withdraw(provider, first, made[2], now)

    for one in made:
        with pytest.raises(StaffChangeError):
            deciding.approve(provider, second, one, now=now)

    assert [state_of(provider, one) for one in made] == ["open", "refused", "withdrawn"]


@pytest.mark.parametrize("whose", ["asker", "approver"])
@pytest.mark.parametrize("loss", ["role", "account"])
def test_who_has_lost_the_right_meanwhile_is_not_one_of_two(
    provider, officers, whose, loss
) -> None:
    """A session that does not know it yet, too; a passkey proven long ago is none."""
    first, second = officers
    made, now = propose(provider, first), clock.now()
    lost = first.id if whose == "asker" else second.id
    with provider.database.transaction() as session:
        if loss == "role":
            role = sa.and_(StaffRole.staff_id == lost, StaffRole.role == "security")
            session.execute(sa.delete(StaffRole).where(role))
        else:
            gone = sa.update(StaffAccount).where(StaffAccount.id == lost)
            session.execute(gone.values(state="disabled"))

    with pytest.raises(StaffChangeError, match="hold the role now"):
        deciding.approve(provider, second, made, now=now)
    stale = replace(second, proven_at=now - timedelta(days=1))
    with pytest.raises(StaffChangeError, match="passkey again"):
        deciding.approve(provider, stale, made, now=now)

    assert state_of(provider, made) == "open"


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_two_approvals_at_once_one_counts(provider, officers) -> None:
    """The ring has one new key, and the other approval is refused."""
    made = propose(provider, officers[0])
    before = len(provider.rotator.store.rows())

    def approve(_):
        try:
            deciding.approve(provider, officers[1], made, now=clock.now())
        except StaffChangeError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, range(2))) == [False, True]
    assert len(provider.rotator.store.rows()) == before + 1
