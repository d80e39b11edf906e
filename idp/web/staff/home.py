"""An officer's first page: what waits, by role, and what the officer lacks."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from idp.staff import passkeys
from idp.web.language import gettext
from idp.web.staff import access, frame, waiting

blueprint = Blueprint("staff_home", __name__)

_ENOUGH_PASSKEYS = 2


@blueprint.get("/staff")
def show() -> ResponseReturnValue:
    """Show what waits for this officer."""
    here, officer = access.enter(request.path)
    if isinstance(officer, Response):
        return officer
    with here.provider.database.read() as connection:
        known = passkeys.list_for(connection, officer.id)
    return frame.page(
        here,
        officer,
        "home",
        gettext("My work"),
        needs_passkey=len(known) < _ENOUGH_PASSKEYS,
        waiting=waiting.items(here, officer),
    )
