"""Reviewers' pages: dossiers by due date, one of them opened, and the decision."""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.contacts import mask_phone
from idp.accounts.identifiers import find_account_id
from idp.enrolment import dossiers, outcome, queue, reviewing
from idp.enrolment.dossiers import Decided
from idp.enrolment.queue import DossierView
from idp.enrolment.receipts import receipt_text
from idp.enrolment.record import identity_of, open_evidence
from idp.errors import NotFoundError
from idp.staff import look_ups, own_case
from idp.staff.errors import RoleError
from idp.staff.officer import Officer
from idp.web import claim_texts, presentation
from idp.web.language import gettext
from idp.web.staff import access, frame, paging, pictures, review_texts
from idp.web.visit import Visit

blueprint = Blueprint("staff_review", __name__)

REVIEWER = "reviewer"


@blueprint.get("/staff/review")
def show() -> ResponseReturnValue:
    """List what waits in the officer's province, the earliest due first.

    A list names nobody: receipt, kind and due date are enough to choose.
    """
    here, officer = access.enter(request.path, REVIEWER)
    if isinstance(officer, Response):
        return officer
    is_overdue = request.args.get("only") == "overdue"
    with here.provider.database.read() as connection:
        found = queue.waiting(
            connection,
            now=here.now,
            province_code=officer.unit.province_code,
            overdue_only=is_overdue,
            offset=(paging.number() - 1) * paging.PAGE,
            limit=paging.PAGE + 1,
        )
    return frame.page(
        here,
        officer,
        "review",
        gettext("Overdue dossiers") if is_overdue else gettext("Dossiers to decide"),
        rows=[_row(here, officer, view) for view in found[: paging.PAGE]],
        pages=paging.pages(
            "staff_review.show",
            has_more=len(found) > paging.PAGE,
            only="overdue" if is_overdue else "",
        ),
        is_overdue=is_overdue,
    )


@blueprint.get("/staff/review/<uuid:dossier_id>")
def one(dossier_id: UUID) -> ResponseReturnValue:
    """Show one dossier; who is named, and the evidence, to its taker alone."""
    here, officer = access.enter(request.path, REVIEWER)
    if isinstance(officer, Response):
        return officer
    view = _find(here, officer, dossier_id)
    is_mine = view.state == "in_review" and view.reviewer_id == officer.id
    return frame.page(
        here,
        officer,
        "dossier",
        gettext("Dossier %(receipt)s", receipt=receipt_text(view.receipt)),
        tab="staff_review.show",
        row=_row(here, officer, view),
        is_open=view.is_open,
        is_filer=view.officer_id == officer.id,
        is_mine=is_mine,
        is_taken=view.state == "in_review",
        evidence=_look(here, officer, view) if is_mine else None,
        refusals={
            code: gettext(review_texts.REFUSALS[code]) for code in dossiers.REFUSALS
        },
        dossier_id=dossier_id,
        token=here.token(access.purpose(officer, f"dossier:{dossier_id}")),
    )


@blueprint.post("/staff/review/<uuid:dossier_id>/take")
def take(dossier_id: UUID) -> ResponseReturnValue:
    """Take a dossier; of two officers one gets it."""
    page = url_for("staff_review.one", dossier_id=dossier_id)
    here, officer = access.enter(page, REVIEWER)
    if isinstance(officer, Response):
        return officer
    here.check(access.purpose(officer, f"dossier:{dossier_id}"))
    view = _find(here, officer, dossier_id)
    _refuse_own_case(here, officer, view)
    with here.provider.database.transaction() as database:
        reviewing.take(
            here.provider, database, dossier_id, officer_id=officer.id, now=here.now
        )
    return redirect(f"{page}?done=taken", HTTPStatus.SEE_OTHER)


@blueprint.post("/staff/review/<uuid:dossier_id>")
def decide(dossier_id: UUID) -> ResponseReturnValue:
    """Grant or refuse, once, by whoever has taken it; the applicant is told."""
    page = url_for("staff_review.one", dossier_id=dossier_id)
    here, officer = access.fresh(page, REVIEWER)
    if isinstance(officer, Response):
        return officer
    purpose = access.purpose(officer, f"dossier:{dossier_id}")
    fields = here.check(purpose, "decision", "reason")
    _refuse_own_case(here, officer, _find(here, officer, dossier_id))
    decided = _decide(here, officer, dossier_id, fields["decision"], fields["reason"])
    outcome.tell(here.provider, decided, now=here.now)
    done = "granted" if decided.state == "granted" else "rejected"
    return redirect(url_for("staff_review.show", done=done), HTTPStatus.SEE_OTHER)


def _decide(
    here: Visit, officer: Officer, dossier_id: UUID, decision: str, reason: str
) -> Decided:
    provider, by = here.provider, str(officer.id)
    with provider.database.transaction() as database:
        reviewing.require_taker(database, dossier_id, officer_id=officer.id)
        if decision == "grant":
            return dossiers.grant(provider, database, dossier_id, by=by, now=here.now)
        return dossiers.refuse(
            provider, database, dossier_id, reason=reason, by=by, now=here.now
        )


def _find(here: Visit, officer: Officer, dossier_id: UUID) -> DossierView:
    with here.provider.database.read() as connection:
        view = queue.find_dossier(connection, dossier_id)
    if view is None:
        raise NotFoundError("no such dossier")
    if not officer.unit.serves(view.province_code):
        raise RoleError(detail="another province's dossier")
    return view


def _refuse_own_case(here: Visit, officer: Officer, view: DossierView) -> None:
    """Raise if the dossier is the officer's own affair, or one that they filed."""
    sealer = here.provider.sealer
    with here.provider.database.read() as connection:
        sealed = queue.sealed_evidence(connection, view.id)
        if not sealed:
            raise NotFoundError("no such dossier")
        own_case.refuse(
            connection,
            sealer,
            officer,
            view.account_id,
            view.filed_by,
            numbers=[open_evidence(sealer, sealed, view.id)["person"]["number"]],
            now=here.now,
        )


def _look(here: Visit, officer: Officer, view: DossierView) -> dict[str, object]:
    """Open the evidence; the look is written down first."""
    provider = here.provider
    with provider.database.transaction() as database:
        sealed = queue.sealed_evidence(database, view.id)
        if not sealed:
            raise NotFoundError("no such dossier")
        evidence = open_evidence(provider.sealer, sealed, view.id)
        person = evidence["person"]
        whose = view.account_id or find_account_id(
            database, provider.sealer, person["number"]
        )
        who = whose or person["number"]
        look_ups.note(database, provider.audit, officer, who, "review", here.now)
    identity = identity_of(evidence)
    phone = person.get("phone")
    portrait = pictures.data_url(evidence.get("chip"))
    return {
        "name": identity.full_name,
        "number": presentation.number_text(person["number"]),
        "birth_date": presentation.date_text(identity.birth_date),
        "nationality": claim_texts.country(identity.nationality),
        "phone": mask_phone(phone) if phone else "",
        "facts": list(review_texts.facts(evidence)),
        "differences": review_texts.differences(evidence),
        "is_unproven": view.account_id is None,
        "may_grant": not evidence.get("mismatches"),
        "photo": pictures.data_url(evidence.get("photo")),
        "portrait": portrait,
        "is_hidden": "chip" in evidence and portrait is None,
    }


def _row(here: Visit, officer: Officer, view: DossierView) -> dict[str, object]:
    return {
        "href": url_for("staff_review.one", dossier_id=view.id),
        "receipt": receipt_text(view.receipt),
        "kind": gettext(review_texts.KINDS[view.kind]),
        "channel": gettext(review_texts.CHANNELS[view.channel]),
        "due": presentation.end_text(view.due_at),
        "submitted": presentation.moment_text(view.submitted_at),
        "is_overdue": view.is_overdue(here.now),
        "is_mine": view.reviewer_id == officer.id,
        "is_taken": view.state == "in_review",
    }
