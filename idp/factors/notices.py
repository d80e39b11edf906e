"""Warnings to an account's contacts: what was changed, and whom to call.

They go to the addresses that held before the change, in the installation's language
and not in the one that whoever sits at the page has chosen. A letter carries a link by
which its reader freezes the account; a text message never carries one.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from idp.accounts.contacts import Contacts
from idp.config import Config
from idp.errors import IdpError
from idp.factors import freeze_links
from idp.factors.courier import Courier
from idp.factors.gateway import MessageGateway
from idp.factors.mail import MailGateway
from idp.factors.notice_texts import LINKS, SUBJECTS, What, warning
from idp.factors.send_limits import SendLimits
from idp.factors.sent_codes import Channel
from idp.factors.sms import plain
from idp.storage.database import Database
from idp.storage.ephemeral import EphemeralStore
from keys.secrets import ServerSecrets

# Whoever takes an account over reads its letters first: all else goes to the phone too.
_TO_MAILBOX_ALONE = frozenset({"password_changed", "codes_made", "data_exported"})
# Anybody who knows number and phone causes these: they must not use up the warnings.
_BY_STRANGERS = frozenset({"activation_again", "activation_late", "sign_in_asked"})
# There is nothing left to freeze.
_WITHOUT_LINK = frozenset({"account_locked", "lock_ended", "account_closed"})

log = structlog.get_logger("idp.factors")


class Services(Protocol):
    """The part of the running provider that warnings need."""

    @property
    def config(self) -> Config:
        """The settings."""

    @property
    def ephemeral(self) -> EphemeralStore:
        """Where warnings are counted."""

    @property
    def database(self) -> Database:
        """Where links to freeze the account are kept."""

    @property
    def secrets(self) -> ServerSecrets:
        """The server's secrets."""

    @property
    def mail(self) -> MailGateway:
        """The way to mailboxes."""

    @property
    def messages(self) -> MessageGateway:
        """The way to phones."""

    @property
    def courier(self) -> Courier:
        """Who sends behind the answer."""


def warn(
    services: Services,
    before: Contacts,
    what: What,
    now: datetime,
    *,
    way: str = "",
) -> None:
    """Tell the contacts that held before a change of it, behind the answer.

    `way` is the kind of credential that was added or removed, or the portal's name.
    """
    for send in _sends(services, before, what, now, way):
        services.courier.later(send)


def warn_at_once(
    services: Services,
    before: Contacts,
    what: What,
    now: datetime,
    *,
    way: str = "",
) -> None:
    """Tell it here and now: for whoever is behind the answer already, on a lane."""
    for send in _sends(services, before, what, now, way):
        send()


def _sends(
    services: Services, before: Contacts, what: What, now: datetime, way: str
) -> list[Callable[[], None]]:
    locale = services.config.pages.default_language
    text = warning(what, way, services.config)
    sends: list[Callable[[], None]] = []
    email, phone = before.email, before.phone
    has_mailbox = bool(email) and before.email_verified and services.mail.is_on
    if email and has_mailbox and _may_warn(services, "email", email, what):
        subject = SUBJECTS[locale]
        letter = _with_link(services, before, what, text, now)
        sends.append(lambda: services.mail.send(email, subject, letter(), now))
    is_due = what not in _TO_MAILBOX_ALONE or not has_mailbox
    if phone and is_due and _may_warn(services, "sms", phone, what):
        sends.append(lambda: services.messages.send(phone, plain(text), now))
    return [_logged(send) for send in sends]


def _with_link(
    services: Services, before: Contacts, what: What, text: str, now: datetime
) -> Callable[[], str]:
    """Return what writes the letter, so that its link is made behind the answer."""
    account_id, config = before.account_id, services.config

    def write() -> str:
        if account_id is None or what in _WITHOUT_LINK:
            return text
        with services.database.transaction() as session:
            token = freeze_links.make(
                session, account_id, lifetime=config.locks.freeze_link, now=now
            )
        link = f"{config.issuer}/freeze/{token}"
        return text + LINKS[config.pages.default_language].format(link=link)

    return write


def way_removed(*, was_last: bool) -> What:
    """Return what is told of a way that was removed, or of the last strong one."""
    return "last_way_removed" if was_last else "way_removed"


def _may_warn(services: Services, channel: Channel, address: str, what: What) -> bool:
    key, config = services.secrets.key("otp"), services.config.throttle
    limits = SendLimits(services.ephemeral, key, channel, config)
    return limits.admit_warning(address, by_stranger=what in _BY_STRANGERS)


def _logged(send: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        try:
            send()
        except IdpError as error:
            log.warning("warning not sent", code=error.code, detail=error.detail)

    return run
