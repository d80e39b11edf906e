"""The summary: what was gathered, who decides, and the submission (D69 art. 11, 13).

Submitting asks for the officer's passkey anew. The same draft pressed twice, here or
after a stop, leads to the one receipt; of two desks with one person, one files.
"""

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import papers
from idp.accounts.calendar import Calendar
from idp.accounts.contacts import PhoneTakenError
from idp.accounts.identifiers import NumberTakenError
from idp.accounts.lifecycle import LifecycleError
from idp.enrolment import (
    deadlines,
    in_person_draft,
    in_person_filing,
    outcome,
    queue,
    record,
)
from idp.enrolment.dossier_states import DossierError
from idp.enrolment.in_person_draft import DraftError
from idp.enrolment.in_person_filing import Desk, FiledInPerson
from idp.factors import notices
from idp.provider import current
from idp.web.problem import Problem, notice
from idp.web.staff import access, desk_here, desk_registry, desk_texts
from idp.web.staff.desk_here import Here

blueprint = Blueprint("staff_desk_summary", __name__)

_STEP = "summary"
_TAKEN = (NumberTakenError, DossierError, LifecycleError)


@blueprint.get("/staff/desk/<draft_id>/summary")
def show(draft_id: str) -> ResponseReturnValue:
    """Show all that was gathered, and what will happen to it."""
    here = desk_here.enter(draft_id, _STEP)
    return here if isinstance(here, Response) else _page(here)


@blueprint.post("/staff/desk/<draft_id>/summary")
def submit(  # noqa: PLR0911 - each outcome has its own answer
    draft_id: str,
) -> ResponseReturnValue:
    """File the dossier; lead to its receipt."""
    address = url_for("staff_desk_summary.show", draft_id=draft_id)
    _, proven = access.fresh(address, desk_here.ROLE)
    if isinstance(proven, Response):
        return proven
    try:
        here = desk_here.enter(draft_id, _STEP)
    except DraftError:
        filed_before = _known(draft_id)
        if filed_before is None:
            raise
        return filed_before
    if isinstance(here, Response):
        return here
    here.check(_STEP)
    stands_against = desk_registry.obstacle(here)
    if stands_against:
        return _known(draft_id) or _page(here, notice(stands_against))
    try:
        filed = _file(here)
    except PhoneTakenError:
        return _known(draft_id) or _page(here, notice("DD-DESK-021"))
    except _TAKEN as error:
        return _known(draft_id) or _page(
            here, notice("DD-DESK-022", detail=error.detail)
        )
    _tell(here, filed)
    in_person_draft.drop(here.provider, here.draft)
    return _receipt(filed.filed.dossier_id)


def _file(here: Here) -> FiledInPerson:
    provider, unit = here.provider, here.officer.unit
    slots: tuple[in_person_draft.Picture, ...] = ("chip", "photo")
    pictures: dict[str, bytes | None] = {
        slot: in_person_draft.load_picture(provider, here.draft, slot) for slot in slots
    }
    desk = Desk(here.officer.id, unit.id, unit.province_code)
    now = here.visit.now
    with provider.database.transaction() as session:
        filed = in_person_filing.file_draft(
            provider, session, here.draft, desk, pictures=pictures, now=now
        )
        account_id = filed.filed.account_id
        if account_id is not None:
            for kind, until in in_person_filing.papers_of(here.draft).items():
                papers.learn(session, account_id, kind, until, now=now)
        return filed


def _tell(here: Here, filed: FiledInPerson) -> None:
    """Tell the person, and the addresses that a raised account had before."""
    if filed.decided is not None:
        outcome.tell(here.provider, filed.decided, now=here.visit.now)
    if filed.before is not None:
        notices.warn(here.provider, filed.before, "level_asked", here.visit.now)


def _known(draft_id: str) -> ResponseReturnValue | None:
    """Lead to the receipt of what this very draft filed before, if it did."""
    provider, name = current(), in_person_filing.external_id(draft_id)
    index = record.external_index(provider.sealer, name)
    with provider.database.read() as connection:
        receipt = queue.find_receipt(connection, index)
        found = queue.find_by_receipt(connection, receipt) if receipt else None
    return None if found is None else _receipt(found.id)


def _receipt(dossier_id: object) -> Response:
    address = url_for("staff_desk_receipt.show", dossier_id=dossier_id)
    return desk_here.lead(address)


def _page(here: Here, problem: Problem | None = None) -> ResponseReturnValue:
    provider, draft = here.provider, here.draft
    kind = in_person_filing.kind_of_draft(provider, draft, here.visit.now)
    settings = provider.config.enrolment
    due_at = deadlines.due(kind, here.visit.now, Calendar.of(settings), settings)
    return here.page(
        "summary",
        problem,
        token=here.token(_STEP),
        reasons=desk_texts.reasons(draft.reasons_to_wait),
        due_on=desk_texts.last_day(due_at),
        facts=desk_texts.facts(draft),
    )
