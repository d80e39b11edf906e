"""An officer's look at one's data, as the citizen reads it: which unit, and why."""

from uuid import UUID

from idp.audit.log import AuditEntry
from idp.staff import units
from idp.web.language import gettext, phrase
from idp.web.visit import Visit

TEXT = phrase("%(unit)s looked at your data: %(purpose)s")
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
}


def text(here: Visit, entry: AuditEntry) -> str:
    """Return the sentence for one look-up."""
    unit_id = UUID(entry.data["unit_id"])
    with here.provider.database.read() as connection:
        names = units.unit_names(connection, [unit_id])
    purpose = PURPOSES.get(entry.data["purpose"])
    return gettext(
        TEXT,
        unit=names.get(unit_id, ""),
        purpose=gettext(purpose) if purpose else "",
    )
