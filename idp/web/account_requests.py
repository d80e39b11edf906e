"""Calls of portals that wait for the citizen's word (OpenID Connect CIBA Core 1.0).

Nobody is led here by a link: the citizen opens their own page, looks at who calls, and
types the number that the portal shows to whoever stands before it. A wrong one ends the
call. Then comes what comes with every request: the level, and the consent.
"""

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import calls, deciding
from idp.authentication.session import SignedIn
from idp.authentication.waiting import Waiting
from idp.web import account, account_access, presentation, user_code, visit
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("account_requests", __name__)

_GONE, _WRONG = "DD-DEV-007", "DD-DEV-008"


@blueprint.get("/account/requests")
def show() -> ResponseReturnValue:
    """Show which portals wait for a word."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    return _page(here, member)


@blueprint.post("/account/requests/<name>")
def decide(name: str) -> ResponseReturnValue:
    """Go on with the number that the portal shows, or refuse."""
    here, member = account_access.enter(url_for("account_requests.show"))
    if isinstance(member, Response):
        return member
    fields = here.check(_purpose(member, name), "decision", "number")
    found = next((item for item in _waiting(here, member) if item.name == name), None)
    if found is None:
        return _page(here, member, notice(_GONE))
    allows = fields["decision"] == "allow"
    if allows and calls.is_number(found, fields["number"]):
        return user_code.go_on(here, found, member.account.id)
    ground = "wrong_number" if allows else "citizen"
    deciding.refuse(here.provider, found, member, ground=ground, now=here.now)
    if allows:
        return _page(here, member, notice(_WRONG))
    return user_code.ended("refused")


def _page(here: Visit, member: SignedIn, problem: Problem | None = None) -> Response:
    return account.page(
        "requests",
        gettext("Waiting for you"),
        tab="account_requests.show",
        problem=problem,
        calls=[_call(here, member, item) for item in _waiting(here, member)],
    )


def _waiting(here: Visit, member: SignedIn) -> list[Waiting]:
    return calls.list_for(here.provider.ephemeral, member.account.id, now=here.now)


def _call(here: Visit, member: SignedIn, item: Waiting) -> dict[str, Any]:
    party = here.provider.relying_parties.find(item.request.client_id)
    return {
        "name": item.name,
        "party": visit.asker_of(party) if party else None,
        "message": item.message,
        "moment": presentation.exact_moment_text(item.made_at),
        "token": here.token(_purpose(member, item.name)),
    }


def _purpose(member: SignedIn, name: str) -> str:
    return account_access.purpose(member, f"request:{name}")
