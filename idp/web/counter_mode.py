"""Counter mode: a browser that many people share, such as a commune office's.

A cookie says so. Sign-ins made in it are short, leave no mark on the computer, and one
button on every page ends them. Nothing of the computer becomes a factor of whoever
sits at it, however kindly its owner helps.
"""

from dataclasses import replace
from http import HTTPStatus

from flask import url_for

from idp.errors import IdpError
from idp.web import visit
from idp.web.visit import Visit

DONE_FORM = "counter-done"


class CounterModeError(IdpError):
    """This is not done on a shared computer."""

    code = "DD-CTR-001"
    status = HTTPStatus.FORBIDDEN


def refuse_at_counter(here: Visit) -> None:
    """Refuse what would make this computer, or its owner's key, a citizen's factor."""
    if here.is_counter:
        raise CounterModeError("not in counter mode")


def lasting(here: Visit) -> Visit:
    """Return the visit under the name that outlives the browser's own session."""
    return replace(here, browser=here.counter or here.browser)


def banner() -> dict[str, str] | None:
    """Return what the button on every page needs, in counter mode."""
    here = visit.begin()
    if not here.is_counter:
        return None
    return {
        "action": url_for("counter.finish"),
        "token": lasting(here).token(DONE_FORM),
    }
