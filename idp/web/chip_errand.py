"""What a card is to be read for: settled by us before the reader is asked.

Where nobody is signed in, the citizen types the number first. Whoever has no account or
no card gets a key that opens no card, and everything else goes on as for everyone.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from flask import request, url_for

from idp.accounts import identifiers
from idp.authentication.session import SignedIn
from idp.factors import chip, chip_sessions, devices
from idp.factors.chip_card import access_key, decoy_key
from idp.factors.chip_sessions import Errand
from idp.web.visit import Step

# Reasons for which somebody else than the one who is signed in may be meant.
_ANEW = frozenset({"account_mismatch", "account_selection"})
_WAY_BACK = "/way-back"


@dataclass(frozen=True, slots=True)
class Look:
    """What a transaction wants a card read for; nothing if both are empty."""

    needs_number: bool = False
    errand: Errand | None = None


def look(step: Step) -> Look:
    """Return what a card is to be read for, or that its number must be asked first."""
    errand = chip_sessions.find_errand(step.visit.provider, step.transaction.id)
    signed_in = step.visit.signed_in()
    is_anew = signed_in is None or step.transaction.step in _ANEW
    if errand and errand.is_first and errand.purpose == "sign_in" and not is_anew:
        errand = None  # its citizen has signed in since, in another way
    if errand is None and (is_anew or _is_recovery(step)):
        return Look(needs_number=True)
    if errand is None and signed_in is not None:
        errand = _of_session(step, signed_in)
    if errand is None:
        return Look()
    asker = step.asker
    portal = {"name": asker.name, "domain": asker.domain} if asker else None
    return Look(errand=replace(errand, portal=portal, source=step.visit.source))


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


def others(step: Step, errand: Errand) -> str | None:
    """Return where another way can be chosen, if there is a choice."""
    if errand.purpose != "sign_in":
        return None
    transaction = step.transaction.id
    if errand.is_first:
        return url_for("login.show", transaction=transaction)
    return url_for("ways.show", transaction=transaction, list=1)


def _of_session(step: Step, signed_in: SignedIn) -> Errand | None:
    """Return the errand of a further proof, by the card that is enrolled."""
    provider, account_id = step.visit.provider, signed_in.account.id
    if chip.KIND not in signed_in.account.factors:
        return None
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
