"""Names of passkeys: what their owner types, or what their browser seems to be."""

from flask import request

from idp.factors.passkey_store import MAX_LABEL
from idp.web import devices_seen


def legible(typed: str) -> str:
    """Return what is kept of a typed name: printable, one line, of bounded length."""
    shown = (letter if letter.isprintable() else " " for letter in typed[:200])
    return " ".join("".join(shown).split())[:MAX_LABEL].strip()


def proposed() -> str:
    """Return a name by which its owner may know a new passkey again."""
    return legible(devices_seen.browser_name(request.user_agent.string or ""))
