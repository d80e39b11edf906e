"""Adding a passkey: a page of the account, and the options that its script asks for."""

from http import HTTPStatus

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import contacts
from idp.authentication.session import SignedIn
from idp.factors import notices, passkey, passkey_options, passkey_store
from idp.factors.attestation import UntrustedModelError
from idp.factors.passkey_answers import NewPasskey, PasskeyRefusedError
from idp.factors.passkey_options import PersonName
from idp.web import account, account_access, passkey_names, people
from idp.web.counter_mode import refuse_at_counter
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.visit import Visit

blueprint = Blueprint("account_passkey", __name__)

_KNOWN = "DD-PASSKEY-003"


@blueprint.get("/account/ways/passkey")
def show() -> ResponseReturnValue:
    """Explain passkeys and offer to add one, after the strongest fresh proof."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    refuse_at_counter(here)
    return _page(here, member)


@blueprint.post("/account/ways/passkey/options")
def options() -> ResponseReturnValue:
    """Return what the script hands to the browser, with a challenge of its own."""
    here, member = account_access.act(url_for("account_passkey.show"), strong=True)
    if isinstance(member, Response):
        return member
    refuse_at_counter(here)
    here.check(_purpose(member))
    provider, account_id = here.provider, member.account.id
    with provider.database.read() as connection:
        known = passkey_store.list_for(connection, account_id)
    person = people.person(provider, account_id, is_masked=True)
    text = passkey_options.enrolment_options(
        provider.ephemeral,
        provider.passkeys,
        known,
        account_id=account_id,
        person=PersonName(person.number, person.name),
        binding=_binding(member),
        now=here.now,
    )
    return Response(text, mimetype="application/json")


@blueprint.post("/account/ways/passkey")
def add() -> ResponseReturnValue:
    """Check the new passkey and keep it under its name."""
    here, member = account_access.act(request.path, strong=True)
    if isinstance(member, Response):
        return member
    refuse_at_counter(here)
    fields = here.check(_purpose(member), "credential", "label")
    label = passkey_names.legible(fields["label"])
    if not fields["credential"]:  # its browser runs no scripts
        return _page(here, member, label=label)
    try:
        new = passkey.check_enrolment(
            here.provider.ephemeral,
            here.provider.passkeys,
            answer=fields["credential"],
            binding=_binding(member),
            now=here.now,
        )
    except (PasskeyRefusedError, UntrustedModelError) as error:
        problem = notice(error.code, detail=error.detail)
        return _page(here, member, problem, label=label)
    if not _keep(here, member, new, label or passkey_names.proposed()):
        return _page(here, member, notice(_KNOWN), label=label)
    done = "passkey-added" if new.seen.is_user_verified else "key-added"
    return redirect(url_for("account.factors", done=done), HTTPStatus.SEE_OTHER)


def _keep(here: Visit, member: SignedIn, new: NewPasskey, label: str) -> bool:
    provider = here.provider
    with provider.database.transaction() as database:
        known = contacts.read_contacts(database, provider.sealer, member.account.id)
        account_access.hold_codes(here, database, member)
        added = passkey_store.add(
            database,
            provider.audit,
            member.account.id,
            new,
            label=label,
            usable_from=None,
            now=here.now,
        )
    if added is None:
        return False
    kind = "passkey" if new.seen.is_user_verified else "security_key"
    notices.warn(provider, known, "way_added", here.now, way=kind)
    return True


def _binding(member: SignedIn) -> str:
    return f"{member.session.id}:{member.account.id}"


def _purpose(member: SignedIn) -> str:
    return account_access.purpose(member, "passkey")


def _page(
    here: Visit, member: SignedIn, problem: Problem | None = None, *, label: str = ""
) -> Response:
    return account.page(
        "passkey",
        gettext("Add a passkey"),
        tab="account.factors",
        problem=problem,
        label=label or passkey_names.proposed(),
        token=here.token(_purpose(member)),
    )
