"""The way back in: what is proven so far, what would help, and what may be changed.

It begins with the chip card (a lost phone) or a number (a forgotten password), starts
no session, and opens nothing by another device: a relayed QR code must never lead to
somebody's new password.
"""

from dataclasses import replace
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import recovery, transaction
from idp.authentication.recovery import Case
from idp.factors.results import VerifiedFactor
from idp.web import messages, problem, way_back_case
from idp.web.language import gettext, phrase
from idp.web.visit import Step, Visit
from idp.web.way_back_case import Here, Known

blueprint = Blueprint("way_back", __name__)

_FORM = "way-back"
PROVEN = {
    "email": phrase("a code to your e-mail address"),
    "sms": phrase("a code to your phone"),
    "totp": phrase("a code of your authenticator app"),
    "recovery": phrase("a recovery code"),
    "chip": phrase("your chip-ID card"),
    "face": phrase("your face"),
    "pwd": phrase("your password"),
    recovery.HOTLINE: phrase("your call to the hotline"),
}
# Every next proof: its words, and the icon of the sign-in's ways.
_NEXT = {
    "chip": (phrase("Chip-ID card"), "chip"),
    "face": (phrase("A photo of your face"), "person"),
    "pwd": (phrase("Password"), "pwd"),
    "totp": (phrase("Authenticator app"), "totp"),
    "email": (phrase("Code by e-mail"), "letter"),
    "sms": (phrase("Text message"), "sms"),
    "recovery": (phrase("Recovery code"), "recovery"),
}
SENT = ("email", "sms")


@blueprint.get("/way-back")
def show() -> ResponseReturnValue:
    """Explain the way back with the chip card."""
    here = way_back_case.named()
    response = make_response(
        render_template(
            "back_start.html",
            token=here.token(_FORM),
            faces=here.provider.faces.is_on,
        )
    )
    return way_back_case.keep_name(here, response)


@blueprint.post("/way-back")
def begin() -> ResponseReturnValue:
    """Open a case and lead to the card reader."""
    here = way_back_case.named()
    here.check(_FORM)
    case = recovery.open_case(here.browser or "", now=here.now)
    begun = Here(here, case)
    begun.save(case)
    return lead_to_card(begun)


@blueprint.get("/way-back/<case_id>")
def hub(case_id: str) -> ResponseReturnValue:
    """Show where the case stands."""
    here = way_back_case.enter(case_id)
    proofs = here.proofs()
    if not proofs and here.case.is_by_number:
        return redirect(
            url_for("way_back_proofs.show", case_id=case_id, way="first"),
            HTTPStatus.SEE_OTHER,
        )
    opened = recovery.opens(proofs)
    refused = way_back_case.refusal(here) if opened else None
    if refused and refused != way_back_case.LOCKED_BY_HOLDER:
        return _refused(*refused)
    # What its holder has locked is opened first, and nothing else is done before.
    opened = opened & {"unlock"} if refused else opened - {"unlock"}
    return render_template(
        "back_hub.html",
        case_id=case_id,
        proven=[gettext(PROVEN[name]) for name in PROVEN if name in proofs],
        is_locked=bool(refused),
        opened=opened,
        following=_following(here, here.known()),
        token=here.token("send"),
        unlock_token=here.token("unlock"),
        has_passkey="passkey" in here.known().factors and bool(proofs),
    )


def card_proven(
    step: Step,
    factor: VerifiedFactor,
    account_id: UUID,
    portrait: tuple[str, bytes] | None,
) -> ResponseReturnValue:
    """Keep that the account's card was read in this browser; nobody is signed in."""
    path = step.transaction.return_path or ""
    here = Here(step.visit, way_back_case.load(step.visit, path.rpartition("/")[2]))
    if here.case.is_by_number and here.case.account_id != account_id:
        raise recovery.RecoveryError("the card of another person")
    if here.case.proofs and here.case.account_id != account_id:
        raise recovery.RecoveryError("the card of another person")
    case = here.case.proven(factor.method)
    if not case.is_by_number:
        case = replace(case, account_id=account_id, subject=str(account_id))
    if portrait:
        sealed = here.provider.sealer.seal(portrait[1], context=_portrait_of(case))
        case = replace(case, portrait=(portrait[0], sealed))
    here.save(case)
    transaction.end(
        here.provider.ephemeral,
        step.transaction,
        now=here.visit.now,
        ttl=here.provider.config.lifetimes.transaction,
    )
    return redirect(here.hub, HTTPStatus.SEE_OTHER)


def open_portrait(here: Here) -> tuple[str, bytes] | None:
    """Return the card's picture of this case."""
    kept = here.case.portrait
    if kept is None:
        return None
    context = _portrait_of(here.case)
    return kept[0], here.provider.sealer.open(kept[1], context=context)


def _portrait_of(case: Case) -> str:
    # One person's picture never opens in the case of another.
    return f"recovery.portrait:{case.id}"


def lead_to_card(here: Here) -> ResponseReturnValue:
    """Send the browser to the card reader's page, and from there back to the case."""
    started = _transaction(here.visit, here.hub)
    address = url_for("chip.show", transaction=started, purpose="recover")
    response = make_response(redirect(address, HTTPStatus.SEE_OTHER))
    return way_back_case.keep_name(here.visit, response)


def _transaction(here: Visit, return_path: str) -> str:
    started = transaction.prepare(
        here.browser or "", now=here.now, return_path=return_path, is_strong=True
    )
    ttl = here.provider.config.lifetimes.transaction
    transaction.save(here.provider.ephemeral, started, now=here.now, ttl=ttl)
    return started.id


def possible(here: Here, known: Known) -> list[str]:
    """Return the proofs that this account could add to this case."""
    case, provider = here.case, here.provider
    has_card = "chip" in case.proofs
    ways = {
        "chip": "chip" in known.factors or not case.proofs,
        "face": has_card and case.portrait is not None and provider.faces.is_on,
        "pwd": has_card,
        "totp": "totp" in known.factors,
        "email": bool(known.email) and provider.mail.is_on,
        "sms": bool(known.phone),
        "recovery": "recovery" in known.factors,
    }
    return [way for way in _NEXT if ways[way] and way not in case.proofs]


def _following(here: Here, known: Known) -> list[dict[str, object]]:
    return [
        {
            "way": way,
            "name": gettext(_NEXT[way][0]),
            "icon": _NEXT[way][1],
            "is_sent": way in SENT,
            "is_card": way == "chip",
            "is_face": way == "face",
        }
        for way in possible(here, known)
    ]


def _refused(state: str, locks: tuple[str, ...]) -> ResponseReturnValue:
    shown = problem.notice(messages.refusal_code(state, locks))
    body = render_template(
        "refused.html", problem=shown, party=None, back=None, other=None
    )
    return body, HTTPStatus.FORBIDDEN
