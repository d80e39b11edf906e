"""A guardian ends the own guardianship, after the strongest proof.

A parent's is not the parent's to end (Civil Code 2015 art. 136): a court or an officer
with its paper does.
"""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import representation
from idp.accounts.representation import PARENTS
from idp.authentication.session import SignedIn
from idp.errors import NotFoundError
from idp.locks import representations
from idp.locks.representations import Ending
from idp.web import account, account_access, people
from idp.web.language import gettext
from idp.web.visit import Visit

blueprint = Blueprint("account_ward_ending", __name__)


@blueprint.get("/account/wards/<uuid:ward>/end")
def show(ward: UUID) -> ResponseReturnValue:
    """Say what ends with it."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    _require_guardian(here, member, ward)
    return account.page(
        "ward_end",
        gettext("No longer act for someone"),
        tab="account.overview",
        name=people.person(here.provider, ward, is_masked=True).name,
        token=here.token(_purpose(member, ward)),
    )


@blueprint.post("/account/wards/<uuid:ward>/end")
def end(ward: UUID) -> ResponseReturnValue:
    """End it at once; both are told."""
    page = url_for("account_ward_ending.show", ward=ward)
    here, member = account_access.act(page, strong=True)
    if isinstance(member, Response):
        return member
    here.check(_purpose(member, ward))
    _require_guardian(here, member, ward)
    ending = Ending(ward, member.account.id, "own_wish")
    representations.end(here.provider, ending, now=here.now)
    address = url_for("account_wards.show", done="ward-ended")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _require_guardian(here: Visit, member: SignedIn, ward: UUID) -> None:
    with here.provider.database.read() as connection:
        wards = representation.wards_of(connection, member.account.id, now=here.now)
    mine = [one for one in wards if one.account_id == ward]
    if not mine or any(one.relation in PARENTS for one in mine):
        raise NotFoundError("no guardianship of this citizen")


def _purpose(member: SignedIn, ward: UUID) -> str:
    return account_access.purpose(member, f"ward-end:{ward}")
