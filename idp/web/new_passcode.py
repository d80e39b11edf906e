"""Choosing a new passcode: on the citizen's own page, and at activation."""

from uuid import UUID

from idp.accounts import contacts, identifiers, identity
from idp.factors import passcode_rules
from idp.provider import Provider
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice

FIELDS = ("passcode", "again")
_CODES = {
    "form": "DD-AUTH-045",
    "trivial": "DD-AUTH-046",
    "personal": "DD-AUTH-047",
}
_MEND = phrase("Choose other digits")


def problem_of(
    provider: Provider, account_id: UUID, typed: dict[str, str]
) -> Problem | None:
    """Return what is wrong with a new passcode, typed twice, for this account."""
    if not typed["passcode"]:
        return notice("DD-AUTH-006").at("passcode", gettext("Type 6 digits"))
    fault = passcode_rules.fault(typed["passcode"], about=_about(provider, account_id))
    if fault:
        return notice(_CODES[fault]).at("passcode", gettext(_MEND))
    if typed["again"] != typed["passcode"]:
        mend = gettext("Type the same digits a second time")
        return notice("DD-AUTH-048").at("again", mend)
    return None


def _about(provider: Provider, account_id: UUID) -> list[str]:
    sealer = provider.sealer
    with provider.database.read() as connection:
        who = identity.read_identity(connection, sealer, account_id)
        number = identifiers.current_number(connection, sealer, account_id)
        known = contacts.read_contacts(connection, sealer, account_id)
    return [number, who.birth_date, known.phone or ""]
