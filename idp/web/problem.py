"""What went wrong, ready to be shown: sentence, advice, code, error id, time."""

from dataclasses import dataclass, replace

import structlog
from flask import request

from idp import clock
from idp.web import error_ids, messages, presentation
from idp.web.language import gettext

log = structlog.get_logger("idp.web")


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem as templates show it; `field` and `mend` belong to a form."""

    code: str
    error_id: str
    time: str
    sentence: str
    advice: str
    technical: str = ""
    field: str = ""
    mend: str = ""

    def at(self, field: str, mend: str) -> "Problem":
        """Return the same problem, pointing at the field that mends it."""
        return replace(self, field=field, mend=mend)


def notice(code: str, *, description: str = "", detail: str = "") -> Problem:
    """Give the problem an id, write it to the log, and return what to show."""
    now = clock.now()
    error_id = error_ids.new(now)
    log.info(
        "refused",
        code=code,
        error_id=error_id,
        endpoint=request.endpoint,
        detail=detail or description,
    )
    row = messages.message(code)
    return Problem(
        code=code,
        error_id=error_id,
        time=presentation.exact_moment_text(now),
        sentence=gettext(row.sentence),
        advice=gettext(row.advice),
        technical=description if row.technical else "",
    )
