"""How long what a change replaces still holds: a portal's former secret and keys."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from idp.approvals.kinds import Payload
from idp.relying_parties import client_keys
from idp.web import presentation
from idp.web.language import gettext

_MOMENT = timedelta(seconds=1)


def told(payload: Payload, before: Mapping[str, Any], *, now: datetime) -> list[str]:
    """Return what approvers read of it, as if they approved now."""
    overlap, after = timedelta(seconds=payload["overlap"]), payload["after"]
    left = {"hours": f"{payload['overlap'] / 3600:g}"}
    left["time"] = presentation.moment_text(now + overlap)
    lines = []
    if payload["secret_digest"]:
        lines += [
            gettext("A new secret works from then on; only the proposer has it."),
            gettext(
                "The former secret still works for %(hours)s hours: until %(time)s, if "
                "you approve now.",
                **left,
            )
            if overlap
            else gettext("The former secret ends at once."),
        ]
    # With a moment's overlap each key that falls away is told.
    falls_away = client_keys.retire_keys(
        before.get("jwks"), after.get("jwks"), (), now=now, until=now + _MOMENT
    )
    if falls_away:
        lines.append(
            gettext(
                "Keys that fall away are still believed for %(hours)s hours: until "
                "%(time)s, if you approve now.",
                **left,
            )
            if overlap
            else gettext("Keys that fall away are believed no more at once.")
        )
    return lines
