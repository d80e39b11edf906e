"""How the service is, for those who look after it; looking changes nothing."""

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from idp import vitals
from idp.vitals import Vital
from idp.web.language import gettext, phrase
from idp.web.staff import access, frame, key_texts

blueprint = Blueprint("staff_health", __name__)

ROLES = ("security", "auditor", "administrator", "leader")
NAMES = {
    "version": phrase("Version"),
    "database": phrase("Database"),
    "schema": phrase("Schema of the database"),
    "clock": phrase("The database's clock against this machine's"),
    "registry": phrase("Population registry"),
    "restored": phrase(
        "Restored from an archive: kill again the signing keys killed after it"
    ),
}
PARTS = {
    "ready": phrase("What a sign-in needs"),
    "key": phrase("Signing keys"),
    "outbox": phrase("Messages that portals have not taken yet"),
    "partner": phrase("Partners"),
}
OF = {
    "database": phrase("Database"),
    "ephemeral": phrase("Short-lived store"),
    "keys": phrase("Signing with every key"),
    "disk": phrase("Room on the disk"),
    "logout": phrase("Sign-outs"),
    "signal": phrase("Security events"),
    "sms": phrase("Text messages"),
    "mail": phrase("E-mail"),
    "carrier": phrase("Phone carrier"),
    "face": phrase("Face match"),
    "card_database": phrase("Card database"),
    "organisations": phrase("Register of organisations"),
}
# What stands in for a partner, as the settings call it.
KINDS = {
    "sandbox": phrase("simulated (sandbox)"),
    "embedded": phrase("built in, invented people (embedded)"),
    "none": phrase("not used (none)"),
}


@blueprint.get("/staff/health")
def show() -> ResponseReturnValue:
    """Show what was found just now, the worst first."""
    here, officer = access.enter(request.path, *ROLES)
    if isinstance(officer, Response):
        return officer
    found = list(vitals.look(here.provider, now=here.now))
    parts = {name: [one for one in found if one.name == name] for name in PARTS}
    return frame.page(
        here,
        officer,
        "health",
        gettext("Health"),
        wrong=sum(not one.is_good for one in found),
        facts=[_row(one, NAMES[one.name]) for one in found if one.name in NAMES],
        sections=[
            (gettext(PARTS[name]), [_row(one, OF.get(one.of, "")) for one in rows])
            for name, rows in parts.items()
            if rows
        ],
    )


def _row(one: Vital, label: str) -> dict[str, object]:
    told, value = gettext(label) if label else one.of, one.value
    if one.name == "key":
        told = key_texts.ring_called(one.of)
    value = gettext(KINDS[value]) if value in KINDS else value
    if one.name == "ready" and one.is_good:
        value = gettext("answered in %(time)s", time=value)
    if one.since is not None:
        value = gettext("signs since %(time)s", time=key_texts.moment(one.since))
    return {"label": told, "value": value, "is_good": one.is_good}
