"""What a citizen may do on their own page; each action needs a fresh factor."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import farewell, session, sign_in
from idp.authentication.farewell import Farewell
from idp.consent import grants
from idp.errors import NotFoundError
from idp.web import account_access, logout, visit

blueprint = Blueprint("account_actions", __name__)


@blueprint.post("/account/permissions/<uuid:grant_id>/withdraw")
def withdraw(grant_id: UUID) -> ResponseReturnValue:
    """End a permission: userinfo, introspection and refresh stop at once."""
    here, member = account_access.act(url_for("account.allowed"))
    if isinstance(member, Response):
        return member
    here.check(account_access.purpose(member, f"withdraw:{grant_id}"))
    with here.provider.database.read() as connection:
        live = grants.list_for(connection, member.account.id, now=here.now)
        live += grants.list_given_by(connection, member.account.id, now=here.now)
    if grant_id not in {grant.id for grant in live}:
        raise NotFoundError("no such permission of this citizen")
    with here.provider.database.transaction() as database:
        grants.end(database, here.provider.audit, grant_id, "withdrawn", here.now)
    here.provider.ephemeral.drop_grant(str(grant_id))
    address = url_for("account.allowed", done="withdrawn")
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/account/places/<uuid:session_id>/end")
def end_place(session_id: UUID) -> ResponseReturnValue:
    """Sign out another place, or this one."""
    here, member = account_access.act(url_for("account.places"))
    if isinstance(member, Response):
        return member
    here.check(account_access.purpose(member, f"end:{session_id}"))
    with here.provider.database.read() as connection:
        views = session.list_for(
            connection,
            here.provider.sealer,
            member.account.id,
            now=here.now,
            lifetimes=here.provider.config.lifetimes,
        )
    found = next((view for view in views if view.session.id == session_id), None)
    if found is None:
        raise NotFoundError("no such session of this citizen")
    if session_id == member.session.id:
        return logout.leave(here)
    with here.provider.database.transaction() as database:
        sign_in.sign_out(
            here.provider,
            database,
            session=found.session,
            reason="citizen",
            now=here.now,
        )
    left = farewell.portals_left(here.provider, found.session, is_here=False)
    kept = None
    if left and here.browser:
        kept = farewell.keep(here.provider.ephemeral, here.browser, Farewell(left))
    address = url_for("account.places", done="signed-out", left=kept)
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/account/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out here; leaving is never made harder by asking for a factor."""
    here = visit.begin()
    signed_in = here.signed_in()
    if signed_in is not None:
        here.check(account_access.purpose(signed_in, "sign-out"))
    return logout.leave(here)
