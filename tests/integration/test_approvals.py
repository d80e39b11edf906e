"""Two officers: one proposes, another approves with a fresh passkey."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from idp import clock
from idp.approvals import portals, proposals
from idp.approvals.models import Proposal
from idp.audit.models import AuditEvent
from tests.driver import Browser, error_code
from tests.integration.test_authority_requests import send, token_of
from tests.services import BACKENDS
from tests.staff import sign_in_officer

ROLE = ("relying_party_manager",)
PORTAL = {
    "client_id": "library",
    "client_name": "City library",
    "redirect_uris": ["https://library.example/back"],
    "scope": "openid profile",
}


@pytest.fixture
def officers(app, provider) -> tuple[Browser, Browser]:
    """Return two officers' browsers, signed in."""
    browsers = (Browser(app.test_client()), Browser(app.test_client()))
    for number, browser in enumerate(browsers):
        sign_in_officer(browser, provider, roles=ROLE, name=f"Officer {number}")
    return browsers


def propose(provider, kind=None, **changes) -> str:
    """Propose a registration by command; return its page."""
    now = clock.now()
    with provider.database.transaction() as session:
        draft = portals.draft(
            provider, session, PORTAL | changes, overlap=timedelta(hours=1), now=now
        )
        made = proposals.propose(
            session,
            provider.audit,
            provider.config.staff,
            kind or draft.kind,
            draft.payload,
            "The city has asked",
            None,
            now=now,
        )
    return f"/staff/approvals/{made}"


def kept(provider) -> Proposal:
    with provider.database.transaction() as session:
        return session.scalars(sa.select(Proposal)).one()


def post(browser: Browser, path: str, decision: str, **typed: str):
    """Send a decision for which the page may have no button."""
    token = token_of(browser.visit(path))
    return browser.visit(
        path, data={"csrf_token": token, "decision": decision, **typed}
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_command_is_nobody_and_two_officers_decide(provider, officers) -> None:
    """One takes it up, the other approves; until then nothing is registered."""
    first, second = officers
    path = propose(provider)
    assert provider.relying_parties.find("library") is None
    page = first.visit("/staff/approvals")
    assert path in page.text

    assert error_code(post(first, path, "approve")) == "DD-STAFF-004"
    post(first, path, "take_up")
    assert error_code(post(first, path, "approve")) == "DD-STAFF-004"
    assert kept(provider).state == "open"
    page = second.visit(path)
    assert "https://library.example/back" in page.text
    page = send(second, decision="approve")

    assert "done=proposal-approved" in page.request.url
    assert provider.relying_parties.find("library") is not None
    assert kept(provider).state == "approved"
    with provider.database.read() as connection:
        types = connection.execute(sa.select(AuditEvent.type)).scalars().all()
    assert {"ProposalMade", "ProposalDecided", "ClientRegistered"} <= set(types)
