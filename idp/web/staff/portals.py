"""Portals for their officers: the list, and one with its record as people read it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from idp.approvals import portals as acts
from idp.approvals import proposals
from idp.errors import NotFoundError
from idp.relying_parties import security_level, standings
from idp.relying_parties.errors import UnknownClientError
from idp.relying_parties.localised import localised
from idp.relying_parties.standings import Standing
from idp.staff.officer import Officer
from idp.web import presentation
from idp.web.language import current, gettext, phrase
from idp.web.problem import Problem
from idp.web.staff import (
    access,
    frame,
    kept,
    paging,
    portal_texts,
    portal_values,
    proposal_texts,
)
from idp.web.visit import Visit

blueprint = Blueprint("staff_portals", __name__)

TAB = "staff_portals.show"
READERS = (*acts.ROLES, "auditor")
STATES = {
    "live": phrase("at work"),
    "suspended": phrase("suspended"),
    "expired": phrase("certificate expired"),
    "ending": phrase("certificate ends soon"),
    "missing": phrase("no certificate"),
}
_LONGEST_SEARCH = 100


@blueprint.get("/staff/portals")
def show() -> ResponseReturnValue:
    """List the portals; search, state and page by URL."""
    here, officer = access.enter("/staff/portals", *READERS)
    if isinstance(officer, Response):
        return officer
    wanted = request.args.get("q", "")[:_LONGEST_SEARCH].strip()
    state = request.args.get("state", "")
    with here.provider.database.read() as connection:
        found = standings.every(connection)
    rows = [
        row
        for row in (_row(here, one) for one in found)
        if wanted.casefold() in row["words"] and state in {"", *row["states"]}
    ]
    return frame.page(
        here,
        officer,
        "portals",
        gettext("Portals"),
        rows=paging.part(rows),
        count=len(rows),
        wanted=wanted,
        state=state,
        states={name: gettext(text) for name, text in STATES.items()},
        may_propose=officer.has(*acts.ROLES),
        pages=paging.pages(TAB, has_more=paging.has_more(rows), q=wanted, state=state),
    )


@blueprint.get("/staff/portals/<handle>")
def one(handle: str) -> ResponseReturnValue:
    """Show one portal: its record, certificate, secrets and keys, and what waits."""
    here, officer = access.enter(request.path, *READERS)
    if isinstance(officer, Response):
        return officer
    return page(here, officer, client_of(handle), typed=kept.take(here, officer))


def handle_of(client_id: str) -> str:
    """Return a client's identifier as a part of an address."""
    return urlsafe_b64encode(client_id.encode()).decode().rstrip("=")


def client_of(handle: str) -> str:
    """Return the identifier that an address names; raises `NotFoundError`."""
    try:
        return urlsafe_b64decode(handle + "=" * (-len(handle) % 4)).decode()
    except (Error, ValueError):
        raise NotFoundError("no such portal") from None


def find(here: Visit, client_id: str) -> Standing:
    """Return one portal; raises `NotFoundError`."""
    try:
        with here.provider.database.read() as connection:
            return standings.one(connection, client_id)
    except UnknownClientError:
        raise NotFoundError("no such portal") from None


def page(
    here: Visit,
    officer: Officer,
    client_id: str,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    """Draw one portal, with what was typed where it has to be mended."""
    found, provider = find(here, client_id), here.provider
    with provider.database.read() as connection:
        secrets = standings.secrets_of(connection, client_id)
        waiting = proposals.list_open(
            connection, acts.KINDS, now=here.now, subject=client_id
        )
    return frame.page(
        here,
        officer,
        "portal",
        _name(found),
        tab=TAB,
        problem=problem,
        row=_row(here, found),
        suspension=found.suspension,
        since=found.suspended_at and presentation.moment_text(found.suspended_at),
        record=portal_texts.differences({}, found.document),
        certificate=_certificate(found),
        secrets=[_term(*term, here=here) for term in secrets],
        keys=_keys(found, here),
        waiting=[
            {
                "title": proposal_texts.title(item),
                "reason": item.reason,
                "href": url_for("staff_approvals.one", proposal_id=item.id),
            }
            for item in waiting
        ],
        has_secret=bool(secrets),
        may_propose=officer.has(*acts.ROLES),
        typed=typed or {},
        metadata=portal_texts.as_json(found.document),
        longest=proposals.MAX_REASON,
        action=url_for("staff_portal_changes.act", handle=handle_of(client_id)),
        token=here.token(access.purpose(officer, f"portal:{handle_of(client_id)}")),
    )


def _row(here: Visit, found: Standing) -> dict[str, Any]:
    document = found.document
    days = here.provider.config.registration.certificate_warning_days
    level = security_level.state(document, warn_days=days, now=here.now)
    is_suspended = found.suspended_at is not None
    name = _name(found)
    return {
        "client_id": found.client_id,
        "name": name,
        "href": url_for("staff_portals.one", handle=handle_of(found.client_id)),
        "sector": document["sector"],
        "changed": presentation.moment_text(found.updated_at),
        "is_suspended": is_suspended,
        "level": level,
        "level_text": gettext(STATES[level]) if level in STATES else "",
        "states": {"suspended" if is_suspended else "live", level},
        "words": f"{name}\n{found.client_id}\n{document['sector']}".casefold(),
    }


def _name(found: Standing) -> str:
    name = localised(found.document, "client_name")
    return name.in_language(current()) if name else found.client_id


def _certificate(found: Standing) -> dict[str, str]:
    told: dict[str, str] = dict(found.document.get(security_level.MEMBER, {}))
    if told:
        told["until_text"] = presentation.date_text(told["valid_until"])
    return told


def _term(since: Any, until: Any, *, here: Visit) -> dict[str, str]:
    is_over = until is not None and until <= here.now
    return {
        "since": presentation.moment_text(since),
        "until": presentation.moment_text(until) if until else "",
        "is_over": "yes" if is_over else "",
    }


def _keys(found: Standing, here: Visit) -> list[dict[str, str]]:
    jwks = found.document.get("jwks") or {}
    present = [
        {"name": portal_values.value_text(key), "until": ""}
        for key in jwks.get("keys", ())
    ]
    old = [
        {"name": kid, "until": presentation.moment_text(until)}
        for kid, until in found.retiring
        if until > here.now
    ]
    return [*present, *old]
