"""The page where the code of a device without a browser is typed (RFC 8628 §3.3).

The code finds who asks and from where; going on is an explicit form, since a code may
come from a stranger (§5.4). What follows is the sign-in of any other request.
"""

from dataclasses import replace
from http import HTTPStatus
from uuid import UUID

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
from werkzeug.wrappers import Response as BaseResponse

from idp.authentication import deciding, transaction, waiting
from idp.authentication.waiting import Waiting
from idp.web import (
    devices_seen,
    forms,
    presentation,
    proofs,
    visit,
    way_back_case,
)
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("user_code", __name__)

_FORM, _OVER = "user-code", "DD-DEV-006"
_MAX_TYPED = 32


@blueprint.get("/device")
def show() -> ResponseReturnValue:
    """Ask for the code; one that came in the address is only filled in (§3.3.1)."""
    return _ask(way_back_case.named(), request.args.get("user_code", ""))


@blueprint.post("/device")
def find() -> ResponseReturnValue:
    """Show who asks, if the code is one that waits; guesses are counted (§5.1)."""
    here = visit.begin()
    typed = here.check(_FORM, "user_code")["user_code"]
    admission = here.provider.throttle.admit_user_code(here.source)
    if not admission.allowed:
        wait = admission.retry_after
        return _ask(here, "", proofs.too_many(wait), HTTPStatus.TOO_MANY_REQUESTS)
    found = waiting.find_by_code(here.provider.ephemeral, typed, now=here.now)
    if found is None:
        wrong = notice(_OVER).at("user_code", gettext("Look at the code again"))
        return _ask(here, typed, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
    here.provider.throttle.succeeded(admission)
    return _confirm(here, found)


@blueprint.post("/device/allow")
def decide() -> ResponseReturnValue:
    """Begin the sign-in for the device, or refuse it."""
    here = visit.begin()
    code = forms.read("user_code")["user_code"]
    fields = here.check(_allow(code), "user_code", "decision")
    found = waiting.find_by_code(here.provider.ephemeral, code, now=here.now)
    if found is None:
        return _over()
    if fields["decision"] != "allow":
        deciding.refuse(
            here.provider, found, here.signed_in(), ground="citizen", now=here.now
        )
        return ended("refused")
    return go_on(here, found)


def go_on(here: Visit, found: Waiting, account_id: UUID | None = None) -> BaseResponse:
    """Begin the sign-in that answers a request, as this citizen if one is named."""
    started = transaction.prepare(here.browser or "", now=here.now, request=found.asked)
    started = replace(started, chosen_account=account_id)
    ttl = here.provider.config.lifetimes.transaction
    transaction.save(here.provider.ephemeral, started, now=here.now, ttl=ttl)
    address = url_for("oidc.resume", transaction=started.id)
    return redirect(address, HTTPStatus.SEE_OTHER)


def ended(outcome: str) -> BaseResponse:
    """Lead to the page that says how it ended."""
    return redirect(url_for("user_code.done", outcome=outcome), HTTPStatus.SEE_OTHER)


@blueprint.get("/device/done/<any(approved, refused, over):outcome>")
def done(outcome: str) -> ResponseReturnValue:
    """Say that the other screen goes on, or not."""
    if outcome == "over":
        return _over()
    return render_template("approved.html", approved=outcome == "approved")


def _ask(
    here: Visit,
    typed: str,
    problem: Problem | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    body = render_template(
        "user_code.html",
        token=here.token(_FORM),
        typed=typed[:_MAX_TYPED],
        problem=problem,
    )
    return way_back_case.keep_name(here, make_response(body, status))


def _confirm(here: Visit, found: Waiting) -> ResponseReturnValue:
    party = here.provider.relying_parties.find(found.request.client_id)
    if party is None:
        return _over()
    return render_template(
        "user_code_allow.html",
        token=here.token(_allow(found.user_code)),
        code=found.user_code,
        shown_code=found.shown_code,
        party=visit.asker_of(party),
        browser=devices_seen.browser_name(str(found.place["user_agent"])),
        source=str(found.place["source"]),
        moment=presentation.exact_moment_text(found.made_at),
    )


def _over() -> ResponseReturnValue:
    body = render_template("refused.html", problem=notice(_OVER))
    return body, HTTPStatus.UNPROCESSABLE_ENTITY


def _allow(code: str) -> str:
    return f"device-allow:{code}"
