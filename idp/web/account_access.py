"""Who may open the citizen's own page: whoever is signed in whole, in this browser.

A session without its one-time code shows nothing, and an action asks for a fresh
factor: both lead through an authentication transaction of our own and back.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from flask import Response, make_response, redirect, url_for

from idp.authentication import browser, device_changes, steps, transaction
from idp.authentication.session import SignedIn
from idp.web import visit
from idp.web.visit import Visit


def enter(return_path: str) -> tuple[Visit, SignedIn | Response]:
    """Return the signed-in citizen, or the response that leads to signing in."""
    here = visit.begin()
    signed_in = here.signed_in()
    if signed_in is None or steps.unmet_session(signed_in) is not None:
        return here, _lead_to_sign_in(here, return_path, max_age=None)
    return here, signed_in


def act(return_path: str, *, strong: bool = False) -> tuple[Visit, SignedIn | Response]:
    """Return the citizen if a factor is fresh, or the response that asks for one.

    `strong` is for what decides who may sign in from now on: the strongest that the
    account can prove, in this very browser (a further factor, a contact, a password).
    """
    here, member = enter(return_path)
    if isinstance(member, Response):
        return here, member
    config = here.provider.config
    step = steps.unmet_action(
        member,
        max_age=config.lifetimes.fresh_factor,
        is_strong=strong,
        biometric=config.assurance.verified_passkey_is_biometric,
        now=here.now,
    )
    if step is None:
        return here, member
    max_age = config.lifetimes.fresh_factor
    return here, _lead_to_sign_in(here, return_path, max_age=max_age, is_strong=strong)


def purpose(member: SignedIn, action: str) -> str:
    """Bind a form to this session: a shared computer's next citizen cannot use it."""
    return f"account:{member.session.id}:{action}"


def hold_codes(here: Visit, database: Any, member: SignedIn) -> None:
    """Hold codes by SMS back in this transaction, for a device that comes or goes."""
    config, account = here.provider.config, member.account
    device_changes.hold_codes(
        database,
        here.provider.audit,
        account.id,
        has_password="pwd" in account.factors,
        until=here.now + timedelta(seconds=config.lifetimes.held_factor),
        now=here.now,
    )


def _lead_to_sign_in(
    here: Visit, return_path: str, *, max_age: int | None, is_strong: bool = False
) -> Response:
    provider = here.provider
    value = here.browser or browser.new_value()
    started = transaction.prepare(
        value,
        now=here.now,
        return_path=return_path,
        max_age=max_age,
        is_strong=is_strong,
    )
    ttl = provider.config.lifetimes.transaction
    transaction.save(provider.ephemeral, started, now=here.now, ttl=ttl)
    address = url_for("oidc.resume", transaction=started.id)
    response = make_response(redirect(address, HTTPStatus.SEE_OTHER))
    if here.browser is None:
        here.keep(response, (browser.BROWSER, value, None))
    return response
