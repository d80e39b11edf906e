"""From the desk to the reader agent and back: what is asked for, what is not taken."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers
from idp.factors import chip_lost, chip_reading, chip_sessions
from idp.factors.chip_card import ReadCard, document_index
from idp.factors.chip_sessions import Errand
from idp.web import proofs, reader_link
from idp.web.problem import Problem, log, notice
from idp.web.staff.desk_here import Here

# What a page says of a reading that came to nothing, by its `outcome`.
_OUTCOMES = {
    "stopped": "DD-CHIP-002",
    "refused": "DD-CHIP-001",
    "other-holder": "DD-DESK-002",
}


def to_reader(
    here: Here,
    number: str,
    access: Mapping[str, str],
    *,
    back: str,
    whose: UUID | None = None,
) -> ResponseReturnValue:
    """Hand a start token for this draft to the reader agent."""
    provider, draft = here.provider, here.draft
    if not chip_reading.tries_left(provider, draft.id):
        return here.page(
            "refused", proofs.too_many(provider.config.lifetimes.transaction)
        )
    errand = Errand(
        transaction=draft.id,
        browser=draft.session,
        purpose="desk",
        account_id=whose,
        subject=identifiers.number_index(provider.sealer, number).hex(),
        source=here.visit.source,
        access=access,
        portal={"name": here.officer.unit.name, "domain": provider.config.host},
        read_portrait=whose is None,
    )
    body = render_template(
        "chip_go.html",
        agent=reader_link.open_to_agent(provider),
        start_token=chip_sessions.issue_start(provider, errand),
        party=None,
        back=url_for(back, draft_id=draft.id),
    )
    return reader_link.for_agent(body)


def refusal(here: Here, outcome: Mapping[str, Any], number: str) -> str | None:
    """Return why a reading is not taken: refused, a lost card, or somebody else's."""
    if "card" not in outcome:
        return str(outcome["reason"])
    card = ReadCard.from_json(outcome["card"])
    if card.number != number:
        return "other_holder"
    sealer = here.provider.sealer
    index = document_index(sealer, number=card.number, document=card.document_number)
    with here.provider.database.read() as connection:
        is_lost = chip_lost.is_lost(connection, index, issued_on=card.issued_on)
    return "lost" if is_lost else None


def outcome_of(here: Here, outcome: Mapping[str, Any], number: str) -> str | None:
    """Return how a page is told of a reading that is not taken, None if it is."""
    if "cancelled" in outcome:
        return "stopped"
    reason = refusal(here, outcome, number)
    if reason is None:
        return None
    log.info("desk_card_refused", reason=reason)
    return "other-holder" if reason == "other_holder" else "refused"


def told(outcome: str) -> Problem | None:
    """Return what to say of the last reading, if it came to nothing."""
    code = _OUTCOMES.get(outcome)
    return notice(code) if code else None
