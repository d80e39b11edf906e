"""What officers do with portals: suspend at once; everything else is proposed."""

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.approvals import portals as acts
from idp.approvals import proposals
from idp.approvals.portals import Draft
from idp.approvals.proposals import given_reason
from idp.relying_parties import own_registration, security_level, suspension
from idp.relying_parties.errors import InvalidMetadataError, UnknownClientError
from idp.staff.errors import StaffChangeError
from idp.staff.officer import Officer
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame, kept, proposing
from idp.web.staff.portals import TAB, client_of, find, page
from idp.web.visit import Visit

blueprint = Blueprint("staff_portal_changes", __name__)

_HOURS = 24 * 90
_FIELDS = ("metadata", "hours", "reason", *security_level.PARTS)
_AT = {"change": "metadata", "certificate": "number", "secret": "hours"}
_SECRET = "client_secret"  # noqa: S105 - the name of a member


@blueprint.get("/staff/portals/new")
def new() -> ResponseReturnValue:
    """Ask for the metadata of a new portal."""
    here, officer = access.enter(request.path, *acts.ROLES)
    if isinstance(officer, Response):
        return officer
    return _form(here, officer, typed=kept.take(here, officer))


@blueprint.post("/staff/portals/new")
def propose_new() -> ResponseReturnValue:
    """Try the registration, take it back, and propose it."""
    here, officer = access.fresh(request.path, *acts.ROLES)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, "portal-new"), "metadata", "reason")
    try:
        metadata = _parsed(typed["metadata"])
        made, draft = _draft(here, officer, metadata, timedelta(), typed["reason"])
    except (InvalidMetadataError, StaffChangeError, UnknownClientError) as error:
        return _form(here, officer, _wrong(error, "metadata", "reason"), typed)
    return _proposed(here, officer, made, draft)


@blueprint.post("/staff/portals/<handle>")
def act(handle: str) -> ResponseReturnValue:
    """Suspend the portal at once, or propose what takes two."""
    here_path = url_for("staff_portals.one", handle=handle)
    here, officer = access.fresh(here_path, *acts.ROLES)
    if isinstance(officer, Response):
        return officer
    purpose = access.purpose(officer, f"portal:{handle}")
    typed, client_id = here.check(purpose, "decision", *_FIELDS), client_of(handle)
    try:
        return _act(here, officer, client_id, typed, here_path)
    except (InvalidMetadataError, StaffChangeError, UnknownClientError) as error:
        wrong = _wrong(
            error, _AT.get(typed["decision"], ""), f"{typed['decision']}-why"
        )
        return page(here, officer, client_id, wrong, typed)


def _act(
    here: Visit, officer: Officer, client_id: str, typed: dict[str, str], path: str
) -> ResponseReturnValue:
    reason, document = typed["reason"], find(here, client_id).document
    match typed["decision"]:
        case "suspend":
            _suspend(here, officer, client_id, given_reason(reason))
            return redirect(f"{path}?done=suspended", HTTPStatus.SEE_OTHER)
        case "resume":
            return _simply(here, officer, acts.RESUME, client_id, reason)
        case "remove":
            return _simply(here, officer, acts.REMOVE, client_id, reason)
        case "secret":
            secret = own_registration.another_secret()
            wanted: dict[str, Any] = {**document, _SECRET: secret}
        case "certificate":
            told = {name: typed[name].strip() for name in security_level.PARTS}
            wanted = {**document, security_level.MEMBER: told}
        case _:
            wanted = _parsed(typed["metadata"]) | {"client_id": client_id}
    made, draft = _draft(here, officer, wanted, _overlap(typed["hours"]), reason)
    return _proposed(here, officer, made, draft)


def _suspend(here: Visit, officer: Officer, client_id: str, reason: str) -> None:
    provider = here.provider
    with provider.database.transaction() as database:
        suspension.suspend(
            database,
            provider.audit,
            client_id,
            reason,
            by=str(officer.id),
            now=here.now,
        )
        provider.relying_parties.forget_on_commit(database, client_id)


def _simply(
    here: Visit, officer: Officer, kind: str, client_id: str, reason: str
) -> ResponseReturnValue:
    made = proposing.propose(here, officer, kind, {"client_id": client_id}, reason)
    address = url_for("staff_approvals.one", proposal_id=made, done="proposed")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _draft(
    here: Visit,
    officer: Officer,
    metadata: dict[str, Any],
    overlap: timedelta,
    reason: str,
) -> tuple[UUID, Draft]:
    provider = here.provider
    given_reason(reason)
    provider.relying_parties.confirm(metadata)
    with provider.database.transaction() as database:
        draft = acts.draft(provider, database, metadata, overlap=overlap, now=here.now)
    return proposing.propose(here, officer, draft.kind, draft.payload, reason), draft


def _proposed(here: Visit, officer: Officer, made: UUID, draft: Draft) -> Response:
    """Show the new secret this once, or go to the proposal."""
    return frame.page(
        here,
        officer,
        "portal_proposed",
        gettext("Proposed"),
        tab=TAB,
        client_id=draft.answer["client_id"],
        secret=draft.answer.get(_SECRET, ""),
        address=url_for("staff_approvals.one", proposal_id=made),
    )


def _parsed(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise InvalidMetadataError("the metadata is no JSON") from None
    if not isinstance(value, dict):
        raise InvalidMetadataError("the metadata must be a JSON object")
    return value


def _overlap(hours: str) -> timedelta:
    typed = hours.strip() or "24"
    if not (typed.isascii() and typed.isdigit()) or int(typed[:9]) > _HOURS:
        raise InvalidMetadataError(f"hours must be from 0 to {_HOURS}")
    return timedelta(hours=int(typed))


def _wrong(error: Exception, typed_in: str, reason_in: str) -> Problem:
    """Point at the field: the reason where that is wrong, else what was asked for."""
    told = notice("DD-PROP-001", description=str(error))
    is_asked = isinstance(error, InvalidMetadataError) and typed_in
    field = typed_in if is_asked else reason_in
    return told.at(field, gettext("Look at what was typed"))


def _form(
    here: Visit,
    officer: Officer,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    return frame.page(
        here,
        officer,
        "portal_new",
        gettext("Register a portal"),
        tab=TAB,
        problem=problem,
        typed=typed or {},
        longest=proposals.MAX_REASON,
        token=here.token(access.purpose(officer, "portal-new")),
    )
