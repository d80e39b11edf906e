"""Phone and e-mail at the desk: the phone is in the holder's own name (D69 art. 10).

One phone has one account. Of a child it may be the representative's own name, and there
need be none; an account that is raised keeps its phone unless another is typed.
"""

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, identifiers
from idp.accounts.contacts import InvalidContactError
from idp.factors.carrier import CarrierError
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import desk_here
from idp.web.staff.desk_here import Here

blueprint = Blueprint("staff_desk_contacts", __name__)

_STEP = "contacts"


@blueprint.get("/staff/desk/<draft_id>/contacts")
def show(draft_id: str) -> ResponseReturnValue:
    """Ask how the person is reached."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    return _page(here, here.draft.phone or "", here.draft.email or "")


@blueprint.post("/staff/desk/<draft_id>/contacts")
def take(  # noqa: PLR0911 - each field has its own answer
    draft_id: str,
) -> ResponseReturnValue:
    """Take phone and e-mail, once the carrier says whose the phone is."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    fields = here.check(_STEP, "phone", "email")
    typed = (fields["phone"].strip()[:64], fields["email"].strip()[:256])
    try:
        phone = contacts.parse_phone(typed[0]) if typed[0] else None
    except InvalidContactError:
        return _page(here, *typed, here.wrong("phone", _mend()))
    try:
        email = contacts.parse_email(typed[1]) if typed[1] else None
    except InvalidContactError:
        mend = gettext("Type an e-mail address, or leave it empty")
        return _page(here, *typed, here.wrong("email", mend))
    if phone is None and not _may_be_empty(here):
        return _page(here, *typed, here.wrong("phone", _mend()))
    try:
        owns = phone is None or _owns(here, phone)
    except CarrierError as error:
        return _page(here, *typed, notice("DD-DESK-019", detail=error.detail))
    if owns is False:
        mend = gettext("Type a number of the person's own")
        return _page(here, *typed, here.wrong("phone", mend, "DD-DESK-020"))
    draft = replace(
        here.draft,
        phone=phone,
        email=email,
        has_contacts=True,
        is_phone_unsure=owns is None,
    )
    return here.save(draft).on()


def _mend() -> str:
    return gettext("Type a Vietnamese mobile number of ten digits")


def _may_be_empty(here: Here) -> bool:
    return here.draft.account_id is not None or here.draft.representative is not None


def _owns(here: Here, phone: str) -> bool | None:
    """Say whether the phone is the person's, or of who answers for them.

    None: nobody can be asked. Raises `CarrierError`.
    """
    provider, now, person = here.provider, here.visit.now, here.draft.person
    owners = [(person.number, person.full_name)] if person else []
    if here.draft.representative is not None:
        account_id = UUID(here.draft.representative["account_id"])
        with provider.database.read() as connection:
            number = identifiers.current_number(connection, provider.sealer, account_id)
        owners.append((number, here.draft.representative["name"]))
    answers = [
        provider.carrier.owned_by(phone, number, name, now) for number, name in owners
    ]
    return True if True in answers else None if None in answers else False


def _held(here: Here) -> str:
    """Return the phone that the account has already, masked."""
    if here.draft.account_id is None:
        return ""
    with here.provider.database.read() as connection:
        known = contacts.read_contacts(
            connection, here.provider.sealer, UUID(here.draft.account_id)
        )
    return contacts.mask_phone(known.phone) if known.phone else ""


def _page(
    here: Here, phone: str, email: str, problem: Problem | None = None
) -> ResponseReturnValue:
    return here.page(
        "contacts",
        problem,
        token=here.token(_STEP),
        phone=phone,
        email=email,
        held=_held(here),
        may_be_empty=_may_be_empty(here),
    )
