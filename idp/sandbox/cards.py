"""The chip cards of the synthetic citizens: what a demo issuer writes on them.

The cards themselves, with their keys, are made outside the provider; it only ever sees
their public files.
"""

import json
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from idp.accounts.identifiers import find_account_id
from idp.emrtd.errors import EmrtdError
from idp.errors import ConfigError
from idp.factors import chip, chip_trust
from idp.factors.chip_evidence import Judge, read_files
from idp.sandbox.citizens import Citizen, all_citizens
from idp.sandbox.loader import Wiring, require_sandbox
from idp.sandbox.newcomer_cards import newcomer_cards

SUFFIX = ".card.json"
_FILES = (1, 13, 14, 15)


def card_data(wiring: Wiring) -> list[dict[str, Any]]:
    """Return what is written on the card of every citizen who has one, then newcomers'.

    Newcomers have no account: their cards are for an officer's desk.
    """
    require_sandbox(wiring.config)
    citizens = [
        _data(citizen)
        for citizen in all_citizens()
        if citizen.account.identity.document
        and citizen.account.identity.document.type == "can_cuoc"
    ]
    return citizens + newcomer_cards(wiring.config)


def enrolled_numbers() -> frozenset[str]:
    """Return whose card is a factor from the start; the others may add theirs."""
    citizens = (citizen for citizen in all_citizens() if citizen.has_chip)
    return frozenset(citizen.account.number for citizen in citizens)


def enrol_cards(
    wiring: Wiring,
    folder: Path,
    *,
    now: datetime,
    numbers: Collection[str] | None = None,
) -> int:
    """Enrol the cards in a folder, of `numbers` only if given; return how many.

    Only what the issuer signed is believed, as on any card; that a chip answers is not
    asked here, since none is at hand. Whoever has a card enrolled keeps it.
    """
    require_sandbox(wiring.config)
    chip_config, enrolled = wiring.config.chip, 0
    judge = Judge(
        chip_trust.load(wiring.database, chip_config.issuer_country),
        chip_config.issuer_country,
        chip_config.allow_sha1,
    )
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        if numbers is not None and path.name.removesuffix(SUFFIX) not in numbers:
            continue
        files, sod = _public_files(path)
        try:
            card = read_files(files, sod, judge, now=now)
        except EmrtdError as error:
            raise ConfigError(f"{path.name} is not believed: {error}") from error
        with wiring.database.transaction() as session:
            account_id = find_account_id(session, wiring.sealer, card.number or "")
            if account_id is None or chip.list_cards(
                session, wiring.sealer, account_id
            ):
                continue
            chip.enrol(session, wiring.audit, wiring.sealer, account_id, card, now=now)
            enrolled += 1
    return enrolled


def _data(citizen: Citizen) -> dict[str, Any]:
    who, document = citizen.account.identity, citizen.account.identity.document
    if document is None:
        raise ConfigError("this citizen has no card")
    stays = citizen.record.residence
    residence = stays.permanent if stays else None
    return {
        "personal_number": citizen.account.number,
        "family_name": who.family_name,
        "middle_name": who.middle_name,
        "given_name": who.given_name,
        "birth_date": who.birth_date,
        "gender": who.gender,
        "nationality": who.nationality,
        "issued_on": document.issued_on,
        "expires_on": document.expires_on,
        "residence": residence.address.text if residence else "",
        "place_of_origin": who.origin or who.birth_place or "",
    }


def _public_files(path: Path) -> tuple[dict[int, bytes], bytes]:
    """Return a card's files that the provider may see; its keys stay where they are."""
    files = json.loads(path.read_text(encoding="utf-8"))["files"]
    groups = {
        number: bytes.fromhex(files[str(number)])
        for number in _FILES
        if str(number) in files
    }
    return groups, bytes.fromhex(files["sod"])
