"""The ways to sign in as their owner sees them: what, since when, last used, held."""

from flask import current_app, url_for

from idp.accounts import contacts
from idp.authentication.session import SignedIn
from idp.factors import enrolled
from idp.factors.enrolled import EnrolledFactor
from idp.factors.passkey_store import KINDS, SUSPENDED
from idp.web import presentation
from idp.web.language import gettext, phrase
from idp.web.visit import Visit

NAMES = {
    "passkey": phrase("Passkey"),
    "security_key": phrase("Security key"),
    "chip": phrase("Chip-ID card"),
    "totp": phrase("Authenticator app"),
    "sms": phrase("Text message"),
    "passcode": phrase("Passcode"),
}
_ICONS = {"security_key": "key"}
# What can be added or changed here, and where.
_ADDITIONS = {
    "account_passkey.show": ("passkey", phrase("Add a passkey")),
    "account_chip.show": ("chip", phrase("Add your chip-ID card")),
    "account_totp.show": ("totp", phrase("Add an authenticator app")),
    "account_passcode.show": ("passcode", phrase("Set a passcode")),
    "account_codes.show": ("recovery", phrase("Make recovery codes")),
    "account_contacts.show": ("sms", phrase("Change phone or e-mail")),
}
_PASSWORD = "account_password.show"  # noqa: S105 - a page


def rows(here: Visit, member: SignedIn) -> list[dict[str, object]]:
    """Return every way of this account, the password first, then the oldest."""
    provider, account_id = here.provider, member.account.id
    with provider.database.read() as connection:
        known = enrolled.list_enrolled(connection, account_id)
        phone = contacts.read_contacts(connection, provider.sealer, account_id).phone
    listed = [_row(here, factor, phone) for factor in known]
    if "pwd" in member.account.factors:
        listed.insert(0, _password())
    return listed


def additions(member: SignedIn) -> list[dict[str, str]]:
    """Return what the citizen may add; one card, app and passcode are enough."""
    full = member.account.factors & {"chip", "totp", "passcode"}
    return [
        {"href": url_for(endpoint), "icon": icon, "label": gettext(label)}
        for endpoint, (icon, label) in _ADDITIONS.items()
        if endpoint in current_app.view_functions and icon not in full
    ]


def name(factor: EnrolledFactor) -> str:
    """Return what the factor is, with the name that its owner gave it."""
    kind = gettext(NAMES.get(factor.kind, factor.kind))
    return f"{kind}: {factor.label}" if factor.label else kind


def _password() -> dict[str, object]:
    label, actions = gettext("Password"), []
    if _PASSWORD in current_app.view_functions:
        actions.append(_action(url_for(_PASSWORD), phrase("Change"), label))
    return {"label": label, "icon": "pwd", "actions": actions}


def _row(here: Visit, factor: EnrolledFactor, phone: str | None) -> dict[str, object]:
    details = []
    if factor.kind == "sms" and phone:
        details.append(contacts.mask_phone(phone))
    since = presentation.date_text(factor.created_at)
    details.append(gettext("since %(date)s", date=since))
    if factor.last_used_at:
        used = presentation.moment_text(factor.last_used_at)
        details.append(gettext("last used %(moment)s", moment=used))
    else:
        details.append(gettext("not used yet"))
    return {
        "label": name(factor),
        "icon": _ICONS.get(factor.kind, factor.kind),
        "detail": " · ".join(details),
        "held": "" if factor.is_usable(here.now) else _held(factor),
        "actions": _actions(factor),
    }


def _held(factor: EnrolledFactor) -> str:
    if factor.usable_from is None or factor.usable_from == SUSPENDED:
        return gettext(
            "Held: it may have been copied, since its counter went back. "
            "Remove it and add it anew."
        )
    until = presentation.moment_text(factor.usable_from)
    return gettext("Held until %(moment)s, for your safety", moment=until)


def _actions(factor: EnrolledFactor) -> list[dict[str, str]]:
    label, actions = name(factor), []
    if factor.kind in KINDS:
        address = url_for("account_factors.name", credential_id=factor.id)
        actions.append(_action(address, phrase("Rename"), label))
    if factor.kind == "passcode":
        address = url_for("account_passcode.show")
        actions.append(_action(address, phrase("Change"), label))
    if factor.kind == "chip":
        address = url_for("account_chip.show")
        actions.append(_action(address, phrase("Card lost?"), label))
    address = url_for("account_factors.confirm", credential_id=factor.id)
    return [*actions, _action(address, phrase("Remove"), label)]


def _action(address: str, text: str, of: str) -> dict[str, str]:
    return {"href": address, "text": gettext(text), "of": of}
