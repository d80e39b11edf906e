"""The sandbox's outbox: messages and letters that were not sent to anybody."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.accounts.contacts import InvalidContactError
from idp.factors.gateway import SandboxOutbox
from idp.factors.mail import SandboxLetters
from idp.provider import current
from idp.web import presentation

blueprint = Blueprint("sandbox", __name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A message or letter; `kind` names the member that has its address."""

    kind: str
    to: str
    subject: str
    text: str
    sent_at: datetime


@blueprint.get("/sandbox/outbox")
def outbox() -> ResponseReturnValue:
    """Show the newest messages and letters."""
    messages = [
        {
            "to": item.to,
            "subject": item.subject,
            "at": presentation.exact_moment_text(item.sent_at),
            "text": item.text,
        }
        for item in _kept()
    ]
    asked = request.args.get("phone") or request.args.get("email") or ""
    return render_template("outbox.html", messages=messages, asked=asked)


@blueprint.get("/sandbox/outbox.json")
def outbox_json() -> ResponseReturnValue:
    """Give the newest messages and letters to an automated browser."""
    return jsonify([_as_json(item) for item in _kept()])


def _as_json(item: _Kept) -> dict[str, str]:
    shown = {item.kind: item.to, "text": item.text, "sent_at": item.sent_at.isoformat()}
    return {**shown, "subject": item.subject} if item.subject else shown


def _kept() -> list[_Kept]:
    """Return what the address asks for, by `phone` or `email`, or else everything."""
    provider = current()
    if not provider.config.sandbox.enabled:
        abort(404)
    provider.courier.wait()  # what is on its way would be missed by who looks at once
    asked_phone, asked_email = request.args.get("phone"), request.args.get("email")
    kept = [] if asked_email else _messages(asked_phone)
    if not asked_phone:
        kept += _letters(asked_email)
    return sorted(kept, key=lambda item: item.sent_at, reverse=True)


def _messages(asked: str | None) -> list[_Kept]:
    gateway = current().messages
    if not isinstance(gateway, SandboxOutbox):
        return []
    try:
        found = gateway.list(contacts.parse_phone(asked) if asked else None)
    except InvalidContactError:
        return []
    return [_Kept("phone", item.phone, "", item.text, item.sent_at) for item in found]


def _letters(asked: str | None) -> list[_Kept]:
    gateway = current().mail
    if not isinstance(gateway, SandboxLetters):
        return []
    return [
        _Kept("email", item.email, item.subject, item.text, item.sent_at)
        for item in gateway.list(asked or None)
    ]
