"""The sandbox's outbox: text messages that were not sent to anybody."""

from flask import Blueprint, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.accounts.contacts import InvalidContactError
from idp.factors.gateway import Message, SandboxOutbox
from idp.provider import current
from idp.web import presentation

blueprint = Blueprint("sandbox", __name__)


@blueprint.get("/sandbox/outbox")
def outbox() -> ResponseReturnValue:
    """Show the newest messages."""
    messages = [
        {
            "phone": message.phone,
            "at": presentation.exact_moment_text(message.sent_at),
            "text": message.text,
        }
        for message in _messages()
    ]
    return render_template(
        "outbox.html", messages=messages, phone=request.args.get("phone", "")
    )


@blueprint.get("/sandbox/outbox.json")
def outbox_json() -> ResponseReturnValue:
    """Give the newest messages to an automated browser."""
    return jsonify(
        [
            {
                "phone": message.phone,
                "text": message.text,
                "sent_at": message.sent_at.isoformat(),
            }
            for message in _messages()
        ]
    )


def _messages() -> list[Message]:
    gateway = current().messages
    if not current().config.sandbox.enabled or not isinstance(gateway, SandboxOutbox):
        abort(404)
    phone = request.args.get("phone")
    if not phone:
        return gateway.list()
    try:
        return gateway.list(contacts.parse_phone(phone))
    except InvalidContactError:
        return []
