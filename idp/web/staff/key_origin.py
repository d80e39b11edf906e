"""Where a key comes from, as whoever approves it has to know: made here, or brought in.

The audit log is asked, which notes in the same transaction how each key came in.
"""

import base64
import re

from idp.audit import search
from idp.audit.key_events import KeyGenerated, KeyImported
from idp.audit.search import Filters, Found
from idp.provider import Provider
from idp.web import presentation
from idp.web.language import gettext
from idp.web.staff.descriptions import Change
from keys.ring import RingKey

_FINGERPRINT_DIGITS = 32
_MOST = 1000


def described(provider: Provider, key: RingKey) -> tuple[Change, ...]:
    """Return the key's whole name, where it comes from and where it lies."""
    event = _admission(provider, key)
    is_here = event is not None and event.type == KeyGenerated.TYPE
    return (
        Change(gettext("Which key"), "", named(key.kid)),
        Change(
            gettext("Where it comes from"),
            "",
            _origin(event),
            is_risky=not is_here,
        ),
        Change(gettext("Where its private part lies"), "", _place(key)),
    )


def named(kid: str) -> str:
    """Return a key's whole name, and the fingerprint as two people compare it."""
    told = gettext("Fingerprint: %(digits)s", digits=fingerprint(kid))
    return f"{kid}\n{told}"


def fingerprint(kid: str) -> str:
    """Return the head of a key's thumbprint (RFC 7638) as a ceremony reads it aloud."""
    digits = base64.urlsafe_b64decode(f"{kid}=").hex()[:_FINGERPRINT_DIGITS]
    return " ".join(re.findall("....", digits))


def _admission(provider: Provider, key: RingKey) -> Found | None:
    """Return the event by which the key came in, if it is still in the log."""
    with provider.database.read() as connection:
        for kind in (KeyGenerated, KeyImported):
            filters = Filters(since=key.generated_at, type=kind.TYPE)
            found = search.find(connection, filters, after=None, limit=_MOST)
            same = [one for one in found if one.data["kid"] == key.kid]
            if same:
                return same[0]
    return None


def _origin(event: Found | None) -> str:
    if event is None:
        return gettext(
            "The audit log does not tell. Ask whoever proposes it before you approve."
        )
    time = presentation.moment_text(event.at)
    if event.type == KeyImported.TYPE:
        return gettext(
            "Made elsewhere and imported from a file on %(time)s. Whoever had that "
            "file may have a copy of the key.",
            time=time,
        )
    if event.data["record"]:
        return gettext(
            "Generated here at a ceremony before witnesses, %(time)s. Compare the "
            "SHA-256 of their record: %(record)s",
            time=time,
            record=event.data["record"],
        )
    return gettext("Generated here beforehand, %(time)s.", time=time)


def _place(key: RingKey) -> str:
    if key.handle is None:
        return gettext("Sealed in the database of this server.")
    return gettext(
        "In the hardware token, which it never leaves: %(uri)s", uri=key.handle
    )
