"""A representative locks a ward's account and opens it again.

Law on Identification art. 34.1.a: the holder's wish is the representative's to tell,
and so is its end. Locking is never made harder; opening asks for the strongest proof.
"""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, lifecycle, representation
from idp.authentication.session import SignedIn
from idp.errors import NotFoundError
from idp.factors import notices
from idp.locks import placing
from idp.locks.grounds import HOLDER_REQUEST
from idp.web import account, account_access, people
from idp.web.language import gettext
from idp.web.visit import Visit

blueprint = Blueprint("account_ward_lock", __name__)


@blueprint.get("/account/wards/<uuid:ward>/lock")
def show(ward: UUID) -> ResponseReturnValue:
    """Say what a lock does, and how it ends."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    return _page(here, member, ward, "lock")


@blueprint.post("/account/wards/<uuid:ward>/lock")
def lock(ward: UUID) -> ResponseReturnValue:
    """Lock it at once, with every effect; the audit names the representative."""
    address = url_for("account_ward_lock.show", ward=ward)
    here, member = account_access.enter(address)
    if isinstance(member, Response):
        return member
    here.check(_purpose(member, ward, "lock"))
    _require_ward(here, member, ward)
    provider = here.provider
    with provider.database.transaction() as database:
        known = contacts.read_contacts(database, provider.sealer, ward)
        is_new = placing.lock_for_holder(
            provider, database, ward, representative_id=member.account.id, now=here.now
        )
    if is_new:
        notices.warn(provider, known, "account_locked", here.now)
    return _back("ward-locked")


@blueprint.get("/account/wards/<uuid:ward>/unlock")
def ask(ward: UUID) -> ResponseReturnValue:
    """Ask whether it is to be opened."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    return _page(here, member, ward, "unlock")


@blueprint.post("/account/wards/<uuid:ward>/unlock")
def unlock(ward: UUID) -> ResponseReturnValue:
    """Lift what holder or representative asked for; other grounds keep holding."""
    address = url_for("account_ward_lock.ask", ward=ward)
    here, member = account_access.act(address, strong=True)
    if isinstance(member, Response):
        return member
    here.check(_purpose(member, ward, "unlock"))
    _require_ward(here, member, ward)
    provider = here.provider
    with provider.database.transaction() as database:
        lifecycle.hold(database, ward, now=here.now)
        if HOLDER_REQUEST not in lifecycle.live_locks(database, ward):
            return _back("ward-unlocked")
        known = contacts.read_contacts(database, provider.sealer, ward)
        left = placing.unlock(
            provider,
            database,
            ward,
            ground=HOLDER_REQUEST,
            asker="representative",
            by=str(member.account.id),
            now=here.now,
        )
    what = placing.told(left)
    if what:
        notices.warn(provider, known, what, here.now)
    return _back("ward-lock-ended" if left else "ward-unlocked")


def _page(here: Visit, member: SignedIn, ward: UUID, change: str) -> Response:
    _require_ward(here, member, ward)
    titles = {"lock": gettext("Lock their account"), "unlock": gettext("Open it again")}
    return account.page(
        "ward_lock",
        titles[change],
        tab="account_wards.show",
        change=change,
        name=people.person(here.provider, ward, is_masked=True).name,
        token=here.token(_purpose(member, ward, change)),
    )


def _require_ward(here: Visit, member: SignedIn, ward: UUID) -> None:
    with here.provider.database.read() as connection:
        wards = representation.wards_of(connection, member.account.id, now=here.now)
    if ward not in {one.account_id for one in wards}:
        raise NotFoundError("no ward of this citizen")


def _back(done: str) -> ResponseReturnValue:
    return redirect(url_for("account_wards.show", done=done), HTTPStatus.SEE_OTHER)


def _purpose(member: SignedIn, ward: UUID, change: str) -> str:
    return account_access.purpose(member, f"ward-{change}:{ward}")
