"""The portal's `login_hint`: often a personal number, so it is kept sealed."""

from base64 import b64decode, b64encode

from keys.sealing import Sealer

_CONTEXT = "login_hint"


def seal_hint(sealer: Sealer, text: str) -> str:
    """Return the hint as a request keeps it in the ephemeral store."""
    return b64encode(sealer.seal(text.encode(), context=_CONTEXT)).decode()


def open_hint(sealer: Sealer, sealed: str) -> str:
    """Return the hint as the portal sent it."""
    return sealer.open(b64decode(sealed), context=_CONTEXT).decode()
