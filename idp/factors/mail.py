"""The port to e-mail: nothing, the sandbox's letters, or SMTP over TLS (RFC 8314).

A letter is plain text in one language. Addresses and subjects go into header objects
that refuse line ends, so no value can add a header or a recipient (RFC 5322 §3.6).
"""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, make_msgid
from http import HTTPStatus
from typing import Protocol

import sqlalchemy as sa

from idp.config import MailConfig
from idp.errors import ConfigError, IdpError
from idp.factors.models import OutboxLetter
from idp.storage.database import Database

_MAX_SUBJECT = 200
_POLICY: "EmailPolicy[EmailMessage]" = SMTP.clone(cte_type="7bit")


class MailError(IdpError):
    """The letter could not be handed over; nothing was promised to the citizen."""

    code = "DD-MAIL-001"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class MailGateway(Protocol):
    """Hand a letter over to the post."""

    @property
    def is_on(self) -> bool:
        """Say whether letters are sent at all."""

    def send(self, email: str, subject: str, text: str, now: datetime) -> None:
        """Send one letter to one address; raises `MailError` when refused."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that the sandbox kept."""

    email: str
    subject: str
    text: str
    sent_at: datetime


class NoMail:
    """An installation without e-mail: every letter is refused."""

    is_on = False

    def send(self, email: str, subject: str, text: str, now: datetime) -> None:
        """Refuse."""
        del email, subject, text, now
        raise MailError(detail="mail.gateway is off")


class SandboxLetters:
    """Keep letters in a table that anyone may read: only ever in a sandbox."""

    is_on = True

    def __init__(self, database: Database) -> None:
        self._database = database

    def send(self, email: str, subject: str, text: str, now: datetime) -> None:
        """Keep the letter, if it could have been sent."""
        compose(email, subject, text, sender="sandbox@dinhdanh.test", now=now)
        with self._database.transaction() as session:
            session.add(
                OutboxLetter(email=email, subject=subject, text=text, sent_at=now)
            )

    def list(self, email: str | None = None, *, limit: int = 50) -> list[Letter]:
        """Return the newest letters first, of one address or of all."""
        query = sa.select(
            OutboxLetter.email,
            OutboxLetter.subject,
            OutboxLetter.text,
            OutboxLetter.sent_at,
        ).order_by(OutboxLetter.id.desc())
        if email is not None:
            query = query.where(OutboxLetter.email == email)
        with self._database.read() as connection:
            return [Letter(*row) for row in connection.execute(query.limit(limit))]


class SmtpGateway:
    """Speak SMTP with STARTTLS, or TLS from the first byte; never in the clear."""

    is_on = True

    def __init__(self, config: MailConfig) -> None:
        self._config = config
        self._password = ""
        if config.password_file is not None:
            try:
                self._password = config.password_file.read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError("mail.password_file cannot be read") from error

    def send(self, email: str, subject: str, text: str, now: datetime) -> None:
        """Hand the letter over once; a refusal or silence becomes `MailError`."""
        letter = compose(email, subject, text, sender=self._config.sender, now=now)
        try:
            with self._connected() as server:
                if self._config.user:
                    server.login(self._config.user, self._password)
                server.send_message(letter, self._config.sender, [email])
        except (OSError, ValueError, smtplib.SMTPException) as error:
            # The class only: an answer of the server repeats the address.
            raise MailError(detail=type(error).__name__) from None

    def _connected(self) -> smtplib.SMTP:
        config, context = self._config, ssl.create_default_context()
        if config.security == "tls":
            return smtplib.SMTP_SSL(
                config.host, config.port, timeout=config.timeout, context=context
            )
        server = smtplib.SMTP(config.host, config.port, timeout=config.timeout)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server


def compose(
    email: str, subject: str, text: str, *, sender: str, now: datetime
) -> EmailMessage:
    """Return the letter; an address or subject that is not one line is refused."""
    letter = EmailMessage(policy=_POLICY)
    try:
        letter["To"] = Address(addr_spec=email)
        letter["From"] = Address(addr_spec=sender)
        letter["Subject"] = subject[:_MAX_SUBJECT]
    except (ValueError, IndexError, HeaderParseError):
        raise MailError(detail="no address or no subject") from None
    if any(not letter_part.isprintable() for letter_part in (email, subject)):
        raise MailError(detail="no address or no subject")
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no holiday notes back
    letter.set_content(text)
    return letter


def open_mail(config: MailConfig, database: Database) -> MailGateway:
    """Return the gateway that the configuration names."""
    if config.gateway == "smtp":
        return SmtpGateway(config)
    return SandboxLetters(database) if config.gateway == "sandbox" else NoMail()
