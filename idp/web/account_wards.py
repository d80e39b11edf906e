"""Whom the citizen acts for, who acts for the citizen, and sign-ins to confirm."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identity, representation
from idp.accounts.representation import Ward
from idp.accounts.standing import read_standing
from idp.authentication import confirmation
from idp.authentication.confirmation import Waiting
from idp.authentication.session import SignedIn
from idp.errors import NotFoundError
from idp.locks.grounds import HOLDER_REQUEST
from idp.web import (
    account,
    account_access,
    devices_seen,
    people,
    presentation,
    visit,
    whose,
)
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("account_wards", __name__)

GONE, WRONG = "DD-DEV-001", "DD-DEV-005"
THEIR_RELATIONS = {
    "father": phrase("your father"),
    "mother": phrase("your mother"),
    "guardian": phrase("your guardian"),
}
STATES = {
    "submitted": phrase("applied for"),
    "in_review": phrase("being checked"),
    "granted": phrase("ready: you act for them"),
    "active": phrase("active"),
    "locked": phrase("locked"),
    "closed": phrase("closed"),
}


@blueprint.get("/account/wards")
def show() -> ResponseReturnValue:
    """Show wards with what waits for a word, and one's own representatives."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    return _page(here, member)


@blueprint.post("/account/wards/<uuid:ward>/confirm")
def confirm(ward: UUID) -> ResponseReturnValue:
    """Confirm a ward's sign-in by the number on its screen, or refuse it."""
    here, member = account_access.act(url_for("account_wards.show"))
    if isinstance(member, Response):
        return member
    fields = here.check(_purpose(member, ward), "decision", "number")
    provider = here.provider
    with provider.database.read() as connection:
        wards = representation.wards_of(connection, member.account.id, now=here.now)
    if ward not in {one.account_id for one in wards}:
        raise NotFoundError("no ward of this citizen")
    waiting = confirmation.find(provider.ephemeral, ward)
    if waiting is None:
        return _page(here, member, notice(GONE))
    allows = fields["decision"] == "allow"
    with provider.database.transaction() as database:
        is_confirmed = confirmation.decide(
            provider,
            database,
            waiting,
            representative_id=member.account.id,
            number=fields["number"] if allows else None,
            now=here.now,
        )
    if allows and not is_confirmed:
        return _page(here, member, notice(WRONG))
    done = "confirmed" if is_confirmed else "not-confirmed"
    address = url_for("account_wards.show", done=done)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _page(here: Visit, member: SignedIn, problem: Problem | None = None) -> Response:
    account_id, now = member.account.id, here.now
    with here.provider.database.read() as connection:
        wards = representation.wards_of(connection, account_id, now=now)
        own = representation.representatives_of(connection, account_id, now=now)
    return account.page(
        "wards",
        gettext("People I act for"),
        problem=problem,
        wards=[_ward(here, member, one) for one in wards],
        representatives=[_representative(here, one) for one in own],
    )


def _ward(here: Visit, member: SignedIn, ward: Ward) -> dict[str, Any]:
    provider = here.provider
    who = people.person(provider, ward.account_id, is_masked=True)
    with provider.database.read() as connection:
        standing = read_standing(connection, ward.account_id)
    waiting = confirmation.find(provider.ephemeral, ward.account_id)
    return {
        "id": ward.account_id,
        "name": who.name,
        "number": who.number,
        "relation": gettext(whose.RELATIONS[ward.relation]),
        "level": standing.level,
        "state": gettext(STATES.get(standing.effective, "")),
        "since": presentation.date_text(ward.since),
        "until": presentation.date_text(ward.until) if ward.until else "",
        "waiting": _waiting(here, waiting) if waiting else None,
        "is_locked": HOLDER_REQUEST in standing.locks,
        "can_end": ward.relation not in representation.PARENTS,
        "token": here.token(_purpose(member, ward.account_id)),
    }


def _waiting(here: Visit, waiting: Waiting) -> dict[str, str]:
    parties = here.provider.relying_parties
    party = parties.find(waiting.client_id) if waiting.client_id else None
    return {
        "portal": visit.asker_of(party).name if party else "",
        "browser": devices_seen.browser_name(str(waiting.place["user_agent"])),
        "source": str(waiting.place["source"]),
        "moment": presentation.exact_moment_text(waiting.made_at),
    }


def _representative(here: Visit, ward: Ward) -> dict[str, str]:
    provider = here.provider
    with provider.database.read() as connection:
        who = identity.read_identity(
            connection, provider.sealer, ward.representative_id
        )
    return {
        "name": who.full_name,
        "relation": gettext(THEIR_RELATIONS[ward.relation]),
        "since": presentation.date_text(ward.since),
        "until": presentation.date_text(ward.until) if ward.until else "",
    }


def _purpose(member: SignedIn, ward: UUID) -> str:
    return account_access.purpose(member, f"ward:{ward}")
