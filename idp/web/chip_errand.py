"""What a card is to be read for: settled by us before the reader is asked.

Where nobody is signed in, the citizen types the number first. Whoever has no account or
no card gets a key that opens no card, and everything else goes on as for everyone.
"""

from dataclasses import replace
from uuid import UUID

from flask import request, url_for

from idp.accounts import identifiers
from idp.factors import chip, chip_sessions, devices
from idp.factors.chip_card import access_key, decoy_key
from idp.factors.chip_sessions import Errand
from idp.web.visit import Step

# Reasons for which somebody else than the one who is signed in may be meant.
_ANEW = frozenset({"account_mismatch", "account_selection"})
_WAY_BACK = "/way-back"


def needs_number(step: Step) -> bool:
    """Say whether it must be asked first whose card this will be."""
    return _laid(step) is None and (_is_recovery(step) or _is_anew(step))


def find(step: Step) -> Errand | None:
    """Return what this transaction wants a card read for, or None if nothing."""
    errand = _laid(step)
    if errand is None and not _is_recovery(step) and not _is_anew(step):
        errand = _of_session(step)
    if errand is None:
        return None
    asker = step.asker
    portal = {"name": asker.name, "domain": asker.domain} if asker else None
    return replace(errand, portal=portal, source=step.visit.source)


def lay_for_number(step: Step, number: str) -> None:
    """Keep whose card is meant by a number, known or not."""
    provider, is_recovery = step.visit.provider, _is_recovery(step)
    sealer = provider.sealer
    with provider.database.read() as connection:
        account_id = identifiers.find_account_id(connection, sealer, number)
        # The same look-ups for a number that nobody has.
        cards = chip.list_cards(connection, sealer, account_id or UUID(int=0))
        device = devices.find_known(
            connection, step.visit.device, account_id or UUID(int=0), now=step.visit.now
        )
    access = cards[0].access if cards else decoy_key(sealer, number, now=step.visit.now)
    chip_sessions.lay_errand(
        provider,
        Errand(
            transaction=step.transaction.id,
            browser=step.transaction.browser,
            purpose="recover" if is_recovery else "sign_in",
            account_id=account_id,
            subject=identifiers.number_index(sealer, number).hex(),
            device=device,
            access=access,
            client_id=_client_id(step),
            is_first=True,
            read_portrait=is_recovery and provider.faces.is_on,
        ),
    )


def lay_enrolment(
    step: Step,
    account_id: UUID,
    *,
    number: str,
    birth_date: str,
    expires_on: str | None,
) -> None:
    """Keep that the citizen's own card is to be enrolled, by what is printed on it."""
    provider = step.visit.provider
    errand = Errand(
        transaction=step.transaction.id,
        browser=step.transaction.browser,
        purpose="enrol",
        account_id=account_id,
        subject=identifiers.number_index(provider.sealer, number).hex(),
        device=_device(step, account_id),
        access=access_key(number=number, birth_date=birth_date, expires_on=expires_on),
    )
    chip_sessions.lay_errand(provider, errand)


def others(step: Step, errand: Errand | None) -> str | None:
    """Return where another way can be chosen, if there is a choice."""
    if errand is None or errand.purpose != "sign_in":
        return None
    transaction = step.transaction.id
    if errand.is_first:
        return url_for("login.show", transaction=transaction)
    return url_for("ways.show", transaction=transaction, list=1)


def _laid(step: Step) -> Errand | None:
    """Return the errand that was laid, unless its citizen has signed in since."""
    errand = chip_sessions.find_errand(step.visit.provider, step.transaction.id)
    if errand and errand.is_first and errand.purpose == "sign_in":
        return errand if _is_anew(step) else None
    return errand


def _is_anew(step: Step) -> bool:
    return step.transaction.step in _ANEW or step.visit.signed_in() is None


def _of_session(step: Step) -> Errand | None:
    """Return the errand of a further proof, by the card that is enrolled."""
    provider, signed_in = step.visit.provider, step.visit.signed_in()
    if signed_in is None or chip.KIND not in signed_in.account.factors:
        return None
    account_id = signed_in.account.id
    with provider.database.read() as connection:
        cards = chip.list_cards(connection, provider.sealer, account_id)
        number = identifiers.current_number(connection, provider.sealer, account_id)
    if not cards:
        return None
    return Errand(
        transaction=step.transaction.id,
        browser=step.transaction.browser,
        account_id=account_id,
        subject=identifiers.number_index(provider.sealer, number).hex(),
        device=_device(step, account_id),
        access=cards[0].access,
        client_id=_client_id(step),
    )


def _device(step: Step, account_id: UUID) -> str | None:
    with step.visit.provider.database.read() as connection:
        return devices.find_known(
            connection, step.visit.device, account_id, now=step.visit.now
        )


def _client_id(step: Step) -> str:
    return step.transaction.request.client_id if step.transaction.request else ""


def _is_recovery(step: Step) -> bool:
    path = step.transaction.return_path or ""
    return request.args.get("purpose") == "recover" and path.startswith(_WAY_BACK)
