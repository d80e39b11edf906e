"""Authorities' requests: one officer enters and forwards, another decides."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, identifiers, places
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.errors import NotFoundError
from idp.factors import notices
from idp.factors.notice_texts import What
from idp.locks import grounds, requests
from idp.locks.requests import NewRequest, Request, RequestError
from idp.staff import look_ups, own_case
from idp.staff.errors import RoleError
from idp.staff.officer import Officer
from idp.web import presentation
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame, kept, paging
from idp.web.visit import Visit

blueprint = Blueprint("staff_locks", __name__)

ROLE = "lock_officer"
FIELDS = ("personal_number", "change", "ground", "authority", "document", "matter")
_LONGEST = {"authority": 200, "document": 64, "matter": requests.MAX_TEXT}
_PURPOSE = "lock"
_REFUSED: tuple[What | None, str] = ("lock_refused", "lock-refused")
CHANGES = {"lock": phrase("Lock"), "unlock": phrase("Unlock")}
GROUNDS = {
    "authority_request": phrase("a competent authority asks for it"),
    "terms_breach": phrase("breach of the terms of use"),
    "card_held": phrase("the card is held"),
    "card_revoked": phrase("the card is revoked"),
    "death": phrase("the holder has died"),
    "number_cancelled": phrase("the personal number is cancelled"),
    # These come and go with the holder's own wish and with the registries' words.
    "holder_request": phrase("the holder asked for it"),
    "card_expired": phrase("the card has expired"),
    "passport_expired": phrase("the passport has expired"),
    "permit_expired": phrase("the residence permit has expired"),
    "dissolved": phrase("the organisation is dissolved"),
}
STATES = {
    "received": phrase("to be forwarded"),
    "forwarded": phrase("to be decided"),
    "agreed": phrase("carried out"),
    "refused": phrase("refused"),
}


@blueprint.get("/staff/locks")
def show() -> ResponseReturnValue:
    """Show what waits, and the form for a new letter."""
    here, officer = access.enter(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    return _list(here, officer, kept.take(here, officer))


@blueprint.post("/staff/locks")
def enter() -> ResponseReturnValue:
    """Keep a letter; that somebody was looked up is on the holder's own chain."""
    here, officer = access.fresh(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, "lock-enter"), *FIELDS)
    typed = {name: value.strip() for name, value in typed.items()}
    missing = next((name for name in FIELDS if not typed[name]), None)
    choices = {"change": tuple(CHANGES), "ground": grounds.IN_WRITING}
    for name, known in choices.items():
        if typed[name] not in known:
            missing = missing or name
    if missing:
        wrong = notice("DD-AUTH-006").at(missing, gettext("Fill in this field"))
        return _list(here, officer, typed, wrong)
    request_id = _enter(here, officer, typed)
    if request_id is None:
        unknown = notice("DD-LOCK-006").at(
            "personal_number", gettext("Look at the number")
        )
        return _list(here, officer, typed, unknown)
    return _to(request_id, "entered")


@blueprint.get("/staff/locks/<uuid:request_id>")
def detail(request_id: UUID) -> ResponseReturnValue:
    """Show one request, with the answer to print."""
    here, officer = access.enter(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    return _detail(here, officer, request_id)


@blueprint.post("/staff/locks/<uuid:request_id>")
def act(request_id: UUID) -> ResponseReturnValue:
    """Forward it, agree to it or refuse it."""
    here, officer = access.fresh(request.path, ROLE)
    if isinstance(officer, Response):
        return officer
    typed = here.check(
        access.purpose(officer, f"lock:{request_id}"), "decision", "reasons"
    )
    if typed["decision"] == "refuse" and not typed["reasons"].strip():
        wrong = notice("DD-AUTH-006").at("reasons", gettext("Fill in this field"))
        return _detail(here, officer, request_id, wrong)
    try:
        done = _act(here, officer, request_id, typed)
    except RequestError as error:
        return _detail(here, officer, request_id, notice(error.code))
    return _to(request_id, done)


def _enter(here: Visit, officer: Officer, typed: dict[str, str]) -> UUID | None:
    provider = here.provider
    try:
        number = identifiers.parse_personal_number(
            typed["personal_number"], sandbox=provider.config.sandbox.enabled
        )
    except InvalidPersonalNumberError:
        return None
    with provider.database.transaction() as database:
        account_id = identifiers.find_account_id(database, provider.sealer, number)
        stores = (database, provider.audit)
        look_ups.note(*stores, officer, account_id or number, _PURPOSE, here.now)
        if account_id is None:
            return None
        own_case.refuse(database, provider.sealer, officer, account_id, now=here.now)
        if not officer.unit.serves(places.read_province(database, account_id)):
            return None
        new = NewRequest(
            account_id=account_id,
            change="lock" if typed["change"] == "lock" else "unlock",
            ground=typed["ground"],
            entered_by=officer.id,
            **{name: typed[name][:length] for name, length in _LONGEST.items()},
        )
        return requests.enter(provider, database, new, now=here.now)


def _act(here: Visit, officer: Officer, request_id: UUID, typed: dict[str, str]) -> str:
    provider, now = here.provider, here.now
    with provider.database.transaction() as database:
        found = _find(database, here, officer, request_id)
        if typed["decision"] == "forward":
            requests.forward(
                provider, database, request_id, officer_id=officer.id, now=now
            )
            return "forwarded"
        known = contacts.read_contacts(database, provider.sealer, found.account_id)
        if typed["decision"] == "refuse":
            requests.refuse(
                provider,
                database,
                request_id,
                typed["reasons"],
                officer_id=officer.id,
                now=now,
            )
            what, done = _REFUSED
        else:
            what = requests.agree(
                provider, database, request_id, officer_id=officer.id, now=now
            )
            done = "carried-out"
    if what:
        notices.warn(provider, known, what, now)
    return done


def _find(database: Any, here: Visit, officer: Officer, request_id: UUID) -> Request:
    """Return a request that is no affair of the officer's own."""
    sealer = here.provider.sealer
    found = requests.find(database, sealer, request_id)
    if found is None:
        raise NotFoundError("no such request")
    own_case.refuse(database, sealer, officer, found.account_id, now=here.now)
    if not officer.unit.serves(places.read_province(database, found.account_id)):
        raise RoleError(detail="another province's account")
    return found


def _to(request_id: UUID, done: str) -> ResponseReturnValue:
    address = url_for("staff_locks.detail", request_id=request_id, done=done)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _list(
    here: Visit,
    officer: Officer,
    typed: dict[str, str] | None = None,
    problem: Problem | None = None,
) -> Response:
    provider = here.provider
    state = request.args.get("state", "")
    with provider.database.read() as connection:
        waiting = requests.list_open(
            connection,
            provider.sealer,
            paging.PAGE + 1,
            province_code=officer.unit.province_code,
            state=state if state in requests.OPEN else None,
            offset=(paging.number() - 1) * paging.PAGE,
        )
    return frame.page(
        here,
        officer,
        "locks",
        gettext("Requests to lock or unlock"),
        tab="staff_locks.show",
        problem=problem,
        typed=typed or {},
        changes={name: gettext(text) for name, text in CHANGES.items()},
        grounds={name: gettext(GROUNDS[name]) for name in grounds.IN_WRITING},
        rows=[_row(here, item) for item in waiting[: paging.PAGE]],
        state=state,
        states={name: gettext(STATES[name]) for name in requests.OPEN},
        pages=paging.pages(
            "staff_locks.show", has_more=len(waiting) > paging.PAGE, state=state
        ),
        token=here.token(access.purpose(officer, "lock-enter")),
    )


def _detail(
    here: Visit, officer: Officer, request_id: UUID, problem: Problem | None = None
) -> Response:
    provider = here.provider
    with provider.database.transaction() as database:
        found = _find(database, here, officer, request_id)
        look_ups.note(
            database, provider.audit, officer, found.account_id, _PURPOSE, here.now
        )
        number = identifiers.current_number(database, provider.sealer, found.account_id)
    return frame.page(
        here,
        officer,
        "lock_request",
        gettext("Request to lock or unlock"),
        tab="staff_locks.show",
        problem=problem,
        row=_row(here, found),
        number=presentation.number_text(number),
        may_decide=found.state == "forwarded" and found.entered_by != officer.id,
        may_forward=found.state == "received",
        is_own=found.entered_by == officer.id,
        longest=requests.MAX_TEXT,
        token=here.token(access.purpose(officer, f"lock:{request_id}")),
    )


def _row(here: Visit, item: Request) -> dict[str, object]:
    decided = item.decided_at
    return {
        "href": url_for("staff_locks.detail", request_id=item.id),
        "change": gettext(CHANGES[item.change]),
        "ground": item.ground,
        "ground_text": gettext(GROUNDS[item.ground]),
        "is_lock": item.change == "lock",
        "authority": item.authority,
        "document": item.document,
        "matter": item.matter,
        "state": item.state,
        "state_text": gettext(STATES[item.state]),
        "received_at": presentation.moment_text(item.received_at),
        "due_at": presentation.end_text(item.due_at),
        "decided_at": presentation.moment_text(decided) if decided else "",
        "reasons": item.reasons,
        "is_overdue": item.is_overdue(here.now),
    }
