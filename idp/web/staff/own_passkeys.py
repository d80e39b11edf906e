"""An officer's own passkeys: two are recommended, the last one stays."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.contacts import InvalidContactError, parse_email
from idp.factors.attestation import UntrustedModelError
from idp.factors.passkey_answers import PasskeyRefusedError
from idp.staff import letters, passkeys
from idp.staff.errors import StaffChangeError, UnverifiedPasskeyError
from idp.staff.officer import Officer
from idp.web import passkey_names, presentation
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, ceremony, frame
from idp.web.visit import Visit

blueprint = Blueprint("staff_passkeys", __name__)

_ADD = "passkey"
_REFUSALS = (PasskeyRefusedError, UntrustedModelError, UnverifiedPasskeyError)


@blueprint.get("/staff/passkeys")
def show() -> ResponseReturnValue:
    """List the officer's passkeys and offer to add one."""
    here, officer = access.fresh(request.path)
    if isinstance(officer, Response):
        return officer
    return _page(here, officer)


@blueprint.post("/staff/passkeys/options")
def options() -> ResponseReturnValue:
    """Return what the script hands to the browser, with a challenge of its own."""
    here, officer = access.fresh(url_for("staff_passkeys.show"))
    if isinstance(officer, Response):
        return officer
    here.check(access.purpose(officer, _ADD))
    return ceremony.new_options(here, officer.id, officer.name, _binding(officer))


@blueprint.post("/staff/passkeys")
def add() -> ResponseReturnValue:
    """Check the new passkey and keep it."""
    here, officer = access.fresh(request.path)
    if isinstance(officer, Response):
        return officer
    fields = here.check(access.purpose(officer, _ADD), "credential", "label")
    label = passkey_names.legible(fields["label"])
    if not fields["credential"]:  # its browser runs no scripts
        return _page(here, officer)
    try:
        new = ceremony.check_new(here, fields["credential"], _binding(officer))
        with here.provider.database.transaction() as database:
            passkeys.add(
                database,
                here.provider.audit,
                officer.id,
                new,
                label=label or passkey_names.proposed(),
                now=here.now,
            )
    except _REFUSALS as error:
        return _page(here, officer, notice(error.code, detail=error.detail))
    except StaffChangeError:
        return _page(here, officer, notice("DD-PASSKEY-003"))
    return redirect(url_for("staff_passkeys.show", done="added"), HTTPStatus.SEE_OTHER)


@blueprint.post("/staff/passkeys/<uuid:passkey_id>/remove")
def remove(passkey_id: UUID) -> ResponseReturnValue:
    """Take a passkey out of use, unless it is the last."""
    here, officer = access.fresh(url_for("staff_passkeys.show"))
    if isinstance(officer, Response):
        return officer
    here.check(access.purpose(officer, f"remove:{passkey_id}"))
    with here.provider.database.transaction() as database:
        passkeys.retire(
            database, here.provider.audit, officer.id, passkey_id, now=here.now
        )
    address = url_for("staff_passkeys.show", done="removed")
    return redirect(address, HTTPStatus.SEE_OTHER)


@blueprint.post("/staff/address")
def set_address() -> ResponseReturnValue:
    """Keep where this officer's letters go: alarms, and what waits."""
    here, officer = access.fresh(url_for("staff_passkeys.show"))
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, "address"), "email")["email"].strip()
    try:
        email = parse_email(typed) if typed else ""
    except InvalidContactError:
        wrong = notice("DD-AUTH-006").at("email", gettext("Type an e-mail address"))
        return _page(here, officer, wrong)
    provider = here.provider
    with provider.database.transaction() as database:
        stores = (database, provider.audit, provider.sealer)
        letters.set_address(*stores, officer.id, email, now=here.now)
    address = url_for("staff_passkeys.show", done="address")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _binding(officer: Officer) -> str:
    return f"staff-passkey:{officer.session_id}"


def _page(here: Visit, officer: Officer, problem: Problem | None = None) -> Response:
    with here.provider.database.read() as connection:
        known = passkeys.list_for(connection, officer.id)
        email = letters.address_of(connection, here.provider.sealer, officer.id)
    rows = [
        {
            "label": item.label,
            "since": presentation.moment_text(item.created_at),
            "is_held": item.held_at is not None,
            "remove": url_for("staff_passkeys.remove", passkey_id=item.id),
            "token": here.token(access.purpose(officer, f"remove:{item.id}")),
        }
        for item in known
    ]
    working = [item for item in known if item.held_at is None]
    return frame.page(
        here,
        officer,
        "passkeys",
        gettext("My passkeys"),
        problem=problem,
        rows=rows,
        may_remove=len(working) > 1,
        action=url_for("staff_passkeys.add"),
        options=url_for("staff_passkeys.options"),
        token=here.token(access.purpose(officer, _ADD)),
        label=passkey_names.proposed(),
        email=email or "",
        address_token=here.token(access.purpose(officer, "address")),
    )
