"""What an officer typed, kept while the passkey is asked for once more.

Who types longer than `lifetimes.fresh_factor` finds it in the form again: once, in the
same session, for that page, and sends it with the same button.
"""

import json
from base64 import b64decode, b64encode

from flask import g, request

from idp.staff.officer import Officer
from idp.web import csrf
from idp.web.visit import Visit

_FORM = "application/x-www-form-urlencoded"
_MOST = 100_000


def keep(here: Visit, officer: Officer, path: str) -> None:
    """Keep a posted form, sealed, for the page at `path`; files are not kept."""
    if request.mimetype != _FORM:
        return
    fields = {name: text for name, text in request.form.items() if name != csrf.FIELD}
    text, key = json.dumps(fields), _key(officer, path)
    if not fields or len(text) > _MOST:
        return
    provider = here.provider
    sealed = provider.sealer.seal(text.encode(), context=key)
    value = {"sealed": b64encode(sealed).decode()}
    provider.ephemeral.put(key, value, ttl=provider.config.lifetimes.fresh_factor)


def take(here: Visit, officer: Officer) -> dict[str, str]:
    """Return what was typed into this page before the passkey was asked for."""
    key = _key(officer, request.path)
    found = here.provider.ephemeral.take(key)
    if found is None:
        return {}
    text = here.provider.sealer.open(b64decode(found["sealed"]), context=key)
    fields: dict[str, str] = json.loads(text)
    g.has_kept = True
    return fields


def was_taken() -> bool:
    """Say whether this page shows what was kept."""
    return bool(g.get("has_kept"))


def _key(officer: Officer, path: str) -> str:
    return f"staff-typed:{officer.session_id}:{path}"
