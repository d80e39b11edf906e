"""The holder's own lock: one button, without a further proof, with every effect."""

from http import HTTPStatus

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.authentication import browser
from idp.factors import notices
from idp.locks import placing
from idp.web import account, account_access, visit
from idp.web.language import gettext

blueprint = Blueprint("own_lock", __name__)

_FORM = "lock"


@blueprint.get("/account/lock")
def show() -> ResponseReturnValue:
    """Say what a lock does, and how it ends."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    return account.page(
        "rights/lock",
        gettext("Lock my account"),
        tab="account.overview",
        token=here.token(account_access.purpose(member, _FORM)),
    )


@blueprint.post("/account/lock")
def lock() -> ResponseReturnValue:
    """Lock it; like signing out, this is never made harder."""
    here, member = account_access.enter(url_for("own_lock.show"))
    if isinstance(member, Response):
        return member
    here.check(account_access.purpose(member, _FORM))
    provider, account_id = here.provider, member.account.id
    with provider.database.transaction() as database:
        known = contacts.read_contacts(database, provider.sealer, account_id)
        placing.lock_for_holder(provider, database, account_id, now=here.now)
    notices.warn(provider, known, "account_locked", here.now)
    response = make_response(redirect(url_for("freeze.done"), HTTPStatus.SEE_OTHER))
    secure = provider.config.is_secure
    visit.set_cookie(response, browser.expired_cookie(browser.SESSION, secure=secure))
    return response
