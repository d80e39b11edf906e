"""The citizen's own page: what is held, who may see it, where they are signed in."""

from http import HTTPStatus

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.authentication import session
from idp.authentication.session import SignedIn
from idp.consent import grants
from idp.factors import enrolled
from idp.web import (
    account_access,
    account_events,
    devices_seen,
    held,
    people,
    permissions,
    presentation,
)
from idp.web.language import gettext, phrase
from idp.web.visit import Visit

blueprint = Blueprint("account", __name__)

TABS = {
    "account.overview": phrase("Overview"),
    "account.held_data": phrase("My data"),
    "account.allowed": phrase("Permissions"),
    "account.places": phrase("Signed-in places"),
    "account.factors": phrase("Ways to sign in"),
    "account.history": phrase("History"),
}
METHODS = {
    "pwd": phrase("password"),
    "totp": phrase("authenticator app"),
    "sms": phrase("text message"),
    "chip": phrase("chip-ID card"),
}
STATES = {"active": phrase("active")}
DONE = {
    "withdrawn": phrase("The permission has ended."),
    "signed-out": phrase("That place is signed out."),
    "chip-added": phrase("Your card is added."),
    "chip-removed": phrase("Your card is taken out of use here."),
    "chip-lost": phrase(
        "Your card is reported lost; nobody can show it here any more."
    ),
}
_EVENTS_SHOWN = 50


@blueprint.get("/account")
def overview() -> ResponseReturnValue:
    """Show name, level, state and this sign-in."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    methods = dict.fromkeys(event.method for event in member.session.events)
    return page(
        "overview",
        gettext("My account"),
        person=people.person(here.provider, member.account.id, is_masked=False),
        level=member.account.level,
        state=gettext(STATES.get(member.account.state, "")),
        signed_in_at=presentation.moment_text(member.session.started_at),
        last=account_events.last_sign_in(here, member),
        proven_by=", ".join(gettext(METHODS[method]) for method in methods),
        sign_out_token=here.token(account_access.purpose(member, "sign-out")),
    )


@blueprint.get("/account/data")
def held_data() -> ResponseReturnValue:
    """Show everything that is held, with source and date."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    groups = held.groups(here.provider, member.account.id, now=here.now)
    return page("held", gettext("My data"), groups=groups)


@blueprint.get("/account/permissions")
def allowed() -> ResponseReturnValue:
    """Show which portal may see what, until when."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    with here.provider.database.read() as connection:
        live = grants.list_for(connection, member.account.id, now=here.now)
    rows = [permissions.row(here, member, grant) for grant in live]
    return page("permissions", gettext("Permissions"), permissions=rows)


@blueprint.get("/account/places")
def places() -> ResponseReturnValue:
    """Show every browser that is signed in."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    with here.provider.database.read() as connection:
        views = session.list_for(
            connection,
            here.provider.sealer,
            member.account.id,
            now=here.now,
            lifetimes=here.provider.config.lifetimes,
        )
    rows = [devices_seen.row(here, member, view) for view in views]
    return page("places", gettext("Signed-in places"), places=rows)


@blueprint.get("/account/factors")
def factors() -> ResponseReturnValue:
    """Show the ways to sign in."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    return page("factors", gettext("Ways to sign in"), factors=_factors(here, member))


@blueprint.get("/account/history")
def history() -> ResponseReturnValue:
    """Show what happened lately."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    events = account_events.recent(here, member, _EVENTS_SHOWN)
    return page("history", gettext("History"), events=events)


def _factors(here: Visit, member: SignedIn) -> list[dict[str, str]]:
    provider, account_id = here.provider, member.account.id
    with provider.database.read() as connection:
        known = enrolled.list_enrolled(connection, account_id)
        phone = contacts.read_contacts(connection, provider.sealer, account_id).phone
    rows = []
    if "pwd" in member.account.factors:
        rows.append({"label": gettext("Password"), "detail": ""})
    for factor in known:
        label = gettext(METHODS.get(factor.kind, factor.kind)).capitalize()
        details = [factor.label] if factor.label else []
        if factor.kind == "sms" and phone:
            details.append(contacts.mask_phone(phone))
        details.append(
            gettext("since %(date)s", date=presentation.date_text(factor.created_at))
        )
        if factor.last_used_at:
            used = presentation.moment_text(factor.last_used_at)
            details.append(gettext("last used %(moment)s", moment=used))
        rows.append({"label": label, "detail": " · ".join(details)})
    return rows


def page(
    template: str, heading: str, *, tab: str = "", **values: object
) -> ResponseReturnValue:
    """Render a page of the account; `tab` names its tab where it is not one itself."""
    tabs = [
        {
            "href": url_for(endpoint),
            "label": gettext(label),
            "current": endpoint == (tab or request.endpoint),
        }
        for endpoint, label in TABS.items()
    ]
    done = DONE.get(request.args.get("done", ""))
    body = render_template(
        f"account/{template}.html",
        heading=heading,
        tabs=tabs,
        notice=gettext(done) if done else "",
        **values,
    )
    return body, HTTPStatus.OK
