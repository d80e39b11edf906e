"""The desk's findings in words: comparisons, checks, reasons, and a draft's content."""

from datetime import datetime, timedelta
from typing import Any

from idp.accounts.contacts import mask_email, mask_phone
from idp.enrolment.in_person_draft import Draft
from idp.web import claim_texts, presentation
from idp.web.language import gettext, phrase

# What stands against enrolling somebody at this desk, and its code.
OBSTACLES = {
    "dead": "DD-DESK-004",
    "number_cancelled": "DD-DESK-005",
    "card_revoked": "DD-DESK-006",
    "card_held": "DD-DESK-007",
    "card_expired": "DD-DESK-008",
    "card_replaced": "DD-DESK-009",
    "other_path": "DD-DESK-010",
    "too_young": "DD-DESK-011",
    "own_case": "DD-DESK-012",
    "has_level": "DD-DESK-013",
    "application_open": "DD-DESK-014",
    "account_locked": "DD-DESK-015",
}
FACES = {
    "match": phrase("The photo shows the same person."),
    "officer": phrase("You have seen that it is the same person."),
    "no_match": phrase("The photo was not recognised."),
}
FINGERS = {
    "match": phrase("The fingerprints are this person's."),
    "no_match": phrase("The fingerprints are not this person's."),
    "not_held": phrase("No fingerprints of this person are held."),
    "not_taken": phrase("No fingerprints could be taken."),
}
_REASONS = {
    "no_chip": phrase("No chip was read."),
    "differs": phrase("The card differs from the registry."),
    "face": phrase("The photo was not recognised."),
    "fingers": phrase("The fingerprints were not confirmed."),
    "registry_stale": phrase("The registry's answer is an earlier one."),
    "phone_owner": phrase("Nobody could say in whose name the phone is."),
}
_FIELDS = {
    "number": phrase("Personal number"),
    "name": phrase("Name"),
    "birth_date": phrase("Birth date"),
    "gender": phrase("Sex"),
    "nationality": phrase("Nationality"),
    "issued_on": phrase("Issued on"),
    "expires_on": phrase("Valid until"),
}
_CHECKS = {
    "passive_authentication": phrase(
        "The state's signature over the card's data holds."
    ),
    "chip_authentication": phrase("The chip proved its key: it is no copy."),
    "active_authentication": phrase(
        "The chip has signed our challenge: it is no copy."
    ),
}
_RELATIONS = {
    "father": phrase("father"),
    "mother": phrase("mother"),
    "guardian": phrase("guardian"),
}
_KINDS = {
    "level2": phrase("Level 2"),
    "level2_no_card": phrase("Level 2, without a valid card"),
    "level2_upgrade": phrase("Level 2 instead of level 1"),
    "level2_child": phrase("Level 2, with a representative"),
    "level2_foreigner": phrase("Level 2, foreigner"),
    "level2_foreigner_unknown": phrase("Level 2, foreigner"),
}
_GENDERS = {"male": phrase("Male"), "female": phrase("Female")}
_PAPERS = {
    "passport": phrase("Passport"),
    "residence_card": phrase("Residence card"),
}


def compared(draft: Draft) -> list[dict[str, Any]]:
    """Return card and registry side by side, as a table shows them."""
    return [
        {
            "field": gettext(_FIELDS[row.field]),
            "card": _value(row.field, row.card),
            "registry": _value(row.field, row.registry),
            "agrees": row.agrees,
        }
        for row in draft.compared
    ]


def person(draft: Draft) -> list[tuple[str, str]]:
    """Return who it is by the registry."""
    who = draft.person
    if who is None:
        return []
    values = {
        "name": who.full_name,
        "number": who.number,
        "birth_date": who.birth_date,
        "gender": who.gender,
        "nationality": who.nationality,
    }
    return [
        (gettext(_FIELDS[name]), _value(name, value)) for name, value in values.items()
    ]


def checks(draft: Draft) -> list[str]:
    """Return the checks that the chip has passed."""
    passed = draft.card["checks"] if draft.card else []
    return [gettext(_CHECKS[name]) for name in passed if name in _CHECKS]


def reasons(names: tuple[str, ...]) -> list[str]:
    """Return why another officer decides."""
    return [gettext(_REASONS[name]) for name in names]


def representative(name: str, relation: str) -> str:
    """Return who answers for somebody."""
    return f"{name} ({gettext(_RELATIONS.get(relation, relation))})"


def kind(name: str) -> str:
    """Return what was applied for."""
    return gettext(_KINDS[name])


def facts(draft: Draft) -> list[tuple[str, str]]:
    """Return all that was gathered, line by line."""
    known = draft.representative
    lines = person(draft)
    if known:
        who = representative(known["name"], known["relation"])
        lines.append((gettext("Representative"), who))
    if draft.papers:
        shown = _PAPERS[draft.papers["type"]]
        kind = gettext(shown)
        lines.append((gettext("Paper shown"), f"{kind} {draft.papers['number']}"))
    return [
        *lines,
        (gettext("Face"), gettext(FACES[draft.face])),
        (gettext("Fingerprints"), gettext(FINGERS[draft.fingers])),
        (gettext("Phone"), mask_phone(draft.phone) if draft.phone else "–"),
        (gettext("E-mail"), mask_email(draft.email) if draft.email else "–"),
    ]


def last_day(due_at: datetime) -> str:
    """Return the last day of a term, with its weekday: it ends at 24:00."""
    day = (due_at - timedelta(seconds=1)).astimezone(presentation.VIETNAM)
    return f"{_weekday(day)}, {presentation.date_text(day)}"


def _weekday(day: datetime) -> str:
    names = (
        gettext("Monday"),
        gettext("Tuesday"),
        gettext("Wednesday"),
        gettext("Thursday"),
        gettext("Friday"),
        gettext("Saturday"),
        gettext("Sunday"),
    )
    return names[day.weekday()]


def _value(field: str, value: str) -> str:
    if not value:
        return gettext("none") if field == "expires_on" else "–"
    if field == "number":
        return presentation.number_text(value)
    if field == "gender":
        return gettext(_GENDERS.get(value, value))
    if field == "nationality":
        return claim_texts.country(value)
    if field in ("birth_date", "issued_on", "expires_on"):
        return presentation.date_text(value)
    return value
