"""What the dispatcher tells the figures: which step of the way to a portal this is.

Nothing here decides or waits; `figures.funnel` says what the steps mean.
"""

from idp.authentication import steps
from idp.authentication.session import SignedIn
from idp.authentication.steps import Step
from idp.consent.policy import ConsentStep
from idp.figures import usage
from idp.oidc.visit import Visit, find_signed_in

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


def finished(visit: Visit) -> None:
    """Count that a portal gets its answer, after pages or without any."""
    funnel, now = visit.provider.funnel, visit.now
    if not visit.is_stored:
        funnel.note("silent", now=now)
        return
    if visit.transaction.consented_at is None:
        funnel.note("proven", now=now)
    funnel.note("finished", now=now)


def failed(visit: Visit, reason: str) -> None:
    """Count that the way ended with an error for the portal."""
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
