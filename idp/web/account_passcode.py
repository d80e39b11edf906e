"""Setting or changing the passcode, after a strong, fresh proof."""

from http import HTTPStatus

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.authentication.session import SignedIn
from idp.factors import notices, passcode
from idp.web import account, account_access, new_passcode
from idp.web.language import gettext
from idp.web.problem import Problem
from idp.web.visit import Visit

blueprint = Blueprint("account_passcode", __name__)

_PURPOSE = "passcode"


@blueprint.get("/account/ways/passcode")
def show() -> ResponseReturnValue:
    """Ask for six digits."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    return _page(here, member)


@blueprint.post("/account/ways/passcode")
def change() -> ResponseReturnValue:
    """Keep them; the former passcode ends, and the contacts are told."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    typed = here.check(_form(member), *new_passcode.FIELDS)
    provider, account_id = here.provider, member.account.id
    problem = new_passcode.problem_of(provider, account_id, typed)
    if problem:
        return _page(here, member, problem)
    hashed = passcode.hash_passcode(provider.passwords, typed["passcode"])
    with provider.database.transaction() as database:
        known = contacts.read_contacts(database, provider.sealer, account_id)
        stores = (database, provider.audit, provider.sealer)
        passcode.enrol(*stores, account_id, hashed, now=here.now)
    notices.warn(provider, known, "passcode_set", here.now)
    address = url_for("account.factors", done="passcode-set")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _page(
    here: Visit, member: SignedIn, problem: Problem | None = None
) -> ResponseReturnValue:
    return account.page(
        "passcode",
        gettext("Passcode"),
        tab="account.factors",
        problem=problem,
        has_one=passcode.KIND in member.account.factors,
        token=here.token(_form(member)),
    )


def _form(member: SignedIn) -> str:
    return account_access.purpose(member, _PURPOSE)
