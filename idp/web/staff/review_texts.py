"""Dossiers in words: kinds, states, reasons, and what was checked."""

from collections.abc import Iterator, Mapping
from typing import Any

from idp.web.language import gettext, phrase

KINDS = {
    "level1": phrase("Level 1"),
    "level1_child": phrase("Level 1, child"),
    "level1_foreigner": phrase("Level 1, foreigner"),
    "level2": phrase("Level 2"),
    "level2_no_card": phrase("Level 2, without a valid card"),
    "level2_upgrade": phrase("From level 1 to level 2"),
    "level2_child": phrase("Level 2, child"),
    "level2_foreigner": phrase("Level 2, foreigner"),
    "level2_foreigner_unknown": phrase("Level 2, foreigner without data held"),
    "organisation": phrase("Organisation"),
    "organisation_unknown": phrase("Organisation without data held"),
}
CHANNELS = {
    "online": phrase("online"),
    "representative": phrase("by a representative"),
    "desk": phrase("at a desk"),
    "import": phrase("imported"),
}
REFUSALS = {
    "registry_mismatch": phrase("The data differ from the population registry"),
    "phone_not_own": phrase("The phone is in another name"),
    "face_mismatch": phrase("The face does not match"),
    "document_invalid": phrase("The document is not valid"),
    "not_eligible": phrase("The law does not give this person such an account"),
    "other": phrase("Another reason"),
}
_FACTS = {
    "phone_own_name": phrase("Phone in one's own name"),
    "face": phrase("Face"),
    "fingers": phrase("Fingerprints"),
    "fingers_note": phrase("Note on the fingerprints"),
    "relation": phrase("Relation"),
    "in_register": phrase("In the register of organisations"),
    "checks": phrase("Checks of the card"),
    "doubts": phrase("To be decided"),
    "waits_for": phrase("To be decided"),
    "mismatches": phrase("Against it"),
}
_WORDS = {
    "match": phrase("matches"),
    "mismatch": phrase("does not match"),
    "no_match": phrase("does not match"),
    "doubtful": phrase("doubtful"),
    "officer": phrase("compared by the officer"),
    "not_held": phrase("not held by the registry"),
    "not_taken": phrase("not taken"),
    "unknown": phrase("the registry has nobody of this number, name and birth date"),
    "has_account": phrase("this person has an account"),
    "phone_taken": phrase("the phone belongs to another account"),
    "not_alive": phrase("dead, or the number is cancelled"),
    "no_card": phrase("no valid card"),
    "represented": phrase("a parent or guardian applies for this person"),
    "card": phrase("whether the card is valid"),
    "no_chip": phrase("no chip was read"),
    "differs": phrase("card and registry differ"),
    "registry_stale": phrase("the registry's answer is an earlier one"),
    "phone_owner": phrase("in whose name the phone is"),
    "face": phrase("the face"),
    "fingers": phrase("the fingerprints"),
    "passive_authentication": phrase("signature of the state"),
    "chip_authentication": phrase("chip is no copy"),
    "active_authentication": phrase("chip is no copy"),
}
_FIELDS = {
    "number": phrase("Personal number"),
    "name": phrase("Name"),
    "birth_date": phrase("Date of birth"),
    "gender": phrase("Gender"),
    "nationality": phrase("Nationality"),
    "issued_on": phrase("Issued"),
    "expires_on": phrase("Valid until"),
}


def facts(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return what was checked as labels and words; pictures and people stay out."""
    for name, value in evidence.items():
        if isinstance(value, Mapping) and name == "desk":
            yield from facts(value)
        elif name in _FACTS and value not in (None, [], ""):
            yield gettext(_FACTS[name]), _words(value)


def differences(evidence: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return where card and registry disagree, as the desk compared them."""
    compared = evidence.get("desk", {}).get("compared", [])
    return [
        {
            "field": gettext(_FIELDS.get(row["field"], row["field"])),
            "card": str(row["card"] or "–"),
            "registry": str(row["registry"] or "–"),
        }
        for row in compared
        if not row["agrees"]
    ]


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list | tuple):
        return ", ".join(_words(item) for item in value)
    word = _WORDS.get(str(value))
    return gettext(word) if word else str(value)
