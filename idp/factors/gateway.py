"""The port to the message carrier: an outbox in the sandbox, HTTP everywhere else."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Protocol

import sqlalchemy as sa

from idp.config import SmsConfig
from idp.errors import IdpError
from idp.factors.models import OutboxMessage
from idp.factors.partner import PartnerError, PartnerService
from idp.storage.database import Database


class GatewayError(IdpError):
    """The message could not be handed over; nothing was promised to the citizen."""

    code = "DD-SMS-001"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class MessageGateway(Protocol):
    """Hand a short message over to the carrier."""

    def send(self, phone: str, text: str, now: datetime) -> None:
        """Send `text` to `phone` (E.164); raises `GatewayError` when refused."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that the sandbox kept."""

    phone: str
    text: str
    sent_at: datetime


class SandboxOutbox:
    """Keep messages in a table that anyone may read: only ever in a sandbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def send(self, phone: str, text: str, now: datetime) -> None:
        """Keep the message."""
        with self._database.transaction() as session:
            session.add(OutboxMessage(phone=phone, text=text, sent_at=now))

    def list(self, phone: str | None = None, *, limit: int = 50) -> list[Message]:
        """Return the newest messages first, of one phone (E.164) or of all."""
        query = sa.select(
            OutboxMessage.phone, OutboxMessage.text, OutboxMessage.sent_at
        ).order_by(OutboxMessage.id.desc())
        if phone is not None:
            query = query.where(OutboxMessage.phone == phone)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit))
            return [Message(row.phone, row.text, row.sent_at) for row in rows]


class HttpGateway:
    """Post `{"to", "text"}` as JSON with a bearer token; any 2xx means accepted."""

    def __init__(self, config: SmsConfig) -> None:
        self._service = PartnerService.of(
            config.url, config.token_file, config.timeout, section="sms"
        )

    def send(self, phone: str, text: str, now: datetime) -> None:
        """Post the message once; a refusal or silence becomes `GatewayError`."""
        del now
        try:
            self._service.tell({"to": phone, "text": text})
        except PartnerError as error:
            raise GatewayError(detail=f"gateway: {error}") from None
