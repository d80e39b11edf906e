"""What every page does before and after a factor is verified, and says if it was not.

`attempt` counts a try, and gives it back if it was right. `begin` takes the first proof
of a person, `complete` a further one of the person who is signed in. Both answer with
the way back to the dispatcher, which alone decides whether that was enough.
"""

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import TypeVar
from uuid import UUID

from flask import Response, make_response, redirect, request
from flask.typing import ResponseReturnValue

from idp import metrics
from idp.accounts.standing import read_standing
from idp.authentication import browser, sign_in, steps
from idp.authentication.session import AuthenticationEvent, SignedIn
from idp.authentication.session_changes import FirstProof
from idp.errors import BusyError
from idp.factors import devices
from idp.factors.results import Verification, VerifiedFactor
from idp.factors.throttle import Kind
from idp.web import double_click, messages, refused
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Step

_MINUTE = 60
_HOUR = 60 * _MINUTE
_MAX_USER_AGENT = 300

Proof = TypeVar("Proof")


def attempt(
    step: Step,
    kind: Kind,
    check: Callable[[], Proof | None],
    *,
    subject: str,
    account_id: UUID,
) -> tuple[Proof | None, int]:
    """Return what `check` found, and how long to wait if it may not be tried now.

    `subject` is the name under which tries are counted, `account_id` the account whose
    devices have counters of their own.
    """
    here, throttle = step.visit, step.visit.provider.throttle
    with here.provider.database.read() as connection:
        device = devices.find_known(connection, here.device, account_id, now=here.now)
    admission = throttle.admit(kind, subject=subject, source=here.source, device=device)
    if not admission.allowed:
        here.provider.funnel.note("try", f"{kind}_too_many", now=here.now)
        metrics.PROOFS.labels(kind, "too_many").inc()
        return None, admission.retry_after
    try:
        with metrics.proof(kind):
            proof = check()
    except BusyError:
        throttle.succeeded(admission)  # nothing was guessed
        raise
    if proof is not None:
        throttle.succeeded(admission)
        metrics.PROOFS.labels(kind, "proven").inc()
    else:
        metrics.PROOFS.labels(kind, "wrong").inc()
        here.provider.funnel.note("try", f"{kind}_wrong", now=here.now)
    return proof, 0


def attempt_code(
    step: Step, signed_in: SignedIn, code: str, verify: Verification
) -> tuple[str | None, int]:
    """Add what a typed code proves to the session of whoever is signed in.

    Return the session's new cookie, and how long to wait if no try is allowed. Codes
    of every kind are counted together: guessing one is guessing the others.
    """
    account_id = signed_in.account.id
    return attempt(
        step,
        "otp",
        lambda: _use(step, signed_in, code, verify),
        subject=str(account_id),
        account_id=account_id,
    )


def begin(step: Step, account_id: UUID, factor: VerifiedFactor) -> ResponseReturnValue:
    """Sign the person in by a first proof, or say what stands against the account."""
    provider = step.visit.provider
    with provider.database.read() as connection:
        standing = read_standing(connection, account_id)
    if standing.effective != "active":
        reason = f"account_{standing.effective}"
        provider.funnel.note("failed", reason, now=step.visit.now)
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
        at_counter=step.visit.is_counter,
    )
    with provider.database.transaction() as database:
        token = sign_in.sign_in(
            provider, database, first, former=former.session if former else None
        )
    if former is None:
        provider.funnel.note("identified", now=step.visit.now)
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
    if proven and not step.visit.is_counter and _earns_mark(proven):
        lifetime = int(devices.LIFETIME.total_seconds())
        mark = _remember(step, proven.account.id)
        cookies.append((browser.DEVICE, mark, lifetime))
    step.visit.keep(response, *cookies)
    return response


def too_many(wait: int) -> Problem:
    """Return the problem of a citizen who has to wait `wait` seconds at most."""
    if wait < 2 * _MINUTE:
        mend = gettext("Try again in %(seconds)s seconds", seconds=wait)
    elif wait < 2 * _HOUR:
        mend = gettext("Try again in %(minutes)s minutes", minutes=-(-wait // _MINUTE))
    else:
        mend = gettext("Try again in %(hours)s hours", hours=-(-wait // _HOUR))
    return notice("DD-AUTH-002").at("main", mend)


def _use(
    step: Step, signed_in: SignedIn, code: str, verify: Verification
) -> str | None:
    provider, session = step.visit.provider, signed_in.session
    with provider.database.transaction() as database:
        sign_in.hold(database, session=session)
        factor = verify(database)
        if factor is None:
            return None
        token = sign_in.prove(
            provider, database, session=session, factor=factor, now=step.visit.now
        )
        double_click.keep(step, code, token)
    return token


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
