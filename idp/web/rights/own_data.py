"""The rights over one's data: see where they stand, ask, restrict, close, take back."""

from http import HTTPStatus

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.authentication.session import SignedIn
from idp.factors import notices
from idp.rights import closing, corrections, restriction
from idp.web import account, account_access, presentation
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("account_rights", __name__)

TAB = "account_rights.show"


@blueprint.get("/account/rights")
def show() -> ResponseReturnValue:
    """Show every right and where it stands."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    return _page(here, member)


@blueprint.post("/account/rights/correction")
def correct() -> ResponseReturnValue:
    """Put a wish for a correction into the officers' queue."""
    here, member = account_access.act(url_for(TAB))
    if isinstance(member, Response):
        return member
    text = here.check(form(member, "correction"), "text")["text"].strip()
    if not text:
        missing = notice("DD-AUTH-006").at("text", gettext("Fill in this field"))
        return _page(here, member, missing)
    provider = here.provider
    with provider.database.transaction() as database:
        corrections.ask(
            database,
            provider.audit,
            provider.sealer,
            member.account.id,
            text,
            term=provider.config.rights.correction,
            now=here.now,
        )
    return _done("correction-asked")


@blueprint.post("/account/rights/restriction")
def restrict() -> ResponseReturnValue:
    """Stop the use of the data for portals, or allow it again."""
    here, member = account_access.act(url_for(TAB))
    if isinstance(member, Response):
        return member
    wish = here.check(form(member, "restriction"), "decision")["decision"]
    provider, account_id = here.provider, member.account.id
    change = restriction.allow if wish == "allow" else restriction.restrict
    with provider.database.transaction() as database:
        change(provider, database, account_id, now=here.now)
    return _done("allowed" if wish == "allow" else "restricted")


@blueprint.get("/account/rights/closing")
def explain_closing() -> ResponseReturnValue:
    """Say what closing means, to whoever has just proven who they are."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    return account.page(
        "rights/closing",
        gettext("Close my account"),
        tab=TAB,
        hours=here.provider.config.rights.closing // 3600,
        token=here.token(form(member, "closing")),
    )


@blueprint.post("/account/rights/closing")
def close() -> ResponseReturnValue:
    """Keep the wish; nothing is erased before its time is over."""
    back = url_for("account_rights.explain_closing")
    here, member = account_access.act(back, strong=True)
    if isinstance(member, Response):
        return member
    here.check(form(member, "closing"))
    provider, account_id = here.provider, member.account.id
    with provider.database.transaction() as database:
        known = contacts.read_contacts(database, provider.sealer, account_id)
        closing.ask(provider, database, account_id, now=here.now)
    notices.warn(provider, known, "closing_asked", here.now)
    return _done("closing-asked")


@blueprint.post("/account/rights/closing/back")
def take_back() -> ResponseReturnValue:
    """Forget the wish; like every way of keeping what one has, it is easy."""
    here, member = account_access.enter(url_for(TAB))
    if isinstance(member, Response):
        return member
    here.check(form(member, "keep"))
    provider = here.provider
    with provider.database.transaction() as database:
        closing.take_back(provider, database, member.account.id, now=here.now)
    return _done("kept")


def form(member: SignedIn, name: str) -> str:
    """Return the purpose of one of these forms."""
    return account_access.purpose(member, f"rights-{name}")


def _done(what: str) -> ResponseReturnValue:
    return redirect(url_for(TAB, done=what), HTTPStatus.SEE_OTHER)


def _page(
    here: Visit, member: SignedIn, problem: Problem | None = None
) -> ResponseReturnValue:
    provider, account_id = here.provider, member.account.id
    with provider.database.read() as connection:
        since = restriction.restricted_since(connection, account_id)
        closes_at = closing.closes_at(connection, account_id)
        asked = corrections.list_for(connection, provider.sealer, account_id)
    rows = [
        {
            "text": item.text,
            "asked_at": presentation.moment_text(item.asked_at),
            "due_at": presentation.moment_text(item.due_at),
            "answer": item.answer,
        }
        for item in asked
    ]
    body = account.page(
        "rights/overview",
        gettext("My rights"),
        tab=TAB,
        problem=problem,
        restricted_since=presentation.moment_text(since) if since else "",
        closes_at=presentation.moment_text(closes_at) if closes_at else "",
        corrections=rows,
        longest=corrections.MAX_TEXT,
        tokens={
            name: here.token(form(member, name))
            for name in ("correction", "restriction", "keep")
        },
    )
    return make_response(body)
