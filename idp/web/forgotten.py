"""The forgotten password: the number is asked, and the answer is the same for everyone.

Whoever has the number's mailbox (or phone) has one of the two proofs. A link is shown
by a GET and used by its own POST alone, in the browser that asked for it.
"""

import hashlib
import secrets
from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

import structlog
from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from idp.accounts import identifiers
from idp.accounts.identifiers import InvalidPersonalNumberError
from idp.authentication import recovery
from idp.errors import IdpError
from idp.factors.email import EmailCodes
from idp.factors.sms import SmsCodes
from idp.web import language, proofs, way_back_case
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit
from idp.web.way_back_case import Here, Known

blueprint = Blueprint("forgotten", __name__)

_FORM = "forgotten"
_MAX_TYPED = 64

log = structlog.get_logger("idp.web")


@blueprint.get("/forgotten")
def show() -> ResponseReturnValue:
    """Ask for the personal number."""
    here = way_back_case.named()
    return way_back_case.keep_name(here, _page(here))


@blueprint.post("/forgotten")
def begin() -> ResponseReturnValue:
    """Send a code if there is somewhere to send it; the answer does not tell."""
    here = way_back_case.named()
    typed = here.check(_FORM, "personal_number")["personal_number"].strip()
    try:
        number = identifiers.parse_personal_number(
            typed[:_MAX_TYPED],
            sandbox=here.provider.config.sandbox.enabled,
            now=here.now,
        )
    except InvalidPersonalNumberError:
        wrong = notice("DD-AUTH-006").at(
            "personal_number", gettext("Type your 12-digit personal number")
        )
        return _page(here, typed[:_MAX_TYPED], wrong)
    subject = identifiers.number_index(here.provider.sealer, number).hex()
    wait = _wait(here, subject)
    if wait:
        return _page(here, "", proofs.too_many(wait), wait=wait)
    return redirect(_open(here, number, subject).hub, HTTPStatus.SEE_OTHER)


@blueprint.get("/forgotten/link/<token>")
def link(token: str) -> ResponseReturnValue:
    """Show a button; opening a link, as mail scanners do, changes nothing."""
    here = way_back_case.named()
    response = make_response(
        render_template(
            "back_link.html", action=request.path, token=here.token(_link_form(token))
        )
    )
    return way_back_case.keep_name(here, response)


@blueprint.post("/forgotten/link/<token>")
def use_link(token: str) -> ResponseReturnValue:
    """Take the link as a proof of the mailbox, once, in the browser that asked."""
    visit = way_back_case.named()
    visit.check(_link_form(token))
    ephemeral = visit.provider.ephemeral
    kept = ephemeral.get(_link_key(token))
    if kept is None:
        raise recovery.RecoveryError("the link is unknown, used or too old")
    here = way_back_case.enter(kept["case"])  # another browser's stops here, unused
    taken = ephemeral.take(_link_key(token))
    if taken is None or taken["email"] != _blind(here, here.known().email):
        raise recovery.RecoveryError("the link is used, or its address has changed")
    here.prove("email")
    return redirect(here.hub, HTTPStatus.SEE_OTHER)


def send_letter(here: Here, known: Known) -> None:
    """Send a code and a link to the account's mailbox, behind the answer."""
    provider, now, source = here.provider, here.visit.now, here.visit.source
    token, address = secrets.token_urlsafe(32), known.email
    kept = {"case": here.case.id, "email": _blind(here, address)}
    path = url_for("forgotten.link", token=token)
    locale, errand = language.current(), here.errand(address)
    ttl = provider.config.lifetimes.reset_link

    def send() -> None:
        if address:
            provider.ephemeral.put(_link_key(token), kept, ttl=ttl)
            EmailCodes(provider).send(
                errand,
                source=source,
                locale=locale,
                now=now,
                link=provider.config.issuer + path,
            )

    _later(here, send)


def send_message(here: Here, known: Known) -> None:
    """Send a code to the account's phone, behind the answer; never a link."""
    provider, now, source = here.provider, here.visit.now, here.visit.source
    locale, errand = language.current(), here.errand(known.phone)

    def send() -> None:
        if known.phone:
            SmsCodes(provider).send(errand, source=source, locale=locale, now=now)

    _later(here, send)


def _open(here: Visit, number: str, subject: str) -> Here:
    provider = here.provider
    with provider.database.read() as connection:
        account_id = identifiers.find_account_id(connection, provider.sealer, number)
    known = way_back_case.read_known(provider, account_id or UUID(int=0), now=here.now)
    by_phone = bool(known.phone) and not (known.email and provider.mail.is_on)
    case = recovery.open_case(
        here.browser or "",
        now=here.now,
        subject=subject,
        account_id=account_id,
        is_by_number=True,
        channel="sms" if by_phone else "email",
    )
    begun = Here(here, case)
    begun.save(case)
    if by_phone:
        send_message(begun, known)
    else:
        send_letter(begun, known)
    return begun


def _later(here: Here, send: Callable[[], None]) -> None:
    def run() -> None:
        try:
            send()
        except IdpError as error:
            log.warning("code not sent", code=error.code, detail=error.detail)

    here.provider.courier.later(run)


def _wait(here: Visit, subject: str) -> int:
    """Return how long to wait, if this number or this source asks too often."""
    throttle, ephemeral = here.provider.config.throttle, here.provider.ephemeral
    counts = (
        (f"recoveries:{subject}", throttle.recoveries_per_account),
        (f"recoveries-from:{here.source}", throttle.sms_per_source),
    )
    over = [
        ephemeral.count(counter, ttl=throttle.window) > most for counter, most in counts
    ]
    return throttle.window if any(over) else 0


def _blind(here: Here, email: str) -> str:
    return here.provider.sealer.index(email, context="reset.email").hex()


def _link_key(token: str) -> str:
    return f"reset-link:{hashlib.sha256(token.encode()).hexdigest()}"


def _link_form(token: str) -> str:
    return f"reset-link:{token}"


def _page(
    here: Visit, number: str = "", problem: Problem | None = None, *, wait: int = 0
) -> Response:
    body = render_template(
        "back_forgotten.html", token=here.token(_FORM), number=number, problem=problem
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    response = make_response(body, HTTPStatus.TOO_MANY_REQUESTS if wait else status)
    if wait:
        response.headers["Retry-After"] = str(wait)
    return response
