"""What every page does once a factor was verified, and says once it was not.

`begin` takes the first proof of a person, `complete` a further one of the person who is
signed in. Both answer with the way back to the dispatcher, which alone decides whether
that was enough.
"""

from dataclasses import replace
from http import HTTPStatus
from uuid import UUID

from flask import Response, make_response, redirect, request
from flask.typing import ResponseReturnValue

from idp.accounts.standing import read_standing
from idp.authentication import browser, sign_in, steps
from idp.authentication.session import AuthenticationEvent, SignedIn
from idp.authentication.session_changes import FirstProof
from idp.factors import devices
from idp.factors.results import VerifiedFactor
from idp.web import messages, refused
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Step

_MINUTE = 60
_MAX_USER_AGENT = 300


def begin(step: Step, account_id: UUID, factor: VerifiedFactor) -> ResponseReturnValue:
    """Sign the person in by a first proof, or say what stands against the account."""
    provider = step.visit.provider
    with provider.database.read() as connection:
        standing = read_standing(connection, account_id)
    if standing.effective != "active":
        return refused.page(step, messages.refusal_code(standing.state, standing.locks))
    former = step.visit.signed_in()
    first = FirstProof(
        account_id,
        AuthenticationEvent.of(factor),
        origin={
            "source": step.visit.source,
            "user_agent": (request.user_agent.string or "")[:_MAX_USER_AGENT],
        },
        arrived_at=step.visit.now,
    )
    with provider.database.transaction() as database:
        token = sign_in.sign_in(
            provider, database, first, former=former.session if former else None
        )
    step.save(replace(step.transaction, chosen_account=account_id))
    return go_on(step, token)


def complete(step: Step, factor: VerifiedFactor) -> Response:
    """Add a further proof of the person who is signed in; they were just asked for it.

    The caller has verified it for this session's account, in a transaction of its own.
    """
    signed_in = step.visit.signed_in()
    if signed_in is None:
        return go_on(step, None)
    provider = step.visit.provider
    with provider.database.transaction() as database:
        token = sign_in.prove(
            provider,
            database,
            session=signed_in.session,
            factor=factor,
            now=step.visit.now,
        )
    return go_on(step, token)


def go_on(step: Step, token: str | None) -> Response:
    """Return to the dispatcher, with the session's new cookie if there is one."""
    response = make_response(redirect(step.resume, HTTPStatus.SEE_OTHER))
    if token is None:
        return response
    cookies: list[tuple[str, str, int | None]] = [(browser.SESSION, token, None)]
    proven = replace(step.visit, session_token=token).signed_in()
    if proven and _earns_mark(proven):
        lifetime = int(devices.LIFETIME.total_seconds())
        mark = _remember(step, proven.account.id)
        cookies.append((browser.DEVICE, mark, lifetime))
    step.visit.keep(response, *cookies)
    return response


def too_many(wait: int) -> Problem:
    """Return the problem of a citizen who has to wait `wait` seconds at most."""
    if wait < 2 * _MINUTE:
        mend = gettext("Try again in %(seconds)s seconds", seconds=wait)
    else:
        mend = gettext("Try again in %(minutes)s minutes", minutes=-(-wait // _MINUTE))
    return notice("DD-AUTH-002").at("main", mend)


def _earns_mark(signed_in: SignedIn) -> bool:
    # Whoever was let in by another device has proven nothing with this one.
    own = steps.without_device(signed_in)
    return own is not None and steps.unmet_session(own) is None


def _remember(step: Step, account_id: UUID) -> str:
    with step.visit.provider.database.transaction() as database:
        return devices.remember(
            database,
            step.visit.provider.audit,
            account_id,
            cookie=step.visit.device,
            now=step.visit.now,
        )
