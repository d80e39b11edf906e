"""Every page of an officer's desk, in the order in which an enrolment meets them."""

from idp.web.staff import (
    desk,
    desk_agreement,
    desk_card,
    desk_contacts,
    desk_papers,
    desk_proof,
    desk_receipt,
    desk_registry,
    desk_representative,
    desk_summary,
)

BLUEPRINTS = (
    desk.blueprint,
    desk_card.blueprint,
    desk_papers.blueprint,
    desk_registry.blueprint,
    desk_representative.blueprint,
    desk_proof.blueprint,
    desk_contacts.blueprint,
    desk_agreement.blueprint,
    desk_summary.blueprint,
    desk_receipt.blueprint,
)
