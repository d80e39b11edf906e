"""What the dispatcher tells the figures: which step of the way to a portal this is.

Nothing here decides or waits; `figures.funnel` says what the steps mean.
"""

from idp import metrics
from idp.authentication import steps
from idp.authentication.session import SignedIn
from idp.authentication.steps import Step
from idp.consent.policy import ConsentStep
from idp.figures import usage
from idp.oidc.visit import Visit, find_signed_in
from idp.relying_parties.record import RelyingParty

CANCELLED = "cancelled"


def stopped(visit: Visit, step: Step | ConsentStep, signed_in: SignedIn | None) -> None:
    """Count that a page is shown before the portal gets its answer."""
    funnel, now = visit.provider.funnel, visit.now
    if not visit.is_stored:
        funnel.note("began", now=now)
        if signed_in:
            funnel.note("identified", now=now)
    if visit.transaction.step == step.reason:
        return  # back at the page that was shown already
    if isinstance(step, ConsentStep):
        funnel.note("proven", now=now)
    if step is steps.ACCOUNT_LOCKED:
        funnel.note("failed", step.reason, now=now)


def finished(visit: Visit, signed_in: SignedIn) -> None:
    """Count that a portal gets its answer, after pages or without any."""
    funnel, now = visit.provider.funnel, visit.now
    _count(visit, "finished" if visit.is_stored else "silent", signed_in)
    if not visit.is_stored:
        funnel.note("silent", now=now)
        return
    if visit.transaction.consented_at is None:
        funnel.note("proven", now=now)
    funnel.note("finished", now=now)


def failed(visit: Visit, reason: str) -> None:
    """Count that the way ended with an error for the portal."""
    _count(visit, CANCELLED if reason == CANCELLED else "failed", None)
    visit.provider.funnel.note("failed", reason, now=visit.now)


def denied(visit: Visit, client_id: str) -> None:
    """Count that the citizen gave up; who was signed in finds it in their history."""
    failed(visit, CANCELLED)
    signed_in = find_signed_in(visit.provider, now=visit.now)
    if signed_in is None:
        return
    with visit.provider.database.transaction() as database:
        usage.record(
            database,
            account_id=signed_in.account.id,
            client_id=client_id,
            outcome="denied",
            level=0,
            now=visit.now,
        )


def _count(visit: Visit, outcome: str, signed_in: SignedIn | None) -> None:
    asked = visit.transaction.request
    party = visit.provider.relying_parties.find(asked.client_id) if asked else None
    newest = signed_in.session.events[-1].method if signed_in else "none"
    metrics.SIGN_INS.labels(outcome, newest, _class_of(party)).inc()


def _class_of(party: RelyingParty | None) -> str:
    """Return one of few words, whatever a portal registers."""
    if party is None:
        return "none"
    if party.is_fapi2:
        return "fapi2"
    return "public" if party.is_public else "confidential"
