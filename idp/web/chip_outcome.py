"""What becomes of a reading, once the browser that started is back.

A refused card says one thing to the citizen; the reason stands in the log beside the
error id that they see, and in the audit log once the card itself was judged.
"""

from base64 import b64decode
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from idp import metrics
from idp.accounts import contacts
from idp.audit.factor_events import ChipRefused
from idp.factors import chip, chip_sessions, notices
from idp.factors.chip import ChipRefusedError
from idp.factors.chip_card import ReadCard
from idp.factors.chip_sessions import Errand
from idp.factors.throttle import Admission
from idp.web import proofs, way_back
from idp.web.visit import Step

_REASON_SECONDS = 600


def complete(
    step: Step, errand: Errand, outcome: Mapping[str, Any]
) -> ResponseReturnValue:
    """Do what the card was read for, or say that it was not read or not accepted."""
    if "cancelled" in outcome:
        return _again(step, "stopped", outcome["cancelled"])
    if "card" not in outcome:
        return _refuse(step, errand, outcome["reason"], is_judged=outcome["is_judged"])
    if errand.account_id is None:
        return _refuse(step, errand, "unknown_card", is_judged=True)
    if not errand.is_first and not _is_still(step, errand.account_id):
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    try:
        answered = _use(step, errand, errand.account_id, outcome)
    except ChipRefusedError as error:
        return _refuse(step, errand, error.reason, is_judged=True)
    chip_sessions.drop_errand(step.visit.provider, errand.transaction)
    metrics.PROOFS.labels("chip", "proven").inc()
    counters = tuple(outcome["counters"])
    step.visit.provider.throttle.succeeded(Admission(allowed=True, counters=counters))
    return answered


def reason_of(step: Step) -> str:
    """Return why the last reading of this transaction came to nothing, for the log."""
    kept = step.visit.provider.ephemeral.get(_key(step))
    return str(kept["reason"]) if kept else ""


def _use(
    step: Step,
    errand: Errand,
    account_id: UUID,
    outcome: Mapping[str, Any],
) -> ResponseReturnValue:
    card = ReadCard.from_json(outcome["card"])
    provider, now = step.visit.provider, step.visit.now
    stores = (provider.audit, provider.sealer)
    if errand.purpose == "enrol":
        with provider.database.transaction() as database:
            before = contacts.read_contacts(database, provider.sealer, account_id)
            known = chip.list_cards(database, provider.sealer, account_id)
            added = chip.enrol(database, *stores, account_id, card, now=now)
        if added not in {item.id for item in known}:
            notices.warn(provider, before, "way_added", now, way=chip.KIND)
        address = url_for("account_chip.show", done="chip-added")
        return redirect(address, HTTPStatus.SEE_OTHER)
    with provider.database.transaction() as database:
        factor = chip.verify(
            database, *stores, account_id, card, now=now, purpose=errand.purpose
        )
    if errand.purpose == "recover":
        return way_back.card_proven(step, factor, account_id, _portrait(outcome))
    if errand.is_first:
        return proofs.begin(step, account_id, factor)
    return proofs.complete(step, factor)


def _portrait(outcome: Mapping[str, Any]) -> tuple[str, bytes] | None:
    if not outcome["portrait"]:
        return None
    form, image = outcome["portrait"]
    return form, b64decode(image)


def _is_still(step: Step, account_id: UUID) -> bool:
    signed_in = step.visit.signed_in()
    return signed_in is not None and signed_in.account.id == account_id


def _refuse(
    step: Step, errand: Errand, reason: str, *, is_judged: bool
) -> ResponseReturnValue:
    metrics.PROOFS.labels("chip", "wrong" if is_judged else "unread").inc()
    # What never got as far as a card's own signature is in the log alone: strangers
    # must not fill the audit log, nor learn from a write whether there is an account.
    if is_judged and errand.account_id is not None:
        provider = step.visit.provider
        event = ChipRefused(errand.account_id, errand.purpose, reason)
        with provider.database.transaction() as database:
            provider.audit.record(database, event, now=step.visit.now)
    return _again(step, "refused", reason)


def _again(step: Step, outcome: str, reason: str) -> ResponseReturnValue:
    kept = {"reason": reason}
    step.visit.provider.ephemeral.put(_key(step), kept, ttl=_REASON_SECONDS)
    address = url_for("chip.show", transaction=step.transaction.id, outcome=outcome)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _key(step: Step) -> str:
    return f"chip-reason:{step.transaction.id}"
