"""What to prove next: straight to the best way, and a page to choose another.

Only ways that can reach what is asked are shown; a citizen who has none is told in one
sentence what to do.
"""

from http import HTTPStatus

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import steps, ways
from idp.authentication.session import SignedIn
from idp.factors import enrolled, recovery_codes
from idp.web import visit
from idp.web.language import gettext, phrase
from idp.web.problem import notice
from idp.web.visit import Step

blueprint = Blueprint("ways", __name__)

NONE_LEFT = "DD-AUTH-032"
_OURS = (steps.FACTOR_MISSING, steps.ASSURANCE_TOO_LOW)
# The page of each way, its name, and what it takes.
PAGES = {
    "passkey": "passkey.show",
    "chip": "chip.show",
    "totp": "otp.show",
    "sms": "otp.show",
    "device": "device.show",
    "pwd": "password.show",
    "recovery": "recovery.show",
}
LABELS = {
    "passkey": (
        phrase("Passkey"),
        phrase("Your fingerprint, face or PIN on this device, or a security key."),
    ),
    "chip": (
        phrase("Chip-ID card"),
        phrase("Your card, and a card reader at this computer."),
    ),
    "totp": (phrase("Authenticator app"), phrase("The 6 digits that your app shows.")),
    "sms": (phrase("Text message"), phrase("We send 6 digits to your phone.")),
    "device": (
        phrase("Your phone"),
        phrase("Scan a code with a phone on which you are signed in already."),
    ),
    "pwd": (phrase("Password"), phrase("The password of this account.")),
    "recovery": (
        phrase("Recovery code"),
        phrase("One of the codes that you wrote down for a day like this."),
    ),
}


@blueprint.get("/ways/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Lead to the best way, or with `list` show every one that fits."""
    step = visit.enter(transaction)
    signed_in = step.visit.signed_in()
    if signed_in is None or unmet(step, signed_in) not in _OURS:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    fitting = fitting_ways(step, signed_in)
    if not fitting:
        return _nothing_left(step)
    if "list" in request.args:
        return _choice(step, fitting)
    with step.visit.provider.database.read() as connection:
        used = enrolled.last_used(connection, signed_in.account.id)
    return redirect(
        address(step, ways.best(fitting, used) or fitting[0]), HTTPStatus.SEE_OTHER
    )


def fitting_ways(step: Step, signed_in: SignedIn) -> tuple[str, ...]:
    """Return the ways that reach what this transaction still asks."""
    provider = step.visit.provider
    with provider.database.read() as connection:
        codes_left = recovery_codes.remaining(connection, signed_in.account.id)
    return ways.fitting(
        signed_in,
        ways.available(signed_in, step.transaction, has_recovery_code=codes_left > 0),
        is_enough=lambda proven: unmet(step, proven) not in _OURS,
        biometric=provider.config.assurance.verified_passkey_is_biometric,
        now=step.visit.now,
    )


def unmet(step: Step, signed_in: SignedIn) -> steps.Step | None:
    """Return what the dispatcher would still ask of this sign-in."""
    asked = step.transaction.request
    return steps.unmet(
        step.transaction,
        signed_in,
        subject=asked.hinted_subject if asked else None,
        minimum_acr=step.party.minimum_acr if step.party else None,
        biometric=step.visit.provider.config.assurance.verified_passkey_is_biometric,
        now=step.visit.now,
    )


def address(step: Step, way: str) -> str:
    """Return the page of a way."""
    named = way if PAGES[way] == "otp.show" else None
    return url_for(PAGES[way], transaction=step.transaction.id, way=named)


def others(step: Step) -> str:
    """Return the page that shows every way; each way's own page links to it."""
    return url_for("ways.show", transaction=step.transaction.id, list=1)


def _choice(step: Step, fitting: tuple[str, ...]) -> ResponseReturnValue:
    return render_template(
        "ways.html",
        party=step.asker,
        step_up=step.transaction.step == steps.ASSURANCE_TOO_LOW.reason,
        ways=[
            {
                "href": address(step, way),
                "name": gettext(LABELS[way][0]),
                "hint": gettext(LABELS[way][1]),
                "icon": way,
            }
            for way in fitting
        ],
        cancel=step.back,
    )


def _nothing_left(step: Step) -> ResponseReturnValue:
    body = render_template(
        "refused.html",
        problem=notice(NONE_LEFT),
        party=step.asker,
        back=step.back,
        other=url_for("login.show", transaction=step.transaction.id),
    )
    return body, HTTPStatus.FORBIDDEN
