"""Changing the password: after a strong, fresh proof; other places are signed out."""

from http import HTTPStatus

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.session import SignedIn
from idp.web import account, account_access, new_password
from idp.web.language import gettext
from idp.web.problem import Problem
from idp.web.visit import Visit

blueprint = Blueprint("account_password", __name__)

_PURPOSE = "password"


@blueprint.get("/account/password")
def show() -> ResponseReturnValue:
    """Ask for a new password, of whoever has just proven who they are."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    return _page(here, member)


@blueprint.post("/account/password")
def change() -> ResponseReturnValue:
    """Change it."""
    here, member = account_access.act(url_for("account_password.show"), strong=True)
    if isinstance(member, Response):
        return member
    typed = here.check(_form(member), *new_password.FIELDS)
    problem = new_password.problem_of(here.provider, member.account.id, typed)
    if problem:
        return _page(here, member, problem)
    new_password.set_password(
        here,
        member.account.id,
        typed["password"],
        what="password_changed",
        but=member.session,
    )
    address = url_for("account.factors", done="password-changed")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _page(
    here: Visit, member: SignedIn, problem: Problem | None = None
) -> ResponseReturnValue:
    body = account.page(
        "password",
        gettext("Change the password"),
        tab="account.factors",
        token=here.token(_form(member)),
        problem=problem,
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return make_response(body[0] if isinstance(body, tuple) else body, status)


def _form(member: SignedIn) -> str:
    return account_access.purpose(member, _PURPOSE)
