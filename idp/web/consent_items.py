"""What a consent page shows of each value: name, lines, reason and source."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from idp.claims.person import Person
from idp.consent.policy import Item, Question
from idp.web import claim_texts, language
from idp.web.language import gettext


def groups(question: Question, person: Person) -> list[dict[str, Any]]:
    """Return what is asked, group by group, with the reason for each part."""
    found = []
    for title, scopes in claim_texts.GROUPS.items():
        items = [i for i in question.items if i.catalogue.scope in scopes]
        if items:
            bundles = _bundles([_entry(item, person) for item in items])
            found.append({"title": gettext(title), "bundles": bundles})
    return found


def places(details: Iterable[Mapping[str, Any]], issuer: str) -> list[str]:
    """Return where else the permission is used: the hosts that details name.

    Locations that have none (RFC 9396 §2.2 takes any URI) are shown whole.
    """
    found = [uri for item in details for uri in item.get("locations", ())]
    hosts = (urlsplit(uri).hostname or uri for uri in found if uri != issuer)
    return list(dict.fromkeys(hosts))


def _bundles(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join what is asked for one reason, so that the reason is read once."""
    bundles: list[dict[str, Any]] = []
    for entry in entries:
        last = bundles[-1] if bundles else None
        same = last and last["why"] == entry["why"] and not last["voluntary"]
        if last and same and not entry["voluntary"]:
            last["entries"].append(entry)
        else:
            bundles.append(
                {
                    "why": entry["why"],
                    "voluntary": entry["voluntary"],
                    "entries": [entry],
                }
            )
    return bundles


def _entry(item: Item, person: Person) -> dict[str, Any]:
    value = item.values.get(item.claim)
    return {
        "claim": item.claim,
        "label": claim_texts.label(item.claim),
        "lines": claim_texts.told(item.claim, value, person),
        "voluntary": item.voluntary,
        "ticked": item.ticked,
        "why": [
            *_why(item, claim_texts.source(item.claim, value, person.proofed_on)),
            *_later(item, value, person),
        ],
    }


def _later(item: Item, value: Any, person: Person) -> list[str]:
    """Return what a registry that is down means for the value that is shown."""
    if value is None and person.misses(item.claim):
        return [
            gettext(
                "Nothing is lost: if you allow it, the portal gets it once the "
                "registry answers."
            )
        ]
    return claim_texts.staleness(item.claim, person)


def _why(item: Item, source: str) -> list[str]:
    locale, basis = language.current(), item.purpose.legal_basis
    purpose = item.purpose.purpose.in_language(locale)
    why = [gettext("For: %(purpose)s", purpose=purpose)]
    why += [
        gettext("The portal adds: “%(purpose)s”", purpose=added)
        for added in item.asked_for
    ]
    if basis:
        why.append(gettext("Basis: %(basis)s", basis=basis.in_language(locale)))
    return [*why, gettext("Source: %(source)s", source=source)]
