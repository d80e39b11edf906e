"""The representative of a child or ward, who has to be there too (D69 art. 10.3).

Only whom the registry names may be chosen, and only with a level 2 account of their
own. That they are there is proven by their card at the reader, or by a code that is
sent to their own phone.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, identifiers, identity
from idp.accounts.standing import read_standing
from idp.factors.carrier import CarrierError
from idp.factors.chip_card import access_key
from idp.factors.chip_sessions import Errand as CardErrand
from idp.factors.gateway import GatewayError
from idp.factors.sent_codes import Errand
from idp.factors.sms import SmsCodes
from idp.web import language, proofs, text_message
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import desk_here, desk_reader, desk_texts
from idp.web.staff.desk_here import Here

blueprint = Blueprint("staff_desk_representative", __name__)

_STEP, _CARD, _SEND, _CODE = "representative", "rep-card", "rep-send", "rep-code"
_MAX_CODE = 16


@blueprint.get("/staff/desk/<draft_id>/representative")
def show(draft_id: str) -> ResponseReturnValue:
    """Show whom the registry names, then how the one who came proves to be there."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    return _page(here, desk_reader.told(request.args.get("outcome", "")))


@blueprint.post("/staff/desk/<draft_id>/representative")
def choose(draft_id: str) -> ResponseReturnValue:
    """Take who came along."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    chosen = here.check(_STEP, "representative")["representative"]
    named = here.draft.person.representatives if here.draft.person else ()
    found = next((item for at, item in enumerate(named) if str(at) == chosen), None)
    if found is None:
        return _page(here, here.wrong("representative-0", gettext("Choose one")))
    with here.provider.database.read() as connection:
        sealer = here.provider.sealer
        account_id = identifiers.find_account_id(connection, sealer, found.number)
        standing = read_standing(connection, account_id) if account_id else None
    here.note(account_id or found.number)
    if standing is None or standing.level < 2 or standing.effective != "active":
        return _page(here, notice("DD-DESK-016"))
    representative = {
        "account_id": str(account_id),
        "name": found.name,
        "relation": found.relation,
        "proven": "",
    }
    return here.save(replace(here.draft, representative=representative)).on()


@blueprint.post("/staff/desk/<draft_id>/representative/card")
def read_card(draft_id: str) -> ResponseReturnValue:
    """Lead to the reader for the representative's own card."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    here.check(_CARD)
    account_id = _chosen(here)
    if account_id is None:
        return here.on()
    with here.provider.database.read() as connection:
        sealer = here.provider.sealer
        number = identifiers.current_number(connection, sealer, account_id)
        who = identity.read_identity(connection, sealer, account_id)
    access = access_key(
        number=number,
        birth_date=who.birth_date,
        expires_on=who.document.expires_on if who.document else None,
    )
    back = "staff_desk_representative.show"
    return desk_reader.to_reader(here, number, access, back=back, whose=account_id)


@blueprint.post("/staff/desk/<draft_id>/representative/send")
def send_code(draft_id: str) -> ResponseReturnValue:
    """Send a code to the representative's own phone."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    here.check(_SEND)
    errand = _errand(here)
    if errand is None:
        return _page(here, notice("DD-DESK-017"))
    try:
        sent = SmsCodes(here.provider).send(
            errand,
            source=here.visit.source,
            locale=language.current(),
            now=here.visit.now,
        )
        outcome: str = sent.outcome
    except (GatewayError, CarrierError):
        outcome = text_message.FAILED
    if outcome in text_message.FAILURES:
        return _page(here, notice(text_message.FAILURES[outcome]))
    return _page(here, sent=contacts.mask_phone(errand.address))


@blueprint.post("/staff/desk/<draft_id>/representative/code")
def check_code(draft_id: str) -> ResponseReturnValue:
    """Take the code that the representative reads out."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    typed = here.check(_CODE, "otp")["otp"].strip()[:_MAX_CODE]
    errand = _errand(here)
    if errand is None:
        return here.on()
    provider = here.provider
    admission = provider.throttle.admit(
        "otp", subject=str(errand.account_id), source=here.visit.source, device=None
    )
    if not admission.allowed:
        return _page(here, proofs.too_many(admission.retry_after))
    if not SmsCodes(provider).check(errand, typed, now=here.visit.now):
        wrong = here.wrong("otp", gettext("Type the newest code"), "DD-AUTH-003")
        return _page(here, wrong, sent=contacts.mask_phone(errand.address))
    provider.throttle.succeeded(admission)
    return _proven(here, "code").on()


def take_card(
    here: Here, errand: CardErrand, outcome: Mapping[str, Any]
) -> ResponseReturnValue:
    """Take the representative's card as it was read, if it is still about them."""
    account_id = _chosen(here)
    if account_id is None or account_id != errand.account_id:
        return here.on()
    with here.provider.database.read() as connection:
        sealer = here.provider.sealer
        number = identifiers.current_number(connection, sealer, account_id)
    failed = desk_reader.outcome_of(here, outcome, number)
    if failed:
        endpoint = "staff_desk_representative.show"
        address = url_for(endpoint, draft_id=here.draft.id, outcome=failed)
        return desk_here.lead(address)
    return _proven(here, "card").on()


def _proven(here: Here, how: str) -> Here:
    known = here.draft.representative or {}
    return here.save(replace(here.draft, representative={**known, "proven": how}))


def _chosen(here: Here) -> UUID | None:
    known = here.draft.representative
    return UUID(known["account_id"]) if known else None


def _errand(here: Here) -> Errand | None:
    """Return what the code is for: this draft, at the phone that the account has."""
    account_id = _chosen(here)
    if account_id is None:
        return None
    with here.provider.database.read() as connection:
        known = contacts.read_contacts(connection, here.provider.sealer, account_id)
    if known.phone is None:
        return None
    return Errand(account_id, known.phone, "desk", here.draft.id)


def _page(
    here: Here, problem: Problem | None = None, *, sent: str = ""
) -> ResponseReturnValue:
    known = here.draft.representative
    named = here.draft.person.representatives if here.draft.person else ()
    if not named and problem is None:
        problem = notice("DD-DESK-018")
    return here.page(
        "representative",
        problem,
        named=[desk_texts.representative(item.name, item.relation) for item in named],
        chosen=desk_texts.representative(known["name"], known["relation"])
        if known
        else None,
        sent=sent,
        age=here.provider.config.enrolment.own_from_age,
        tokens={name: here.token(name) for name in (_STEP, _CARD, _SEND, _CODE)},
    )
