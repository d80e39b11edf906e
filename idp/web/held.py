"""Everything that is held about a citizen, with source and date."""

from datetime import datetime
from typing import Any
from uuid import UUID

from idp.accounts import identity
from idp.accounts.identity import Identity
from idp.claims.catalogue import CLAIMS
from idp.claims.person import PersonReader
from idp.provider import Provider
from idp.web import claim_texts, presentation
from idp.web.claim_texts import Line
from idp.web.language import gettext, phrase

_DOCUMENT_TYPES = {
    "can_cuoc": phrase("Identity card"),
    "cccd": phrase("Citizen card"),
    "passport": phrase("Passport"),
    "residence_card": phrase("Residence card"),
}


def groups(
    provider: Provider, account_id: UUID, *, now: datetime
) -> list[dict[str, Any]]:
    """Return claims by group, then what is held beside them."""
    reader = PersonReader.of(provider)
    person = reader.read(account_id, frozenset(CLAIMS), now)
    missed = {name: None for name in CLAIMS if person.misses(name)}
    with provider.database.read() as connection:
        who = identity.read_identity(connection, provider.sealer, account_id)
    shown = []
    for title, scopes in claim_texts.GROUPS.items():
        entries = [
            {
                "label": claim_texts.label(name),
                "lines": claim_texts.told(name, value, person),
                "source": " · ".join(
                    (
                        claim_texts.source(name, value, person.proofed_on),
                        *claim_texts.staleness(name, person),
                    )
                ),
            }
            for name, value in {**person.values, **missed}.items()
            if CLAIMS[name].scope in scopes and CLAIMS[name].companion_of is None
        ]
        if entries:
            shown.append({"title": gettext(title), "entries": entries})
    others = _others(who)
    if others:
        shown.append({"title": gettext("What else is held"), "entries": others})
    return shown


def _others(who: Identity) -> list[dict[str, Any]]:
    checked = who.proofed_on and gettext(
        "checked on %(date)s", date=presentation.date_text(who.proofed_on)
    )
    values = {
        gettext("Nationality"): claim_texts.country(who.nationality),
        gettext("Ethnic group"): who.ethnicity,
        gettext("Place of birth"): who.birth_place,
        gettext("Place of origin"): who.origin,
    }
    entries = [
        {"label": label, "lines": [Line(value)], "source": checked}
        for label, value in values.items()
        if value
    ]
    if who.document:
        paper = who.document
        kind = gettext(_DOCUMENT_TYPES.get(paper.type, "Identity card"))
        issued = presentation.date_text(paper.issued_on)
        details = [
            gettext(
                "issued on %(date)s by %(issuer)s", date=issued, issuer=paper.issuer
            )
        ]
        if paper.expires_on:
            expiry = presentation.date_text(paper.expires_on)
            details.append(gettext("valid until %(date)s", date=expiry))
        lines = [
            Line(f"{kind} {presentation.number_text(paper.number)}"),
            Line(" · ".join(details), is_detail=True),
        ]
        entries.append(
            {"label": gettext("Paper shown"), "lines": lines, "source": checked}
        )
    return entries
