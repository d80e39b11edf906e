"""Changing the phone or the e-mail address: a strong proof, and a code to the new one.

The address of before is told, with a link that freezes the account; codes to the new
one are held back, so that whoever changes it gains nothing today.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Literal

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts, identifiers
from idp.accounts.contacts import InvalidContactError, PhoneTakenError
from idp.accounts.identity import read_identity
from idp.authentication.session import SignedIn
from idp.errors import IdpError
from idp.factors import holds, notices
from idp.factors.email import EmailCodes
from idp.factors.notice_texts import What
from idp.factors.sent_codes import Errand
from idp.factors.sms import SmsCodes
from idp.web import account, account_access, language, proofs
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("account_contacts", __name__)

Kind = Literal["phone", "email"]
_SECONDS = 900
_MAX_TYPED = 254
_HEADINGS = {
    "phone": phrase("Change the phone number"),
    "email": phrase("Change the e-mail address"),
}
_MENDS = {
    "phone": phrase("Type a mobile number"),
    "email": phrase("Type an e-mail address"),
}


class PhoneRefusedError(IdpError):
    """The phone is another account's, or in the name of another person."""

    code = "DD-LOCK-003"


@dataclass(frozen=True, slots=True)
class Change:
    """A visit to the change of one contact of one member."""

    visit: Visit
    member: SignedIn
    kind: Kind

    @property
    def key(self) -> str:
        """Return where the new address waits for its code; it is its seal's context."""
        return f"contact:{self.member.session.id}:{self.kind}"

    def purpose(self, form: str) -> str:
        """Return the purpose that binds a form to this change."""
        return account_access.purpose(self.member, f"{self.kind}-{form}")

    def errand(self, address: str) -> Errand:
        """Return the errand of the code to the new address."""
        binding = str(self.member.session.id)
        return Errand(self.member.account.id, address, "contact", binding)

    def keep(self, address: str) -> None:
        """Keep the new address, sealed, until its code is typed."""
        provider = self.visit.provider
        sealed = provider.sealer.seal(address.encode(), context=self.key)
        value = {"sealed": b64encode(sealed).decode()}
        provider.ephemeral.put(self.key, value, ttl=_SECONDS)

    def kept(self) -> str:
        """Return the new address, or nothing."""
        value = self.visit.provider.ephemeral.get(self.key)
        if value is None:
            return ""
        sealed = b64decode(value["sealed"])
        return self.visit.provider.sealer.open(sealed, context=self.key).decode()


@blueprint.get("/account/contacts")
def show() -> ResponseReturnValue:
    """Show the phone and the address, masked."""
    here, member = account_access.enter(request.path)
    if isinstance(member, Response):
        return member
    provider = here.provider
    with provider.database.read() as connection:
        known = contacts.read_contacts(connection, provider.sealer, member.account.id)
    return account.page(
        "rights/contacts",
        gettext("Phone and e-mail"),
        tab="account.factors",
        phone=contacts.mask_phone(known.phone) if known.phone else "",
        email=contacts.mask_email(known.email) if known.email else "",
        has_mail=provider.mail.is_on,
    )


@blueprint.get("/account/contacts/<any(phone, email):kind>")
def edit(kind: Kind) -> ResponseReturnValue:
    """Ask for the new address, or for the code that was sent to it."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    return _page(Change(here, member, kind), is_sent="sent" in request.args)


@blueprint.post("/account/contacts/<any(phone, email):kind>")
def send(kind: Kind) -> ResponseReturnValue:
    """Send a code to the new address."""
    back = url_for("account_contacts.edit", kind=kind)
    here, member = account_access.act(back, strong=True)
    if isinstance(member, Response):
        return member
    change = Change(here, member, kind)
    typed = here.check(change.purpose("send"), "address")["address"]
    parse = contacts.parse_phone if kind == "phone" else contacts.parse_email
    try:
        address = parse(typed)
    except InvalidContactError:
        wrong = notice("DD-AUTH-006").at("address", gettext(_MENDS[kind]))
        return _page(change, wrong, typed=typed[:_MAX_TYPED])
    problem = _send(change, address)
    if problem:
        return _page(change, problem, typed=typed[:_MAX_TYPED])
    change.keep(address)
    return redirect(f"{back}?sent=1", HTTPStatus.SEE_OTHER)


@blueprint.post("/account/contacts/<any(phone, email):kind>/confirm")
def confirm(kind: Kind) -> ResponseReturnValue:
    """Change it once the code was typed, and tell the address of before."""
    back = url_for("account_contacts.edit", kind=kind)
    here, member = account_access.act(back, strong=True)
    if isinstance(member, Response):
        return member
    change = Change(here, member, kind)
    otp = here.check(change.purpose("confirm"), "otp")["otp"]
    throttle, address = here.provider.throttle, change.kept()
    subject = f"contact:{member.account.id}"
    admission = throttle.admit("otp", subject=subject, source=here.source, device=None)
    if not admission.allowed:
        return _page(change, proofs.too_many(admission.retry_after), is_sent=True)
    codes = (SmsCodes if kind == "phone" else EmailCodes)(here.provider)
    if not address or not codes.check(change.errand(address), otp, now=here.now):
        wrong = notice("DD-AUTH-003").at("otp", gettext("Type the newest 6 digits"))
        return _page(change, wrong, is_sent=True)
    throttle.succeeded(admission)
    here.provider.ephemeral.drop(change.key)
    try:
        _set(change, address)
    except IdpError as error:
        return _page(change, notice(error.code, detail=error.detail))
    done = url_for("account.factors", done=f"{kind}-changed")
    return redirect(done, HTTPStatus.SEE_OTHER)


def _send(change: Change, address: str) -> Problem | None:
    here = change.visit
    codes = (SmsCodes if change.kind == "phone" else EmailCodes)(here.provider)
    try:
        answer = codes.send(
            change.errand(address),
            source=here.source,
            locale=language.current(),
            now=here.now,
        )
    except IdpError as error:
        return notice(error.code, detail=error.detail)
    if answer.sent:
        return None
    return notice("DD-AUTH-004" if answer.outcome == "early" else "DD-SMS-002")


def _set(change: Change, address: str) -> None:
    """Write it; whose phone it is, is asked only once its holder has the code."""
    here, account_id = change.visit, change.member.account.id
    provider, now = here.provider, here.now
    stores = (provider.audit, provider.sealer, account_id)
    if change.kind == "phone":
        _check_owner(change, address)
    held_until = now + timedelta(seconds=provider.config.lifetimes.held_factor)
    with provider.database.transaction() as database:
        before = contacts.read_contacts(database, provider.sealer, account_id)
        if change.kind == "email":
            contacts.change_email(
                database, *stores, address, held_until=held_until, now=now
            )
        else:
            try:
                holds.change_phone(
                    database, *stores, address, held_until=held_until, now=now
                )
            except PhoneTakenError:
                raise PhoneRefusedError("another account's") from None
    what: What = f"{change.kind}_changed"  # type: ignore[assignment]
    notices.warn(provider, before, what, now)


def _check_owner(change: Change, phone: str) -> None:
    provider, account_id = change.visit.provider, change.member.account.id
    with provider.database.read() as connection:
        name = read_identity(connection, provider.sealer, account_id).full_name
        number = identifiers.current_number(connection, provider.sealer, account_id)
    if provider.carrier.owned_by(phone, number, name, change.visit.now) is False:
        raise PhoneRefusedError("in another person's name")


def _page(
    change: Change,
    problem: Problem | None = None,
    *,
    is_sent: bool = False,
    typed: str = "",
) -> ResponseReturnValue:
    here, kind = change.visit, change.kind
    address = change.kept() if is_sent else ""
    mask = contacts.mask_phone if kind == "phone" else contacts.mask_email
    with here.provider.database.read() as connection:
        known = contacts.read_contacts(
            connection, here.provider.sealer, change.member.account.id
        )
    now_used = known.phone if kind == "phone" else known.email
    return account.page(
        "rights/contact",
        gettext(_HEADINGS[kind]),
        tab="account.factors",
        problem=problem,
        kind=kind,
        typed=typed,
        now_used=mask(now_used) if now_used else "",
        masked=mask(address) if address else "",
        hours=max(1, here.provider.config.lifetimes.held_factor // 3600),
        token=here.token(change.purpose("send")),
        code_token=here.token(change.purpose("confirm")),
    )
