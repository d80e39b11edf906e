"""What a test citizen was sent, as far as the sandbox shows it."""

import re
from urllib.parse import urlencode

from clients.attack.suite import NotTriedError
from clients.attack.target import Target

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


def messages(target: Target, **to: str) -> list[str]:
    """Return the texts that went to a `phone` or an `email`, the newest first."""
    shown = target.open("GET", f"/sandbox/outbox.json?{urlencode(to)}")
    if shown.status_code != 200:
        raise NotTriedError("this deployment shows no sandbox outbox")
    return [str(item["text"]) for item in shown.json()]


def newest_code(target: Target, **to: str) -> str:
    """Return the one-time code of the newest message."""
    found = [_CODE.search(text) for text in messages(target, **to)[:1]]
    if not found or found[0] is None:
        raise NotTriedError("no code came: a message was sent a moment ago, perhaps")
    return found[0].group()
