"""Choosing a new password: on the citizen's own page, and after a way back in."""

from uuid import UUID

from idp.accounts import contacts, identifiers, identity
from idp.accounts.contacts import Contacts
from idp.authentication import sign_in
from idp.authentication.session import Session
from idp.factors import notices, password_rules
from idp.factors import password as passwords
from idp.factors.notice_texts import What
from idp.factors.password_rules import Strength
from idp.provider import Provider
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

FIELDS = ("password", "again")
_CODES = {
    "short": "DD-AUTH-041",
    "long": "DD-AUTH-041",
    "personal": "DD-AUTH-042",
    "guessable": "DD-AUTH-043",
}
_STRENGTHS = {
    "very_weak": phrase("very weak"),
    "weak": phrase("weak"),
    "fair": phrase("not strong enough"),
    "good": phrase("good"),
    "strong": phrase("strong"),
}
_MEND = phrase("Strength of this password: %(strength)s. Choose another")


def problem_of(
    provider: Provider, account_id: UUID, typed: dict[str, str]
) -> Problem | None:
    """Return what is wrong with a new password, typed twice, for this account."""
    if not typed["password"]:
        return notice("DD-AUTH-006").at("password", gettext("Type a new password"))
    about = _about(provider, account_id)
    weakness = password_rules.weakness(typed["password"], about=about)
    if weakness == "guessable":
        strength = password_rules.strength(typed["password"], about=about)
        mend = gettext(_MEND, strength=strength_text(strength))
        return notice(_CODES[weakness]).at("password", mend)
    if weakness:
        mend = gettext("Choose another password")
        return notice(_CODES[weakness]).at("password", mend)
    if typed["again"] != typed["password"]:
        return notice("DD-AUTH-044").at(
            "again", gettext("Type the same password a second time")
        )
    return None


def strength_of(provider: Provider, account_id: UUID, password: str) -> Strength:
    """Return how long a password of this account holds, for its owner to read."""
    return password_rules.strength(password, about=_about(provider, account_id))


def strength_text(strength: str) -> str:
    """Return a strength in words."""
    return gettext(_STRENGTHS[strength])


def set_password(
    here: Visit,
    account_id: UUID,
    password: str,
    *,
    what: What,
    but: Session | None = None,
) -> None:
    """Store the password, end the account's sessions (but one), tell its contacts.

    What portals were allowed stays: that is a permission, seen and withdrawn elsewhere.
    """
    provider = here.provider
    password_hash = provider.passwords.hash(password)
    with provider.database.transaction() as database:
        known = contacts.read_contacts(database, provider.sealer, account_id)
        passwords.set_password(
            database, provider.audit, account_id, password_hash, now=here.now
        )
        sign_in.sign_out_everywhere(
            provider, database, account_id, reason=what, now=here.now, but=but
        )
    notices.warn(provider, known, what, here.now)


def _about(provider: Provider, account_id: UUID) -> list[str]:
    """Return what a stranger could know of the account's holder."""
    sealer = provider.sealer
    with provider.database.read() as connection:
        who = identity.read_identity(connection, sealer, account_id)
        number = identifiers.current_number(connection, sealer, account_id)
        known = contacts.read_contacts(connection, sealer, account_id)
    names = [who.full_name, f"{who.given_name}{who.family_name}"]
    return [number, *names, *_dates(who.birth_date), *_addresses(known)]


def _dates(birth_date: str) -> list[str]:
    parts = birth_date.split("-")
    if len(parts) == 1:
        return []  # a year alone stands in too many good passwords
    year, month, day = parts
    return [f"{year}{month}{day}", f"{day}{month}{year}", f"{day}{month}{year[2:]}"]


def _addresses(known: Contacts) -> list[str]:
    local = known.email.partition("@")[0] if known.email else ""
    phone = known.phone.removeprefix("+84") if known.phone else ""
    return [local, phone]
