"""A copy of one's own data: to read on a page, and to take along as JSON."""

import json
from http import HTTPStatus

from flask import Blueprint, Response, make_response, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.audit.right_events import DataExported
from idp.factors import notices
from idp.rights import export
from idp.web import account, account_access, held
from idp.web.language import gettext
from idp.web.rights import own_data

blueprint = Blueprint("account_copy", __name__)

_FORM = "copy"


@blueprint.get("/account/rights/copy")
def show() -> ResponseReturnValue:
    """Show the data in words, and offer the file."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    provider, account_id = here.provider, member.account.id
    copy = export.collect(provider, account_id, now=here.now)
    counted = (
        (gettext("Ways to sign in"), len(copy["ways_to_sign_in"])),
        (gettext("Signed-in places"), len(copy["signed_in_places"])),
        (gettext("Permissions"), len(copy["permissions"])),
        (gettext("Applications"), len(copy["dossiers"])),
        (gettext("Sign-ins at portals"), len(copy["uses"])),
        (
            gettext("People you act for, or who act for you"),
            len(copy["acts_for"]) + len(copy["represented_by"]),
        ),
        (gettext("Places at organisations"), len(copy["memberships"])),
        (gettext("Entries of the history"), len(copy["history"])),
    )
    return account.page(
        "rights/copy",
        gettext("A copy of my data"),
        tab=own_data.TAB,
        groups=held.groups(provider, account_id, now=here.now),
        counted=counted,
        token=here.token(own_data.form(member, _FORM)),
    )


@blueprint.post("/account/rights/copy")
def download() -> ResponseReturnValue:
    """Send the file; that it was taken is in the history, and told."""
    here, member = account_access.act(url_for("account_copy.show"), strong=True)
    if isinstance(member, Response):
        return member
    here.check(own_data.form(member, _FORM))
    provider, account_id = here.provider, member.account.id
    with provider.database.transaction() as database:
        known = contacts.read_contacts(database, provider.sealer, account_id)
        provider.audit.record(database, DataExported(account_id), now=here.now)
    notices.warn(provider, known, "data_exported", here.now)
    copy = export.collect(provider, account_id, now=here.now)
    body = json.dumps(copy, ensure_ascii=False, indent=2)
    response = make_response(body, HTTPStatus.OK)
    response.mimetype = "application/json"
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response
