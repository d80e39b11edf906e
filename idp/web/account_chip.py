"""The citizen's card on their own page: add it, report it lost."""

import re
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, identifiers, identity
from idp.accounts.identity import Identity
from idp.authentication import browser, removal, transaction
from idp.authentication.session import SignedIn
from idp.emrtd.personal import iso_date
from idp.errors import NotFoundError
from idp.factors import chip, enrolled, notices
from idp.web import account, account_access, chip_errand, presentation
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Step, Visit

blueprint = Blueprint("account_chip", __name__)

_PURPOSE = "chip"
_MAX_TYPED = 32
_BETWEEN = re.compile(r"[\s./-]+")


@blueprint.get("/account/ways/chip")
def show() -> ResponseReturnValue:
    """Show the card that is in use, or how to add one."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    return _page(here, member)


@blueprint.post("/account/ways/chip/add")
def add() -> ResponseReturnValue:
    """Lead to the reader with a key computed from what is printed on the card."""
    here, member = account_access.act(url_for("account_chip.show"), strong=True)
    if isinstance(member, Response):
        return member
    fields = here.check(_purpose(member), "expires_on")
    typed = fields["expires_on"].strip()[:_MAX_TYPED]
    expires_on = _day(typed)
    if typed and expires_on is None:
        wrong = notice("DD-AUTH-006").at(
            "expires_on", gettext("Type the date as dd/mm/yyyy, or nothing at all")
        )
        return _page(here, member, typed, wrong)
    return _lead_to_card(here, member, expires_on)


@blueprint.post("/account/ways/chip/<uuid:card>/lost")
def lost(card: UUID) -> ResponseReturnValue:
    """Report the card lost: it is out of use, and no account takes it any more."""
    here, member = account_access.act(url_for("account_chip.show"), strong=True)
    if isinstance(member, Response):
        return member
    here.check(_purpose(member))
    provider, account_id = here.provider, member.account.id
    with provider.database.transaction() as database:
        known = chip.list_cards(database, provider.sealer, account_id)
        if card not in {item.id for item in known}:
            raise NotFoundError("no such card of this citizen")
        before = contacts.read_contacts(database, provider.sealer, account_id)
        was_last = removal.is_last_strong(
            enrolled.list_enrolled(database, account_id),
            card,
            has_password="pwd" in member.account.factors,
            now=here.now,
        )
        chip.report_lost(
            database,
            provider.audit,
            provider.sealer,
            account_id,
            card,
            now=here.now,
        )
    what = notices.way_removed(was_last=was_last)
    notices.warn(provider, before, what, here.now, way=chip.KIND)
    address = url_for("account.factors", done="chip-lost")
    return redirect(address, HTTPStatus.SEE_OTHER)


def _day(typed: str) -> str | None:
    """Return a printed day in ISO 8601, whatever stands between its parts."""
    parts = _BETWEEN.split(typed)
    if len(parts) != 3:
        return None
    day, month, year = parts
    return iso_date(f"{day:0>2}/{month:0>2}/{year}")


def _lead_to_card(here: Visit, member: SignedIn, expires_on: str | None) -> Response:
    provider, account_id = here.provider, member.account.id
    who, number = _holder(here, member)
    started = transaction.prepare(
        here.browser or browser.new_value(),
        now=here.now,
        return_path=url_for("account_chip.show"),
        is_strong=True,  # no other device may vouch on the way
    )
    ttl = provider.config.lifetimes.transaction
    transaction.save(provider.ephemeral, started, now=here.now, ttl=ttl)
    chip_errand.lay_enrolment(
        Step(here, started, None),
        account_id,
        number=number,
        birth_date=who.birth_date,
        expires_on=expires_on,
    )
    address = url_for("chip.show", transaction=started.id)
    return make_response(redirect(address, HTTPStatus.SEE_OTHER))


def _holder(here: Visit, member: SignedIn) -> tuple[Identity, str]:
    sealer = here.provider.sealer
    with here.provider.database.read() as connection:
        who = identity.read_identity(connection, sealer, member.account.id)
        number = identifiers.current_number(connection, sealer, member.account.id)
    return who, number


def _page(
    here: Visit,
    member: SignedIn,
    typed: str | None = None,
    problem: Problem | None = None,
) -> ResponseReturnValue:
    who, _ = _holder(here, member)
    document = (
        who.document if who.document and who.document.type == "can_cuoc" else None
    )
    held = document.expires_on if document else None
    if typed is None:
        typed = presentation.date_text(held) if held else ""
    with here.provider.database.read() as connection:
        cards = chip.list_cards(connection, here.provider.sealer, member.account.id)
    body = account.page(
        "chip",
        gettext("Chip-ID card"),
        tab="account.factors",
        card=_card(cards[0]) if cards else None,
        token=here.token(_purpose(member)),
        expires_on=typed,
        problem=problem,
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return make_response(body[0] if isinstance(body, tuple) else body, status)


def _card(card: chip.EnrolledCard) -> dict[str, str]:
    used = card.last_used_at
    return {
        "id": str(card.id),
        "since": presentation.date_text(card.created_at),
        "used": presentation.moment_text(used) if used else "",
        "expires_on": presentation.date_text(card.expires_on)
        if card.expires_on
        else "",
    }


def _purpose(member: SignedIn) -> str:
    return account_access.purpose(member, _PURPOSE)
