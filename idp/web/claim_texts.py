"""Claims in words: the value of each, line by line, its source, and its group."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from babel import Locale

from idp.claims.catalogue import CLAIMS, SOURCES
from idp.claims.person import Person
from idp.registry.person import RELATIONS
from idp.web import language, presentation
from idp.web.language import gettext, phrase

GROUPS = {
    phrase("Who you are"): ("personal_number", "profile"),
    phrase("How to reach you"): ("phone", "email"),
    phrase("Where you live"): ("residence", "address"),
    phrase("Your household"): ("household",),
    phrase("The organisation"): ("organisation",),
}
_STAYS = {
    "permanent": phrase("Permanent residence"),
    "temporary": phrase("Temporary residence"),
    "present": phrase("Present residence"),
}
_ROLES = {
    "legal_representative": phrase("You act as its legal representative"),
    "authorised_person": phrase("You act as an authorised person"),
}
_GENDERS = {"male": phrase("Male"), "female": phrase("Female")}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a value; a detail is shown smaller."""

    text: str
    is_detail: bool = False


def label(claim: str) -> str:
    """Return a claim's name in the language of the page."""
    return CLAIMS[claim].label.in_language(language.current())


def labels(claims: Iterable[str]) -> str:
    """Return the names of claims, without what only describes another."""
    shown = set(claims)
    return ", ".join(
        label(name)
        for name, claim in CLAIMS.items()
        if name in shown and claim.companion_of not in shown
    )


def lines(claim: str, value: Any) -> list[Line]:
    """Return a claim's value as a reader sees it, one line a part."""
    if value is None:
        return [Line(gettext("Nothing is held."), is_detail=True)]
    return _LINES.get(claim, _plain)(value)


def told(claim: str, value: Any, person: Person) -> list[Line]:
    """Return a claim's lines, or that the registry cannot tell them now."""
    if value is None and person.misses(claim):
        text = gettext("The population registry gives no answer just now.")
        return [Line(text, is_detail=True)]
    return lines(claim, value)


def staleness(claim: str, person: Person) -> list[str]:
    """Return that the value is what the registry told last, if it is."""
    if not person.is_stale(claim):
        return []
    return [
        gettext(
            "The population registry gives no answer just now: this is what it told "
            "last."
        )
    ]


def source(claim: str, value: Any, proofed_on: str | None) -> str:
    """Return where the value comes from, and as of when."""
    origin = CLAIMS[claim].source
    text = SOURCES[origin].in_language(language.current())
    as_of = value.get("as_of") if isinstance(value, dict) else None
    if as_of is None and origin == "population":
        as_of = proofed_on
    return f"{text}, {presentation.date_text(as_of)}" if as_of else text


def country(code: str) -> str:
    """Return a country's name (ISO 3166-1 alpha-2) in the language of the page."""
    return str(Locale(language.current()).territories.get(code, code))


def _plain(value: Any) -> list[Line]:
    return [Line(str(value))]


def _birthdate(value: Any) -> list[Line]:
    if len(value) == len("YYYY"):
        return [Line(gettext("%(year)s (only the year is known)", year=value))]
    return [Line(presentation.date_text(value))]


def _residence(value: Mapping[str, Any]) -> list[Line]:
    shown = []
    for kind, title in _STAYS.items():
        stay = value.get(kind)
        if not stay:
            continue
        shown.append(Line(f"{gettext(title)}: {stay['text']}"))
        shown.append(Line(" · ".join(_stay_details(stay)), is_detail=True))
    return shown


def _stay_details(stay: Mapping[str, Any]) -> list[str]:
    details = [
        gettext(
            "codes %(province)s, %(commune)s",
            province=stay.get("province_code", "–"),
            commune=stay.get("commune_code", "–"),
        )
    ]
    if stay.get("legacy_district"):
        old = stay["legacy_district"]
        details.append(gettext("before 1 July 2025: %(district)s", district=old))
    if stay.get("since"):
        since = presentation.date_text(stay["since"])
        details.append(gettext("since %(date)s", date=since))
    if stay.get("until"):
        until = presentation.date_text(stay["until"])
        details.append(gettext("until %(date)s", date=until))
    return details


def _household(value: Mapping[str, Any]) -> list[Line]:
    relation, head = _relation(value), value["head"]
    shown = [
        Line(gettext("Your relation to the head: %(relation)s", relation=relation))
    ]
    if not head["is_self"]:
        shown.append(Line(gettext("Head of household: %(name)s", name=head["name"])))
    return shown


def _members(value: list[Mapping[str, Any]]) -> list[Line]:
    shown = []
    for member in value:
        parts = (member["name"], _relation(member), member.get("personal_number"))
        shown.append(Line(" · ".join(part for part in parts if part)))
    return shown or [Line(gettext("Nobody else."))]


def _organisation(value: Mapping[str, Any]) -> list[Line]:
    code = gettext("Tax code %(code)s", code=value["tax_code"])
    role = _ROLES[value["role"]]
    return [
        Line(str(value["name"])),
        Line(code, is_detail=True),
        Line(gettext(role), is_detail=True),
    ]


def _relation(value: Mapping[str, Any]) -> str:
    vietnamese, english = RELATIONS[value["relation"]]
    return vietnamese if language.current() == "vi" else english


_LINES: dict[str, Callable[[Any], list[Line]]] = {
    "personal_number": lambda value: [Line(presentation.number_text(value))],
    "birthdate": _birthdate,
    "phone_number": lambda value: [Line(presentation.phone_text(value))],
    "gender": lambda value: [Line(gettext(_GENDERS.get(value, value)))],
    "residence": _residence,
    "address": lambda value: [Line(value["formatted"])],
    "household": _household,
    "household.members": _members,
    "organisation": _organisation,
}
