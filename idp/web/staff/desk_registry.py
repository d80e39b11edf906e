"""The registry's word at the desk: asked once, compared field by field with the card.

Each question names officer and unit, to the registry and in the citizen's own history.
Where card and registry differ the registry's data are taken (LoI 26/2023 art. 33).
"""

from dataclasses import replace
from uuid import UUID

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.identifiers import find_account_of
from idp.accounts.standing import Standing, read_standing
from idp.enrolment import in_person, in_person_draft, matching
from idp.registry.person import RegisteredPerson
from idp.registry.port import Asker, Question, RegistryDownError
from idp.staff import own_case
from idp.staff.errors import OwnCaseError
from idp.web.presentation import date_text
from idp.web.problem import Problem, notice
from idp.web.staff import (
    access,
    desk_dates,
    desk_here,
    desk_papers,
    desk_renewal,
    desk_texts,
)
from idp.web.staff.desk_here import Here

blueprint = Blueprint("staff_desk_registry", __name__)

_STEP, _AGAIN = "registry", "registry-again"
_PURPOSE = "enrolment"


@blueprint.get("/staff/desk/<draft_id>/registry")
def show(draft_id: str) -> ResponseReturnValue:
    """Ask the registry, and show what it says beside the card."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    if here.draft.person is None:
        try:
            here = _ask(here)
        except RegistryDownError as error:
            return _unknown(here, notice("DD-DESK-023", detail=error.detail))
    if here.draft.person is None:
        return _unknown(here, notice("DD-DESK-003"))
    return _page(here)


@blueprint.post("/staff/desk/<draft_id>/registry/again")
def ask_again(draft_id: str) -> ResponseReturnValue:
    """Ask by what the officer types: the card may hold a name of before."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    typed = here.check(_AGAIN, "name", "birth_date")
    problem = desk_papers.check_person(here, typed)
    if problem is not None:
        return _unknown(here, problem)
    draft = replace(
        here.draft,
        name=typed["name"].strip(),
        birth_date=desk_dates.read(typed["birth_date"]),
        record=None,
        is_compared=False,
    )
    return here.save(draft).on()


@blueprint.post("/staff/desk/<draft_id>/registry")
def confirm(draft_id: str) -> ResponseReturnValue:
    """Go on with the person that the registry named, if nothing stands against it."""
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    here.check(_STEP)
    if here.draft.person is None or obstacle(here) is not None:
        return here.on()
    account_id = _account(here)
    draft = replace(
        here.draft,
        is_compared=True,
        account_id=str(account_id[0]) if account_id else None,
    )
    return here.save(draft).on()


@blueprint.post("/staff/desk/<draft_id>/renewal")
def renew(draft_id: str) -> ResponseReturnValue:
    """Note a renewed paper: the lock that stood on the old one ends at once."""
    address = url_for("staff_desk_registry.show", draft_id=draft_id)
    _, proven = access.fresh(address, desk_here.ROLE)
    if isinstance(proven, Response):
        return proven
    here = desk_here.enter(draft_id, _STEP)
    if isinstance(here, Response):
        return here
    here.check(desk_renewal.FORM)
    account_id = _renewable(here)
    if account_id is None:
        return here.on()
    desk_renewal.note(here, account_id)
    in_person_draft.drop(here.provider, here.draft)
    return desk_here.lead(url_for(desk_here.HOME, done="renewed"))


def _renewable(here: Here) -> UUID | None:
    """Return the account that a renewed paper opens again, if this is one's case."""
    account = _account(here)
    if account is None or _personal_obstacle(here) is not None:
        return None
    return account[0] if desk_renewal.is_due(here, account[1]) else None


def obstacle(here: Here) -> str | None:
    """Return the code of what stands against enrolling this person at this desk."""
    if here.draft.person is None:
        return "DD-DESK-003"
    found = _personal_obstacle(here) or _standing_obstacle(_account(here))
    return desk_texts.OBSTACLES[found] if found else None


def _personal_obstacle(here: Here) -> str | None:
    """Return what stands against the person, whatever account there is."""
    draft, person = here.draft, here.draft.person
    if person is None:
        return "unknown"
    found = in_person.obstacle(
        draft.path,
        person,
        draft.holder,
        today=here.today,
        config=here.provider.config.enrolment,
    )
    return "own_case" if found is None and _is_own_case(here, person) else found


def _is_own_case(here: Here, person: RegisteredPerson) -> bool:
    """Say whether the officer is the person, or the registry names them beside it."""
    account = _account(here)
    numbers = {
        *matching.numbers_of(person),
        *(one.number for one in person.representatives),
    }
    with here.provider.database.read() as connection:
        try:
            own_case.refuse(
                connection,
                here.provider.sealer,
                here.officer,
                account[0] if account else None,
                numbers=numbers,
                now=here.visit.now,
            )
        except OwnCaseError:
            return True
    return False


def _account(here: Here) -> tuple[UUID, Standing] | None:
    with here.provider.database.read() as connection:
        person, sealer = here.draft.person, here.provider.sealer
        numbers = matching.numbers_of(person) if person else (here.draft.number,)
        account_id = find_account_of(connection, sealer, numbers)
        if account_id is None:
            return None
        return account_id, read_standing(connection, account_id)


def _standing_obstacle(account: tuple[UUID, Standing] | None) -> str | None:
    """Return why an account cannot be raised: it is high enough, open, or locked."""
    if account is None:
        return None
    standing = account[1]
    if standing.locks:
        return "account_locked"
    if standing.state not in ("granted", "active"):
        return "application_open"
    return "has_level" if standing.level >= 2 else None


def _ask(here: Here) -> Here:
    account = _account(here)
    draft, officer = here.draft, here.officer
    here.note(account[0] if account else draft.number)
    record = here.provider.registry.look_up(
        Question(draft.number, draft.name, draft.birth_date),
        Asker(_PURPOSE, str(officer.id), str(officer.unit.id)),
        now=here.visit.now,
    )
    if record is None or record.person is None:
        return here
    return here.save(replace(draft, record=record.to_json(), is_stale=record.is_stale))


def _page(here: Here) -> ResponseReturnValue:
    code = obstacle(here)
    account = _account(here)
    return here.page(
        "registry",
        notice(code) if code else None,
        token=here.token(_STEP),
        may_go_on=code is None,
        renewal_token=here.token(desk_renewal.FORM) if _renewable(here) else "",
        rows=desk_texts.compared(here.draft),
        checks=desk_texts.checks(here.draft),
        who=desk_texts.person(here.draft),
        is_upgrade=account is not None and code is None,
        is_unknown=False,
    )


def _unknown(here: Here, problem: Problem) -> ResponseReturnValue:
    draft = here.draft
    return here.page(
        "registry",
        problem,
        token=here.token(_AGAIN),
        may_go_on=False,
        is_unknown=True,
        typed={"name": draft.name, "birth_date": date_text(draft.birth_date)},
    )
