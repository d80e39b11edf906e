"""The receipt of a dossier that was filed at a desk, to print or to show.

It names the receipt number, until when it is decided (D69 art. 13), and how the account
is activated. Only the officer who filed opens it, and each time that is written down.
"""

from uuid import UUID

from flask import Blueprint, Response, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.contacts import mask_phone
from idp.accounts.identifiers import mask_number
from idp.enrolment import queue, record
from idp.enrolment.receipts import receipt_text
from idp.errors import NotFoundError
from idp.staff import look_ups
from idp.web.language import gettext
from idp.web.presentation import moment_text
from idp.web.staff import access, desk_here, desk_texts, frame

blueprint = Blueprint("staff_desk_receipt", __name__)


@blueprint.get("/staff/desk/receipts/<uuid:dossier_id>")
def show(dossier_id: UUID) -> ResponseReturnValue:
    """Show the receipt."""
    address = url_for("staff_desk_receipt.show", dossier_id=dossier_id)
    here, officer = access.enter(address, desk_here.ROLE)
    if isinstance(officer, Response):
        return officer
    provider = here.provider
    with provider.database.transaction() as session:
        found = queue.find_dossier(session, dossier_id)
        sealed = queue.sealed_evidence(session, dossier_id)
        if found is None or not sealed:
            raise NotFoundError("no such dossier")
        evidence = record.open_evidence(provider.sealer, sealed, dossier_id)
        # A reviewer is in the row by now; who filed is in the evidence.
        if evidence.get("desk", {}).get("officer") != str(officer.id):
            raise NotFoundError("no such dossier of this officer")
        person = evidence["person"]
        whose = found.account_id or person["number"]
        look_ups.note(session, provider.audit, officer, whose, "enrolment", here.now)
    who = record.identity_of(evidence)
    return frame.page(
        here,
        officer,
        "desk/receipt",
        gettext("Receipt"),
        tab=desk_here.HOME,
        dossier=found,
        receipt=receipt_text(found.receipt),
        name=who.full_name,
        number=mask_number(person["number"]),
        phone=mask_phone(person["phone"]) if person["phone"] else "",
        filed_at=moment_text(found.submitted_at),
        due_on=desk_texts.last_day(found.due_at),
        kind=desk_texts.kind(found.kind),
        is_raised=evidence["desk"]["is_raised"],
        unit=officer.unit.name,
        days=provider.config.activation.window_days,
        activate=f"{provider.config.issuer}/activate",
    )
