"""Renaming a passkey, and removing any way to sign in: asked once, or twice.

Removal asks for the strongest fresh proof. The last factor that reaches level 2 goes
only after its own page has said what is lost, and its owner's contacts are told.
"""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.authentication import removal
from idp.authentication.removal import LastStrongFactorError
from idp.authentication.session import SignedIn
from idp.errors import NotFoundError
from idp.factors import enrolled, notices, passkey_store
from idp.factors.enrolled import EnrolledFactor
from idp.web import account, account_access, factor_rows, passkey_names
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("account_factors", __name__)

_TAB = "account.factors"


@blueprint.get("/account/factors/<uuid:credential_id>/remove")
def confirm(credential_id: UUID) -> ResponseReturnValue:
    """Say what is lost with this way, and ask whether to remove it."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    return _confirm_page(here, member, credential_id)


@blueprint.post("/account/factors/<uuid:credential_id>/remove")
def remove(credential_id: UUID) -> ResponseReturnValue:
    """Remove the way; the last strong one only with the tick that says so."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    purpose = account_access.purpose(member, f"remove:{credential_id}")
    fields = here.check(purpose, "understood")
    factor, _ = _find(here, member, credential_id)
    provider, account_id = here.provider, member.account.id
    try:
        with provider.database.transaction() as database:
            was_last = removal.remove(
                database,
                provider.audit,
                account_id,
                credential_id,
                has_password="pwd" in member.account.factors,
                is_confirmed=fields["understood"] == "yes",
                now=here.now,
            )
            account_access.hold_codes(here, database, member)
            known = contacts.read_contacts(database, provider.sealer, account_id)
    except LastStrongFactorError as error:
        mend = gettext("Tick the box, or keep this way")
        problem = notice(error.code).at("understood", mend)
        return _confirm_page(here, member, credential_id, problem)
    what = notices.way_removed(was_last=was_last)
    notices.warn(provider, known, what, here.now, way=factor.kind)
    return redirect(url_for(_TAB, done="removed"), HTTPStatus.SEE_OTHER)


@blueprint.get("/account/factors/<uuid:credential_id>/name")
def name(credential_id: UUID) -> ResponseReturnValue:
    """Ask for a passkey's new name."""
    here, member = account_access.act(request.path)
    if isinstance(member, Response):
        return member
    return _name_page(here, member, credential_id)


@blueprint.post("/account/factors/<uuid:credential_id>/name")
def rename(credential_id: UUID) -> ResponseReturnValue:
    """Keep the passkey's new name."""
    here, member = account_access.act(request.path)
    if isinstance(member, Response):
        return member
    purpose = account_access.purpose(member, f"name:{credential_id}")
    label = passkey_names.legible(here.check(purpose, "label")["label"])
    if not label:
        missing = notice("DD-AUTH-006").at("label", gettext("Type a name"))
        return _name_page(here, member, credential_id, missing)
    with here.provider.database.transaction() as database:
        found = passkey_store.rename(database, member.account.id, credential_id, label)
    if not found:
        raise NotFoundError("no such passkey of this citizen")
    return redirect(url_for(_TAB, done="renamed"), HTTPStatus.SEE_OTHER)


def _find(
    here: Visit, member: SignedIn, credential_id: UUID
) -> tuple[EnrolledFactor, bool]:
    """Return a factor of this citizen, and whether it is the last strong one."""
    with here.provider.database.read() as connection:
        known = enrolled.list_enrolled(connection, member.account.id)
    found = next((item for item in known if item.id == credential_id), None)
    if found is None:
        raise NotFoundError("no such way to sign in of this citizen")
    has_password = "pwd" in member.account.factors
    is_last = removal.is_last_strong(
        known, credential_id, has_password=has_password, now=here.now
    )
    return found, is_last


def _confirm_page(
    here: Visit, member: SignedIn, credential_id: UUID, problem: Problem | None = None
) -> Response:
    factor, is_last = _find(here, member, credential_id)
    return account.page(
        "remove",
        gettext("Remove a way to sign in"),
        tab=_TAB,
        problem=problem,
        factor=factor_rows.name(factor),
        is_last=is_last,
        is_passkey=factor.kind in passkey_store.KINDS,
        token=here.token(account_access.purpose(member, f"remove:{credential_id}")),
    )


def _name_page(
    here: Visit, member: SignedIn, credential_id: UUID, problem: Problem | None = None
) -> Response:
    factor, _ = _find(here, member, credential_id)
    if factor.kind not in passkey_store.KINDS:
        raise NotFoundError("only passkeys are named")
    return account.page(
        "name",
        gettext("Rename"),
        tab=_TAB,
        problem=problem,
        label=factor.label,
        token=here.token(account_access.purpose(member, f"name:{credential_id}")),
    )
