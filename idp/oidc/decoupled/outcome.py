"""How the dispatcher's way ends for a request that waits: a page, and no redirect."""

from flask import Response, url_for

from idp.authentication import deciding, waiting
from idp.authentication.session import SignedIn
from idp.authentication.transaction import AuthorizationRequest
from idp.oidc.visit import Visit, find_signed_in, see_other

CITIZEN, OTHER_ACCOUNT = "citizen", "other_account"


def approve(
    visit: Visit, asked: AuthorizationRequest, signed_in: SignedIn, *, code: str
) -> Response:
    """Leave the code for who waits, once; a call is approved by whom it calls."""
    kept = waiting.find(visit.provider.ephemeral, asked.waiting or "", now=visit.now)
    if kept and kept.account_id not in (None, signed_in.account.id):
        return refuse(visit, asked, OTHER_ACCOUNT)
    is_decided = kept is not None and deciding.approve(
        visit.provider, kept, signed_in, code=code, now=visit.now
    )
    return _page("approved" if is_decided else "over")


def refuse(visit: Visit, asked: AuthorizationRequest, ground: str) -> Response:
    """End the request; its client is told no more than that (RFC 8628 §3.5)."""
    kept = waiting.find(visit.provider.ephemeral, asked.waiting or "", now=visit.now)
    is_decided = kept is not None and deciding.refuse(
        visit.provider,
        kept,
        find_signed_in(visit.provider, now=visit.now),
        ground=ground,
        now=visit.now,
    )
    return _page("refused" if is_decided else "over")


def _page(outcome: str) -> Response:
    return see_other(url_for("user_code.done", outcome=outcome))
