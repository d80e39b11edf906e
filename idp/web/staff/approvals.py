"""The approvals inbox: what takes two officers, and the decision of the second."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request
from flask.typing import ResponseReturnValue

from idp.approvals import deciding, proposals, register
from idp.approvals.deciding import CarryOutError
from idp.approvals.proposals import MAX_REASON, Proposed
from idp.staff.errors import RoleError
from idp.staff.officer import Officer
from idp.web import presentation
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame, inbox, paging, proposal_texts
from idp.web.visit import Visit

blueprint = Blueprint("staff_approvals", __name__)

TAB = "staff_approvals.show"


@blueprint.get("/staff/approvals")
def show() -> ResponseReturnValue:
    """List what waits for this officer, or what was decided; filters by URL."""
    here, officer = access.enter("/staff/approvals", *frame.APPROVERS)
    if isinstance(officer, Response):
        return officer
    only = request.args.get("what", "")
    is_over = request.args.get("state") == "over"
    start = (paging.number() - 1) * paging.PAGE
    if is_over:
        lines = inbox.decided(here, officer, only, offset=start, limit=paging.PAGE + 1)
    else:
        lines = inbox.waiting(here, officer, only)[start : start + paging.PAGE + 1]
    pages = paging.pages(
        TAB,
        has_more=len(lines) > paging.PAGE,
        what=only,
        state="over" if is_over else "",
    )
    return frame.page(
        here,
        officer,
        "approvals",
        gettext("Approvals"),
        lines=lines[: paging.PAGE],
        is_over=is_over,
        only=only,
        sources={name: gettext(text) for name, text in inbox.SOURCES.items()},
        pages=pages,
    )


@blueprint.get("/staff/approvals/<uuid:proposal_id>")
def one(proposal_id: UUID) -> ResponseReturnValue:
    """Show who proposes what and why, and what exactly will happen."""
    here, officer = access.enter(request.path, *frame.APPROVERS)
    if isinstance(officer, Response):
        return officer
    return _page(here, officer, proposal_id)


@blueprint.post("/staff/approvals/<uuid:proposal_id>")
def decide(proposal_id: UUID) -> ResponseReturnValue:
    """Approve, refuse, take up or withdraw; each asks for a fresh passkey."""
    here, officer = access.fresh(request.path, *frame.APPROVERS)
    if isinstance(officer, Response):
        return officer
    purpose = access.purpose(officer, f"proposal:{proposal_id}")
    fields = here.check(purpose, "decision", "reason")
    provider, now, decision = here.provider, here.now, fields["decision"]
    if decision == "refuse" and not fields["reason"].strip():
        wrong = notice("DD-AUTH-006").at("reason", gettext("Fill in this field"))
        return _page(here, officer, proposal_id, wrong)
    try:
        match decision:
            case "approve":
                deciding.approve(provider, officer, proposal_id, now=now)
            case "take_up":
                deciding.take_up(provider, officer, proposal_id, now=now)
            case "refuse":
                deciding.refuse(provider, officer, proposal_id, fields["reason"], now)
            case "withdraw":
                deciding.withdraw(provider, officer, proposal_id, now)
    except CarryOutError as error:
        return _page(here, officer, proposal_id, notice(error.code))
    done = _DONE.get(decision, "")
    return redirect(f"{request.path}?done={done}", HTTPStatus.SEE_OTHER)


_DONE = {
    "approve": "proposal-approved",
    "take_up": "proposal-taken-up",
    "refuse": "proposal-refused",
    "withdraw": "proposal-withdrawn",
}


def _page(
    here: Visit, officer: Officer, proposal_id: UUID, problem: Problem | None = None
) -> Response:
    provider = here.provider
    with provider.database.read() as connection:
        found = proposals.find(connection, proposal_id)
        if found.kind not in inbox.kinds(officer):
            raise RoleError(detail="a proposal of another role")
        payload = proposals.payload_of(connection, proposal_id)
    names = inbox.names_of(here, [found])
    return frame.page(
        here,
        officer,
        "proposal",
        proposal_texts.title(found),
        tab=TAB,
        problem=problem,
        proposal=found,
        described=proposal_texts.describe(provider, found.kind, payload),
        asked=inbox.asked_text(found, names),
        until=presentation.moment_text(found.expires_at),
        decided=_decided_text(found, names),
        state=gettext(inbox.STATES[found.state]),
        may=_may(found, officer, here),
        longest=MAX_REASON,
        token=here.token(access.purpose(officer, f"proposal:{proposal_id}")),
    )


def _may(found: Proposed, officer: Officer, here: Visit) -> frozenset[str]:
    """Return what this officer can do with the proposal now."""
    roles = register.KINDS[found.kind].roles
    if not found.is_open(here.now) or not officer.has(*roles):
        return frozenset()
    if found.asked_by == officer.id:
        return frozenset({"withdraw"})
    return frozenset({"approve" if found.asked_by else "take_up", "refuse"})


def _decided_text(found: Proposed, names: dict[UUID, str]) -> str:
    if found.decided_by is None or found.decided_at is None:
        return ""
    return gettext(
        "%(name)s, %(time)s",
        name=names[found.decided_by],
        time=presentation.moment_text(found.decided_at),
    )
