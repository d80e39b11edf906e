"""The link "it was not me": the page asks, and its button locks without a help desk."""

from http import HTTPStatus

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.errors import IdpError
from idp.factors import freeze_links, notices
from idp.locks import placing
from idp.web import way_back_case

blueprint = Blueprint("freeze", __name__)


class FreezeLinkError(IdpError):
    """The link is unknown, used or too old."""

    code = "DD-LOCK-002"
    status = HTTPStatus.GONE


@blueprint.get("/freeze/<token>")
def show(token: str) -> ResponseReturnValue:
    """Ask; whoever looks at links in letters must not lock anybody's account."""
    here = way_back_case.named()
    with here.provider.database.read() as connection:
        if not freeze_links.is_live(connection, token, now=here.now):
            raise FreezeLinkError("no such link")
    response = make_response(
        render_template("rights/freeze.html", token=here.token(_form(token)))
    )
    return way_back_case.keep_name(here, response)


@blueprint.post("/freeze/<token>")
def freeze(token: str) -> ResponseReturnValue:
    """Lock the account, as its holder's wish, with every effect."""
    here = way_back_case.named()
    here.check(_form(token))
    provider = here.provider
    with provider.database.transaction() as database:
        account_id = freeze_links.take(database, token, now=here.now)
        if account_id is None:
            raise FreezeLinkError("no such link")
        known = contacts.read_contacts(database, provider.sealer, account_id)
        is_new = placing.lock_for_holder(provider, database, account_id, now=here.now)
    if is_new:
        notices.warn(provider, known, "account_locked", here.now)
    return redirect(url_for("freeze.done"), HTTPStatus.SEE_OTHER)


@blueprint.get("/locked")
def done() -> Response:
    """Say that the account is locked, and how it is opened again."""
    return make_response(render_template("rights/locked.html"))


def _form(token: str) -> str:
    return f"freeze:{token}"
