"""Security officers see where an account is signed in and what portals may see.

They end one place, every place or one permission: with a reason that the holder reads,
and a fresh passkey. Tokens die at once and portals are told as at any sign-out.
"""

from collections.abc import Mapping
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.authentication import session as sessions
from idp.consent.grants import GrantView
from idp.factors import notices
from idp.factors.notice_texts import What
from idp.locks import interventions
from idp.locks.interventions import Intervention
from idp.staff.officer import Officer
from idp.web import devices_seen, permissions
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.staff import access, account_view, frame, kept, paging
from idp.web.staff.account_view import SECURITY_ROLE, TAB
from idp.web.visit import Visit

blueprint = Blueprint("staff_account_sessions", __name__)

LONGEST = 500
_ALL, _GRANTS = "sessions", "grants"
_KINDS = {_ALL: phrase("Signed-in places"), _GRANTS: phrase("Permissions")}


@blueprint.get("/staff/accounts/<uuid:case>/sessions")
def show(case: UUID) -> ResponseReturnValue:
    """Show live sign-ins and permissions of the account that was found."""
    here, officer = access.enter(request.path, SECURITY_ROLE)
    if isinstance(officer, Response):
        return officer
    return _page(here, officer, case, typed=kept.take(here, officer))


@blueprint.post("/staff/accounts/<uuid:case>/sessions")
def end(case: UUID) -> ResponseReturnValue:
    """End what was chosen; the holder is told, with the reason on their own page."""
    here, officer = access.fresh(request.path, SECURITY_ROLE)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, f"end:{case}"), "what", "reason")
    reason, chosen = typed["reason"].strip()[:LONGEST], _chosen(typed["what"])
    if chosen is None or not reason:
        field = "reason" if chosen else "what"
        wrong = notice("DD-AUTH-006").at(field, gettext("Fill in this field"))
        return _page(here, officer, case, wrong, typed)
    account_id = account_view.open_case(here, officer, case)
    _end(here, Intervention(officer, account_id, reason), *chosen)
    return redirect(
        url_for("staff_account_sessions.show", case=case, done="officer-ended"),
        HTTPStatus.SEE_OTHER,
    )


def _chosen(what: str) -> tuple[str, UUID | None] | None:
    """Return the kind and the id of what a choice of the page names."""
    if what == _ALL:
        return _ALL, None
    kind, _, name = what.partition(":")
    try:
        return (kind, UUID(name)) if kind in ("session", "grant") else None
    except ValueError:
        return None


def _end(here: Visit, by: Intervention, kind: str, name: UUID | None) -> None:
    provider, now = here.provider, here.now
    with provider.database.transaction() as database:
        known = contacts.read_contacts(database, provider.sealer, by.account_id)
        if name is None:
            interventions.end_sessions(provider, database, by, now=now)
        elif kind == "grant":
            interventions.end_grant(provider, database, by, name, now=now)
        else:
            interventions.end_session(provider, database, by, name, now=now)
    is_grant = kind == "grant"
    told: What = "officer_ended_grant" if is_grant else "officer_signed_out"
    notices.warn(provider, known, told, now)


def _page(
    here: Visit,
    officer: Officer,
    case: UUID,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    provider, account_id = here.provider, account_view.open_case(here, officer, case)
    with provider.database.read() as connection:
        live = sessions.list_for(
            connection,
            provider.sealer,
            account_id,
            now=here.now,
            lifetimes=provider.config.lifetimes,
        )
        given = interventions.live_grants(connection, account_id, now=here.now)
    only = request.args.get("only", "")
    shown = live if only != _GRANTS else []
    allowed = given if only != _ALL else []
    return frame.page(
        here,
        officer,
        "account_sessions",
        gettext("Signed-in places and permissions"),
        tab=TAB,
        problem=problem,
        typed=typed or {},
        case=case,
        places=[devices_seen.described(here, view) for view in paging.part(shown)],
        permissions=[
            _permission(here, account_id, one) for one in paging.part(allowed)
        ],
        only=only,
        kinds={name: gettext(text) for name, text in _KINDS.items()},
        count=len(live),
        longest=LONGEST,
        token=here.token(access.purpose(officer, f"end:{case}")),
        pages=paging.pages(
            "staff_account_sessions.show",
            has_more=paging.has_more(shown, allowed),
            case=str(case),
            only=only,
        ),
    )


def _permission(here: Visit, account_id: UUID, one: GrantView) -> Mapping[str, object]:
    between = ""
    if one.account_id != account_id:
        between = gettext("given for somebody whom the holder acts for")
    elif one.actor_id is not None:
        between = gettext("given by a representative")
    shown = permissions.described(here, one)
    return shown | {"between": between, "scopes": ", ".join(one.scopes)}
