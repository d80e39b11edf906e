"""What an account's contacts are told when its ways to sign in change.

The message goes out behind the answer and names no person, no number and no address to
open: it says what happened and whom to call. No session can stop it.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from idp.accounts import contacts
from idp.factors import notices
from idp.provider import Provider
from idp.web.visit import Visit

# Plain letters, so that a text message is of GSM-7 parts that every phone shows.
_TEXTS = {
    "vi": {
        "added": "them mot cach dang nhap ({way}) vao tai khoan cua ban.",
        "removed": "xoa mot cach dang nhap ({way}) khoi tai khoan cua ban.",
        "last": "xoa cach dang nhap manh cuoi cung ({way}); tai khoan cua ban chi con "
        "dat muc 1.",
        "frame": "Dinh Danh: vua {what} Khong phai ban? Goi ngay {hotline}.",
        "subject": "Cách đăng nhập của bạn vừa thay đổi",
    },
    "en": {
        "added": "a way to sign in ({way}) was added to your account.",
        "removed": "a way to sign in ({way}) was removed from your account.",
        "last": "your last strong way to sign in ({way}) was removed; your account now "
        "reaches level 1 only.",
        "frame": "Dinh Danh: {what} Not you? Call {hotline} at once.",
        "subject": "Your ways to sign in have changed",
    },
}
_WAYS = {
    "vi": {
        "passkey": "passkey",
        "security_key": "khoa bao mat",
        "chip": "the chip",
        "totp": "ung dung xac thuc",
        "sms": "tin nhan",
    },
    "en": {
        "passkey": "passkey",
        "security_key": "security key",
        "chip": "chip card",
        "totp": "authenticator app",
        "sms": "text message",
    },
}


def factor_added(here: Visit, account_id: UUID, kind: str) -> None:
    """Tell the contacts that a way to sign in was added."""
    _tell(here, account_id, "added", kind)


def factor_removed(here: Visit, account_id: UUID, kind: str, *, was_last: bool) -> None:
    """Tell the contacts that a way to sign in, or the last strong one, was removed."""
    _tell(here, account_id, "last" if was_last else "removed", kind)


def _tell(
    here: Visit, account_id: UUID, event: Literal["added", "removed", "last"], kind: str
) -> None:
    # Not in the language that whoever sits at the page has chosen.
    provider, now = here.provider, here.now
    locale = provider.config.pages.default_language
    subject, text = _words(provider, locale, event, kind)
    provider.courier.later(lambda: _by_phone(provider, account_id, text=text, now=now))
    provider.courier.later(
        lambda: _by_mail(provider, account_id, subject=subject, text=text, now=now)
    )


def _words(provider: Provider, locale: str, event: str, kind: str) -> tuple[str, str]:
    texts = _TEXTS[locale]
    what = texts[event].format(way=_WAYS[locale].get(kind, kind))
    hotline = provider.config.pages.hotline
    return texts["subject"], texts["frame"].format(what=what, hotline=hotline)


def _by_phone(
    provider: Provider, account_id: UUID, *, text: str, now: datetime
) -> None:
    with provider.database.read() as connection:
        known = contacts.read_contacts(connection, provider.sealer, account_id)
    if known.phone and notices.may_warn(provider, "sms", known.phone):
        provider.messages.send(known.phone, text, now)


def _by_mail(
    provider: Provider, account_id: UUID, *, subject: str, text: str, now: datetime
) -> None:
    with provider.database.read() as connection:
        known = contacts.read_contacts(connection, provider.sealer, account_id)
    if not (provider.mail.is_on and known.email and known.email_verified):
        return
    if notices.may_warn(provider, "email", known.email):
        provider.mail.send(known.email, subject, text, now)
