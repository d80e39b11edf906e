"""What the holder chooses once the phone is proven: password, passcode or passkey.

The last choice activates the account; nobody is signed in by it.
"""

from dataclasses import replace
from http import HTTPStatus

from flask import Blueprint, Response, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.accounts.lifecycle import LifecycleError
from idp.enrolment import activation, activation_case
from idp.enrolment.activation import Chosen
from idp.enrolment.activation_case import ActivationError
from idp.factors import notices, passcode, passkey, passkey_options
from idp.factors.attestation import UntrustedModelError
from idp.factors.passkey_answers import PasskeyRefusedError
from idp.factors.passkey_options import PersonName
from idp.web import new_passcode, new_password, passkey_names, people
from idp.web.activate.here import Here, enter_proven
from idp.web.counter_mode import refuse_at_counter
from idp.web.problem import Problem, notice

blueprint = Blueprint("activate_secrets", __name__)

_PASSWORD, _PASSCODE, _PASSKEY = (
    "activate-password",
    "activate-passcode",
    "activate-passkey",
)


@blueprint.get("/activate/<activation_id>/password")
def password(activation_id: str) -> ResponseReturnValue:
    """Ask for a password."""
    here = enter_proven(activation_id)
    return _page("activate/password.html", here, token=here.token(_PASSWORD))


@blueprint.post("/activate/<activation_id>/password")
def choose_password(activation_id: str) -> ResponseReturnValue:
    """Keep its hash until the account is activated."""
    here = enter_proven(activation_id)
    typed = here.visit.check(here.purpose(_PASSWORD), *new_password.FIELDS)
    provider, account_id = here.provider, here.case.holder
    problem = new_password.problem_of(provider, account_id, typed)
    if problem:
        token = here.token(_PASSWORD)
        return _page("activate/password.html", here, problem, token=token)
    strength = new_password.strength_of(provider, account_id, typed["password"])
    hashed = provider.passwords.hash(typed["password"])
    sealed = here.case.seal_password(provider.sealer, hashed)
    here.save(replace(here.case, password=sealed, strength=strength))
    return here.go_on()


@blueprint.get("/activate/<activation_id>/second")
def second(activation_id: str) -> ResponseReturnValue:
    """Ask for a passcode, and offer a passkey on a device of one's own."""
    return _second_page(enter_proven(activation_id, has_password=True))


@blueprint.post("/activate/<activation_id>/second")
def choose_passcode(activation_id: str) -> ResponseReturnValue:
    """Activate the account with password and passcode."""
    here = enter_proven(activation_id, has_password=True)
    typed = here.visit.check(here.purpose(_PASSCODE), *new_passcode.FIELDS)
    problem = new_passcode.problem_of(here.provider, here.case.holder, typed)
    if problem:
        return _second_page(here, problem)
    hashed = passcode.hash_passcode(here.provider.passwords, typed["passcode"])
    password_hash = here.case.password_hash(here.provider.sealer)
    return _activate(here, Chosen(password_hash, passcode_hash=hashed))


@blueprint.post("/activate/<activation_id>/passkey/options")
def passkey_request(activation_id: str) -> ResponseReturnValue:
    """Return what the script hands to the browser, with a challenge of its own."""
    here = enter_proven(activation_id, has_password=True)
    refuse_at_counter(here.visit)
    here.visit.check(here.purpose(_PASSKEY))
    person = people.person(here.provider, here.case.holder, is_masked=True)
    text = passkey_options.enrolment_options(
        here.provider.ephemeral,
        here.provider.passkeys,
        (),
        account_id=here.case.holder,
        person=PersonName(person.number, person.name),
        binding=here.binding,
        now=here.visit.now,
    )
    return Response(text, mimetype="application/json")


@blueprint.post("/activate/<activation_id>/passkey")
def choose_passkey(activation_id: str) -> ResponseReturnValue:
    """Activate the account with password and passkey."""
    here = enter_proven(activation_id, has_password=True)
    refuse_at_counter(here.visit)
    answer = here.visit.check(here.purpose(_PASSKEY), "credential")["credential"]
    if not answer:  # its browser runs no scripts
        return _second_page(here)
    try:
        new = passkey.check_enrolment(
            here.provider.ephemeral,
            here.provider.passkeys,
            answer=answer,
            binding=here.binding,
            now=here.visit.now,
        )
    except (PasskeyRefusedError, UntrustedModelError) as error:
        return _second_page(here, notice(error.code, detail=error.detail))
    password_hash = here.case.password_hash(here.provider.sealer)
    label = passkey_names.proposed()
    return _activate(here, Chosen(password_hash, passkey=new, passkey_label=label))


@blueprint.get("/activate/done")
def done() -> ResponseReturnValue:
    """Say that the account is active, and that signing in comes next."""
    return render_template("activate/done.html")


def _activate(here: Here, chosen: Chosen) -> ResponseReturnValue:
    """Activate once: a second press of the same choice sees that it is done."""
    provider, account_id, now = here.provider, here.case.holder, here.visit.now
    try:
        with provider.database.transaction() as database:
            known = contacts.read_contacts(database, provider.sealer, account_id)
            activation.activate(
                provider,
                database,
                account_id,
                chosen,
                at_counter=here.visit.is_counter,
                now=now,
            )
    except LifecycleError as error:
        with provider.database.read() as connection:
            is_ours = activation.is_done_with(
                connection, account_id, chosen.password_hash
            )
        if not is_ours:
            raise ActivationError("the account is not waiting for it") from error
    else:
        notices.warn(provider, known, "activated", now)
    activation_case.end(provider.ephemeral, here.case)
    return redirect(url_for("activate_secrets.done"), HTTPStatus.SEE_OTHER)


def _second_page(here: Here, problem: Problem | None = None) -> ResponseReturnValue:
    strength = here.case.strength
    return _page(
        "activate/second.html",
        here,
        problem,
        strength=new_password.strength_text(strength) if strength else "",
        token=here.token(_PASSCODE),
        passkey_token=here.token(_PASSKEY),
        action=url_for("activate_secrets.choose_passkey", activation_id=here.case.id),
        second=url_for("activate_secrets.second", activation_id=here.case.id),
        options=url_for("activate_secrets.passkey_request", activation_id=here.case.id),
        back=url_for("activate_secrets.password", activation_id=here.case.id),
    )


def _page(
    template: str, here: Here, problem: Problem | None = None, **values: object
) -> ResponseReturnValue:
    body = render_template(template, problem=problem, until=here.until(), **values)
    return make_response(
        body, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    )
