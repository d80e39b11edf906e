"""Files and lists of digests that are not what the state signed, or not of one card."""

from dataclasses import replace
from datetime import date

from clients.reader.virtual.personaliser import ChipKeys
from tests.cards.people import AN, DAO, QUICK
from tests.cards.workshop import Altered, workshop


def changed_group(number: int) -> Altered:
    """Put another citizen's data group in the place of this card's."""
    shop = workshop(replace(QUICK, portrait=True))
    other = workshop(shop.profile, DAO)
    files = shop.files | {number: other.files[number]}
    card = shop.card(files=files, sod=shop.sod())
    # The chip has no key for another DG14: that shows before EF.SOD is compared.
    reason = "ca_failed" if number == 14 else "dg_changed"
    return shop.refused(card, reason, reads_portrait=number == 2)


def unlisted(*numbers: int) -> Altered:
    """Add data groups that the state did not sign to those that it did."""
    shop = workshop()
    listed = {at: file for at, file in shop.files.items() if at not in numbers}
    return shop.refused(shop.card(sod=shop.sod(listed)), "dg_unlisted")


def missing(*numbers: int, reason: str = "dg_missing") -> Altered:
    """Leave out what the state signed, on the card and in EF.COM."""
    shop = workshop()
    kept = {at: file for at, file in shop.files.items() if at not in numbers}
    keys = ChipKeys(
        active=None if 15 in numbers else shop.keys.active,
        agreement=None if 14 in numbers else shop.keys.agreement,
    )
    return shop.refused(shop.card(files=kept, sod=shop.sod(), keys=keys), reason)


def another_sod() -> Altered:
    """Put the good EF.SOD of another citizen beside the files."""
    shop = workshop()
    other = workshop(by=shop.authority, person=DAO)
    return shop.refused(shop.card(sod=other.sod()), "dg_changed")


def another_holder() -> Altered:
    """Have the state sign the zone of one citizen and the details of another."""
    shop = workshop()
    other = workshop(person=DAO)
    files = shop.files | {13: other.files[13]}
    return shop.refused(shop.card(files=files, sod=shop.sod(files)), "mixed_holder")


def duplicate_digest() -> Altered:
    """Have two digests of DG1 signed, so that either file would do."""
    shop = workshop()
    sod = shop.sod(hashed=(*shop.digests(), (1, bytes(32))))
    return shop.refused(shop.card(sod=sod), "dg_duplicate")


def signed_by_nobody() -> Altered:
    """Flip the last bit of the signature."""
    shop = workshop()
    sod = shop.sod()
    return shop.refused(
        shop.card(sod=sod[:-1] + bytes((sod[-1] ^ 1,))), "sod_signature"
    )


def other_content() -> Altered:
    """Keep the signature of one list of digests and put another list before it."""
    shop = workshop()
    files = shop.files | {1: workshop(person=DAO).files[1]}
    true, false = shop.digests()[0][1], shop.digests(files)[0][1]
    sod = shop.sod().replace(true, false, 1)
    return shop.refused(shop.card(files=files, sod=sod), "sod_signature")


def expired_card() -> Altered:
    """Bring a good card two days too late."""
    person = replace(AN, expires_on=date(2026, 11, 20))
    shop = workshop(person=person)
    return shop.refused(shop.card(), "card_expired")


def weak_hash() -> Altered:
    """Bring a card that is signed with SHA-1."""
    shop = workshop(replace(QUICK, digest="sha1"))
    return shop.refused(shop.card(), "weak_algorithm")
