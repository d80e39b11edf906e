"""The citizen's own page: what is held, who may see it, where they are signed in."""

from http import HTTPStatus

from flask import (
    Blueprint,
    Response,
    make_response,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from idp.authentication import farewell, session
from idp.consent import grants
from idp.provider import current as current_provider
from idp.web import (
    account_access,
    account_events,
    devices_seen,
    factor_rows,
    held,
    people,
    permissions,
    portals_left,
    presentation,
)
from idp.web.language import gettext, phrase
from idp.web.problem import Problem

blueprint = Blueprint("account", __name__)

_WALLET = "account_wallet.show"
TABS = {
    "account.overview": phrase("Overview"),
    "account.held_data": phrase("My data"),
    "account.allowed": phrase("Permissions"),
    "account_requests.show": phrase("Waiting for you"),
    "account_wards.show": phrase("People I act for"),
    "account_organisations.show": phrase("Organisations"),
    "account.places": phrase("Signed-in places"),
    "account.factors": phrase("Ways to sign in"),
    _WALLET: phrase("Wallet"),
    "account.history": phrase("History"),
    "account_rights.show": phrase("My rights"),
}
METHODS = {
    "pwd": phrase("password"),
    "totp": phrase("authenticator app"),
    "sms": phrase("text message"),
    "chip": phrase("chip-ID card"),
    "passkey": phrase("passkey"),
    "recovery": phrase("recovery code"),
    "device": phrase("another device"),
    "passcode": phrase("passcode"),
}
STATES = {"active": phrase("active")}
DONE = {
    "app-added": phrase("The authenticator app was added."),
    "password-changed": phrase(
        "The password was changed, and every other place is signed out."
    ),
    "withdrawn": phrase("The permission has ended."),
    "confirmed": phrase("The sign-in is confirmed; it goes on over there."),
    "not-confirmed": phrase("The sign-in was refused."),
    "ward-ended": phrase("You no longer act for them; both of you are told."),
    "ward-locked": phrase("Their account is locked, everywhere at once."),
    "ward-unlocked": phrase("Their account is open again."),
    "ward-lock-ended": phrase(
        "Your lock has ended; their account stays locked for another reason."
    ),
    "member-accepted": phrase("You have accepted."),
    "member-invited": phrase("The invitation waits on the person's own page."),
    "member-ended": phrase("That has ended, at every portal at once."),
    "organisation-granted": phrase("The organisation's account is granted."),
    "organisation-submitted": phrase(
        "The application has arrived; an officer looks at it within 15 working days."
    ),
    "signed-out": phrase("That place is signed out."),
    "passkey-added": phrase("The passkey was added. Try it at your next sign-in."),
    "key-added": phrase(
        "The security key was added. It shows that you are there, so it is asked "
        "beside another proof."
    ),
    "passcode-set": phrase("The passcode is set."),
    "correction-asked": phrase("An officer will look at it and answer here."),
    "restricted": phrase("From now on no portal gets any of your data."),
    "allowed": phrase("Portals may be signed in to again."),
    "closing-asked": phrase("The account will close. Until then you can take it back."),
    "kept": phrase("The account stays open."),
    "phone-changed": phrase("The phone number was changed, and the old one was told."),
    "email-changed": phrase(
        "The e-mail address was changed, and the old one was told."
    ),
    "renamed": phrase("The new name is kept."),
    "removed": phrase("That way to sign in was removed."),
    "chip-added": phrase("Your card is added."),
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
        live += grants.list_given_by(connection, member.account.id, now=here.now)
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
    handle = request.args.get("left", "")
    told = farewell.find(here.provider.ephemeral, handle, browser=here.browser)
    return page(
        "places",
        gettext("Signed-in places"),
        places=[devices_seen.row(here, member, view) for view in views],
        portals=portals_left.rows(here, told) if told else [],
    )


@blueprint.get("/account/factors")
def factors() -> ResponseReturnValue:
    """Show the ways to sign in."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    return page(
        "factors",
        gettext("Ways to sign in"),
        factors=factor_rows.rows(here, member),
        additions=factor_rows.additions(member),
    )


@blueprint.get("/account/history")
def history() -> ResponseReturnValue:
    """Show what happened lately."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    events = account_events.recent(here, member, _EVENTS_SHOWN)
    return page("history", gettext("History"), events=events)


def page(
    template: str,
    heading: str,
    *,
    tab: str | None = None,
    problem: Problem | None = None,
    **values: object,
) -> Response:
    """Show a page in the account's frame, under its own tab or the named one."""
    current = tab or request.endpoint
    has_wallets = current_provider().config.credentials.enabled
    tabs = [
        {
            "href": url_for(endpoint),
            "label": gettext(label),
            "current": endpoint == current,
        }
        for endpoint, label in TABS.items()
        if endpoint != _WALLET or has_wallets
    ]
    done = DONE.get(request.args.get("done", ""))
    body = render_template(
        f"account/{template}.html",
        heading=heading,
        tabs=tabs,
        notice=gettext(done) if done else "",
        problem=problem,
        **values,
    )
    return make_response(
        body, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    )
