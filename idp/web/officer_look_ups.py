"""What an officer looked at or ended, as the citizen reads it: which unit, and why."""

from uuid import UUID

from idp.audit.log import AuditEntry
from idp.staff import units
from idp.web.language import gettext, phrase
from idp.web.visit import Visit

TYPES = ("OfficerLookedUp", "OfficerEnded", "AuditValuesOpened")
LOOKED = phrase("%(unit)s looked at your data: %(purpose)s")
OPENED = phrase("%(unit)s opened sealed values of your history")
ENDED = {
    "session": phrase("%(unit)s signed one of your places out"),
    "sessions": phrase("%(unit)s signed all your places out"),
    "grant": phrase("%(unit)s ended your permission for %(portal)s"),
}
PURPOSES = {
    "enrolment": phrase("applying for an account at the desk"),
    "review": phrase("deciding an application"),
    "activation": phrase("help with activation"),
    "hotline": phrase("your call to the hotline"),
    "lock": phrase("locking or unlocking the account"),
    "correction": phrase("correcting data"),
    "representation": phrase("representation"),
    "organisation": phrase("an organisation's account"),
    "security": phrase("a security case"),
    "complaint": phrase("a complaint"),
    "inspection": phrase("an inspection"),
}


def text(here: Visit, entry: AuditEntry, portal: str) -> str:
    """Return the sentence for one look-up, or for what an officer ended."""
    unit_id = UUID(entry.data["unit_id"])
    with here.provider.database.read() as connection:
        names = units.unit_names(connection, [unit_id])
    named, ended = (
        {"unit": names.get(unit_id, "")},
        ENDED.get(entry.data.get("what", "")),
    )
    if ended:
        said = gettext(ended, **named, portal=portal)
    elif entry.type == "AuditValuesOpened":
        said = gettext(OPENED, **named)
    else:
        purpose = PURPOSES.get(entry.data["purpose"])
        shown = gettext(purpose) if purpose else ""
        said = gettext(LOOKED, **named, purpose=shown)
    reason = (entry.personal or {}).get("reason")
    if reason:
        return gettext("%(what)s. Reason given: %(reason)s", what=said, reason=reason)
    return said
