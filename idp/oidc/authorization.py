"""The authorization endpoint: the dispatcher that alone decides the next step.

/authorize reads a request, /authorize/resume comes back after every step, and both ask
the same questions in the same order: is the citizen proven as asked, for whom do they
act, is consent given?
A transaction is stored only when some step is unmet. Steps never route to one another.
"""

from datetime import datetime

from authlib.oauth2.rfc6749 import AccessDeniedError
from flask import Response, request, url_for

from idp import clock
from idp.accounts.principals import Principal
from idp.audit.representation_events import ActedFor
from idp.authentication import assurance, session, session_changes, steps, transaction
from idp.authentication.session import SignedIn
from idp.authentication.transaction import AuthorizationRequest
from idp.consent.grants import GrantView
from idp.consent.policy import ConsentStep
from idp.logs import note_client
from idp.oidc import codes, pushed, response_modes, way
from idp.oidc.authorization_request import (
    FOREIGN_REDIRECT_URI,
    RefusedRequestError,
    UntrustedRequestError,
    parse_request,
    party_at_work,
)
from idp.oidc.decoupled import outcome
from idp.oidc.request_guard import Form
from idp.oidc.response_modes import reply_to
from idp.oidc.scene import Scene, look, unconsented, unproven
from idp.oidc.server import AuthorizationServer
from idp.oidc.server import current as current_server
from idp.oidc.visit import (
    Visit,
    browser_value,
    find_signed_in,
    name_browser,
    parameters,
    returning,
    see_other,
)
from idp.provider import Provider
from idp.provider import current as current_provider
from idp.relying_parties.record import RelyingParty, redirect_uri_allowed


def authorize() -> Response:
    """Answer GET and POST /authorize (OpenID Connect Core §3.1.2.1)."""
    server, now = current_server(), clock.now()
    provider = server.provider
    try:
        asked = _read(server, parameters(), now=now)
    except RefusedRequestError as refused:
        return response_modes.refusal(provider, refused.reply, refused.error, now=now)
    note_client(asked.client_id)
    if request.method == "POST":
        return _as_get(provider, asked)
    value, is_new = browser_value(provider)
    started = transaction.prepare(value, now=now, request=asked)
    response = _dispatch(Visit(provider, started, now, is_stored=False))
    if is_new:
        name_browser(provider, response, value)
    return response


def resume() -> Response:
    """Answer GET /authorize/resume: back from a step, on to the next or the end."""
    asked_id = request.args.get("transaction", "")
    visit = returning(current_provider(), asked_id, now=clock.now())
    return _deny(visit) if visit.transaction.denied else _dispatch(visit)


def cancel() -> Response:
    """Answer POST /authorize/cancel: the citizen gives up (access_denied)."""
    asked_id = request.form.get("transaction", "")
    return _deny(returning(current_provider(), asked_id, now=clock.now()))


def _read(
    server: AuthorizationServer, params: Form, *, now: datetime
) -> AuthorizationRequest:
    if pushed.is_pushed(params):
        return pushed.find(server.provider, params)
    return parse_request(server, params, now=now, is_pushed=False)


def _as_get(provider: Provider, asked: AuthorizationRequest) -> Response:
    # A form posted from the client's site brings no SameSite=Lax cookie, so the session
    # would seem absent; the GET that follows a redirect does bring it.
    request_uri = asked.request_uri or pushed.keep(provider, asked)
    return see_other(
        url_for("oidc.authorize", client_id=asked.client_id, request_uri=request_uri)
    )


def _dispatch(visit: Visit) -> Response:
    asked = visit.transaction.request
    if asked is None:
        return _dispatch_own_page(visit)
    scene = look(visit, asked, _party(visit.provider, asked))
    step: steps.Step | ConsentStep | None = unproven(visit, scene)
    if step is None and scene.signed_in:
        signed_in = scene.whom.at_level(scene.signed_in)
        step = unconsented(visit, scene, signed_in)
        if step is None and scene.grant:
            return _finish(visit, scene, signed_in, scene.grant)
    return _stop(visit, scene, step or steps.NO_SESSION)


def _dispatch_own_page(visit: Visit) -> Response:
    signed_in = find_signed_in(visit.provider, now=visit.now)
    step = steps.unmet(
        visit.transaction,
        signed_in,
        subject=None,
        minimum_acr=None,
        biometric=visit.provider.config.assurance.verified_passkey_is_biometric,
        now=visit.now,
    )
    if step and step.page:
        return visit.send_to(step.page, reason=step.reason)
    visit.end()
    return see_other(visit.transaction.return_path or url_for("pages.home"))


def _party(provider: Provider, asked: AuthorizationRequest) -> RelyingParty:
    # The registration may have changed since the request was checked.
    party = party_at_work(provider, asked.client_id)
    if not asked.waiting and not redirect_uri_allowed(party, asked.redirect_uri):
        raise UntrustedRequestError(
            "redirect_uri is not registered", code=FOREIGN_REDIRECT_URI
        )
    return party


def _stop(visit: Visit, scene: Scene, step: steps.Step | ConsentStep) -> Response:
    is_silent = "none" in scene.asked.prompt
    if step.page and not is_silent:
        way.stopped(visit, step, scene.signed_in)
        return visit.send_to(step.page, reason=step.reason)
    if not is_silent:
        way.failed(visit, step.reason)
    visit.end()
    if scene.asked.waiting:
        return outcome.refuse(visit, scene.asked, step.reason)
    # The reason would tell the client of a lock, say; the error is all it may know.
    return response_modes.failure(
        visit.provider, reply_to(scene.asked), step.error, now=visit.now
    )


def _finish(
    visit: Visit, scene: Scene, signed_in: SignedIn, grant: GrantView
) -> Response:
    asked = scene.asked
    provider, reply = visit.provider, reply_to(asked)
    if not pushed.consume(provider, asked, visit.transaction.id, ttl=visit.lifetime):
        error, why = "invalid_request_uri", "request_uri was used"
        return response_modes.failure(provider, reply, error, why, now=visit.now)
    _note(visit, asked, signed_in)
    if scene.whom.principal:
        _note_acting(visit, asked, signed_in, scene.whom.principal)
    earned = assurance.earned(signed_in.session.events, signed_in.account.level)
    requested = (*asked.essential_acr, *asked.acr_values)
    code = codes.issue(
        provider,
        request=asked,
        signed_in=signed_in,
        earned=earned,
        grant=grant,
        answer_acr=assurance.answer(requested, earned),
        now=visit.now,
    )
    way.finished(visit, signed_in)
    visit.end()
    if asked.waiting:
        return outcome.approve(visit, asked, signed_in, code=code)
    return response_modes.success(provider, reply, code=code, now=visit.now)


def _note(visit: Visit, asked: AuthorizationRequest, signed_in: SignedIn) -> None:
    seen, now = signed_in.session, visit.now
    is_first = asked.client_id not in seen.client_ids
    if not is_first and not session.needs_touch(seen, now=now):
        return
    with visit.provider.database.transaction() as database:
        if is_first:
            session_changes.reach(
                visit.provider,
                database,
                session=seen,
                client_id=asked.client_id,
                now=now,
            )
        else:
            session_changes.touch(database, session=seen, now=now)


def _note_acting(
    visit: Visit, asked: AuthorizationRequest, signed_in: SignedIn, whom: Principal
) -> None:
    event = ActedFor(whom.id, signed_in.account.id, asked.client_id, whom.relation)
    with visit.provider.database.transaction() as database:
        visit.provider.audit.record(database, event, now=visit.now)


def _deny(visit: Visit) -> Response:
    asked = visit.transaction.request
    if asked is None:
        visit.end()
        return see_other(url_for("pages.home"))
    _party(visit.provider, asked)
    pushed.consume(visit.provider, asked, visit.transaction.id, ttl=visit.lifetime)
    way.denied(visit, asked.client_id)
    visit.end()
    if asked.waiting:
        return outcome.refuse(visit, asked, outcome.CITIZEN)
    denied = AccessDeniedError("The citizen did not continue")
    reply = reply_to(asked)
    return response_modes.refusal(visit.provider, reply, denied, now=visit.now)
