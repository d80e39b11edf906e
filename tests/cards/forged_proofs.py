"""Chips that are not the one whose keys the state signed, and lines that spoil."""

from dataclasses import replace

from clients.reader.virtual import personaliser
from clients.reader.virtual.card import Keys
from clients.reader.virtual.profiles import Profile
from tests.cards import forged_chips
from tests.cards.people import QUICK
from tests.cards.reading import read
from tests.cards.workshop import Altered, workshop

SIGNATURE_ONLY = replace(QUICK, agreement=None)
RSA_ONLY = Profile(agreement=None, portrait=False)
AGREEMENT_ONLY = replace(QUICK, active=None)
UNPROVEN = replace(QUICK, active=None, agreement=None)


def own_signature_key() -> Altered:
    """Put another citizen's files on a chip with an own key, and that key in DG15."""
    shop, own = workshop(SIGNATURE_ONLY), workshop(SIGNATURE_ONLY)
    files = shop.files | {15: own.files[15]}
    card = shop.card(files=files, sod=shop.sod(), keys=own.keys)
    return shop.refused(card, "dg_changed")


def own_agreement_key() -> Altered:
    """Do the same with DG14."""
    shop, own = workshop(AGREEMENT_ONLY), workshop(AGREEMENT_ONLY)
    files = shop.files | {14: own.files[14]}
    card = shop.card(files=files, sod=shop.sod(), keys=own.keys)
    return shop.refused(card, "dg_changed")


def copied(profile: Profile, reason: str) -> Altered:
    """Copy all files to a chip that has keys, but not these."""
    shop = workshop(profile)
    keys = personaliser.generate_keys(profile)
    return shop.refused(shop.card(keys=keys), reason)


def copied_without_keys(profile: Profile, reason: str) -> Altered:
    """Copy all files to a chip that has no keys."""
    shop = workshop(profile)
    card = replace(shop.card(), keys=Keys(aa=None, ca=None))
    return shop.refused(card, reason)


def replayed(profile: Profile) -> Altered:
    """Answer with a signature that the true chip gave to another challenge."""
    shop = workshop(profile)
    honest = forged_chips.RecordingChip(shop.card())
    read(honest, shop.card().access)
    copy = replace(shop.card(), keys=Keys(aa=None, ca=None))
    chip = forged_chips.ReplayingChip(copy, honest.signatures[0])
    return shop.refused(copy, "aa_failed", chip=chip)


def unproven() -> Altered:
    """Bring a card that was issued without any key."""
    shop = workshop(UNPROVEN)
    return shop.refused(shop.card(), "no_authentication")


def der_signature() -> Altered:
    """Sign truly, but not in the form that the standard asks for."""
    shop = workshop(SIGNATURE_ONLY)
    card = shop.card()
    return shop.refused(card, "aa_failed", chip=forged_chips.DerChip(card))


def stubborn() -> Altered:
    """Say yes to Chip Authentication, but go on under the old keys."""
    shop = workshop(AGREEMENT_ONLY)
    card = shop.card()
    return shop.refused(card, "ca_failed", chip=forged_chips.StubbornChip(card))


def spoiled(spoil: forged_chips.Spoil, at: int) -> Altered:
    """Spoil one protected answer, counted from the first or, below 0, the last."""
    shop = workshop()
    card = shop.card()
    if at < 0:
        untouched = forged_chips.SpoiledLine(card, spoil, at=-1)
        read(untouched, card.access)
        at += untouched.count
    chip = forged_chips.SpoiledLine(card, spoil, at=at)
    return shop.refused(card, "secure_messaging", chip=chip)


def flipped(place: int) -> forged_chips.Spoil:
    """Return what flips a bit at one place."""

    def spoil(answer: bytes, _: list[bytes]) -> bytes:
        spoiled = bytearray(answer)
        spoiled[place] ^= 1
        return bytes(spoiled)

    return spoil


FRAMING: dict[str, forged_chips.Spoil] = {
    "a flipped bit of data": flipped(5),
    "a flipped bit of the code": flipped(-4),
    "another status outside": flipped(-1),
    "no protection": lambda _answer, _all: b"\x90\x00",
    "data without protection": lambda _answer, _all: b"\x60\x14\x5f\x01\x90\x00",
    "an earlier answer again": lambda _answer, answers: answers[0],
    "an answer cut short": lambda answer, _all: answer[4:],
    "an answer twice as long": lambda answer, _all: answer[:-2] + answer,
    "a code that is missing": lambda answer, _all: answer[:-12] + answer[-2:],
}
