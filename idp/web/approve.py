"""The second device: who asks, from where and when, and the number to type.

Only a session that was signed in before the code was scanned can approve. Whoever is
not signed in is not asked to sign in here: a code that somebody sent must lead to no
form.
"""

from http import HTTPStatus

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from idp.audit import events
from idp.audit.event import Event
from idp.authentication import cross_device, steps
from idp.authentication.cross_device import Request
from idp.authentication.session import SignedIn
from idp.web import account_access, devices_seen, presentation, visit
from idp.web.problem import notice
from idp.web.visit import Asker, Visit

blueprint = Blueprint("approve", __name__)

NOT_SIGNED_IN, UNFIT, GONE, WRONG = (
    "DD-DEV-003",
    "DD-DEV-004",
    "DD-DEV-001",
    "DD-DEV-005",
)


@blueprint.get("/approve/<code>")
def show(code: str) -> ResponseReturnValue:
    """Show what is asked, or why it cannot be approved here."""
    here = visit.begin()
    member = _member(here)
    if member is None:
        return _refused(NOT_SIGNED_IN)
    asked = _asked(here, member, code)
    if isinstance(asked, str):
        return _refused(asked)
    return render_template(
        "approve.html",
        action=request.path,
        token=here.token(_purpose(member, code)),
        party=_asker(here, asked),
        place=[
            devices_seen.browser_name(str(asked.place["user_agent"])),
            str(asked.place["source"]),
        ],
        moment=presentation.exact_moment_text(asked.made_at),
    )


@blueprint.post("/approve/<code>")
def decide(code: str) -> ResponseReturnValue:
    """Approve with the right number; anything else ends the request."""
    here = visit.begin()
    member = _member(here)
    if member is None:
        return _refused(NOT_SIGNED_IN)
    fields = here.check(_purpose(member, code), "decision", "number")
    asked = _asked(here, member, code)
    if isinstance(asked, str):
        return _refused(asked)
    allows = fields["decision"] == "allow"
    approved = cross_device.decide(
        here.provider.ephemeral,
        asked,
        member,
        number=fields["number"] if allows else None,
        ttl=here.provider.config.lifetimes.cross_device,
    )
    _note(here, asked, member, approved=approved, allows=allows)
    if allows and not approved:
        return _refused(WRONG)
    return render_template("approved.html", approved=approved)


def _member(here: Visit) -> SignedIn | None:
    member = here.signed_in()
    return None if steps.unmet_session(member) or not here.browser else member


def _asked(here: Visit, member: SignedIn, code: str) -> Request | str:
    """Return the request that this session may decide, or the refusal's code."""
    if here.is_counter:
        return UNFIT  # a computer of many vouches for nobody elsewhere
    asked = cross_device.find(here.provider.ephemeral, code)
    if asked is None:
        return GONE
    refusal = cross_device.refusal(asked, member, here.browser or "")
    return UNFIT if refusal else asked


def _refused(code: str) -> ResponseReturnValue:
    body = render_template("refused.html", problem=notice(code))
    return body, HTTPStatus.FORBIDDEN


def _asker(here: Visit, asked: Request) -> Asker | None:
    parties = here.provider.relying_parties
    party = parties.find(asked.client_id) if asked.client_id else None
    return visit.asker_of(party) if party else None


def _note(
    here: Visit, asked: Request, member: SignedIn, *, approved: bool, allows: bool
) -> None:
    event: Event
    if approved:
        event = events.CrossDeviceApproved(
            member.account.id, member.session.id, asked.client_id, personal=asked.place
        )
    else:
        event = events.CrossDeviceRefused(
            member.account.id,
            member.session.id,
            asked.client_id,
            "wrong_number" if allows else "citizen",
            personal=asked.place,
        )
    with here.provider.database.transaction() as database:
        here.provider.audit.record(database, event, now=here.now)


def _purpose(member: SignedIn, code: str) -> str:
    return account_access.purpose(member, f"approve:{code}")
