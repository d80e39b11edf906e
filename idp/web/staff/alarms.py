"""Alarms: what one person did without the second, until two officers have seen it."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.approvals import break_glass
from idp.approvals.break_glass import Alarm
from idp.web import presentation
from idp.web.language import gettext, phrase
from idp.web.staff import access, frame, paging, proposal_texts
from idp.web.staff.people import KINDS as REQUESTS

blueprint = Blueprint("staff_alarms", __name__)

TAB = "staff_approvals.show"


@blueprint.get("/staff/alarms")
def show() -> ResponseReturnValue:
    """Show the alarms that hold to every officer, and who may acknowledge them."""
    here, officer = access.enter(request.path)
    if isinstance(officer, Response):
        return officer
    with here.provider.database.read() as connection:
        found = break_glass.list_open(connection)
    rows = [
        {
            "act": one.act,
            "title": _title(one),
            "reason": one.reason,
            "at": presentation.moment_text(one.at),
            "is_half": one.first_by is not None,
            "is_mine": one.first_by == officer.id,
            "action": url_for("staff_alarms.acknowledge", glass_id=one.id),
            "token": here.token(access.purpose(officer, f"alarm:{one.id}")),
        }
        for one in paging.part(found)
    ]
    return frame.page(
        here,
        officer,
        "alarms",
        gettext("Alarms"),
        tab=TAB,
        rows=rows,
        pages=paging.pages("staff_alarms.show", has_more=paging.has_more(found)),
        may_acknowledge=officer.has(*break_glass.TOLD),
    )


@blueprint.post("/staff/alarms/<uuid:glass_id>")
def acknowledge(glass_id: UUID) -> ResponseReturnValue:
    """Note that this officer has looked into it; the second one ends the alarm."""
    here, officer = access.fresh(url_for("staff_alarms.show"), *break_glass.TOLD)
    if isinstance(officer, Response):
        return officer
    here.check(access.purpose(officer, f"alarm:{glass_id}"))
    with here.provider.database.transaction() as database:
        break_glass.acknowledge(
            database, here.provider.audit, officer, glass_id, now=here.now
        )
    address = url_for("staff_alarms.show", done="acknowledged")
    return redirect(address, HTTPStatus.SEE_OTHER)


# What no officer proposes: the host's own acts, and what has pages of its own.
_ALONE = {
    "account.add": phrase("Open an account of level %(subject)s without a dossier"),
    "account.set_state": phrase("Move on the account %(subject)s"),
    "account.set_level": phrase("Set the level of the account %(subject)s"),
    "account.replace_number": phrase("Another number for the account %(subject)s"),
    "account.set_phone": phrase("Another phone for the account %(subject)s"),
    "account.set_password": phrase("Another password for the account %(subject)s"),
    "account.add_totp": phrase("An authenticator app for the account %(subject)s"),
    "keys.kek": phrase("Seal everything under another key-encryption key: %(subject)s"),
    break_glass.RESTORED: phrase(
        "The database was restored from the archive of %(subject)s: signing keys "
        "killed after it live again, until they are killed again"
    ),
    "keys.rewrap": phrase("Wrap the key-encryption key anew: %(subject)s"),
}


def _title(alarm: Alarm) -> str:
    """Return what a command did alone and to what, in one line."""
    named, rescue = alarm.subject or "…", REQUESTS["rescue"]
    if alarm.act == "staff.rescue":
        return gettext(rescue, name=named)
    if alarm.act in proposal_texts.WORDS:
        return proposal_texts.titled(alarm.act, named)
    title = _ALONE.get(alarm.act)
    return gettext(title, subject=named) if title else alarm.act
