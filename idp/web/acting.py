"""For whom do you act? Oneself, a ward or an organisation (D69/2024 art. 12, 14).

Shown after the proof and before consent, where a portal asks and there is a choice. A
plain member of an organisation sees it too, and is told why it cannot be chosen.
"""

import hashlib
from dataclasses import dataclass, replace
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.accounts.principals import Principal
from idp.authentication import acting, assurance, steps
from idp.authentication.acting import Acting
from idp.authentication.session import SignedIn
from idp.enrolment.organisation_source import SourceDownError
from idp.locks import register
from idp.web import people, visit, whose
from idp.web.csrf import CsrfError
from idp.web.forms import FormError
from idp.web.language import gettext, phrase
from idp.web.problem import notice
from idp.web.visit import Step

blueprint = Blueprint("acting", __name__)

NO_MANDATE, NOBODY, NOT_NOW, TOO_LOW = (
    "DD-ORG-001",
    "DD-ORG-005",
    "DD-ORG-006",
    "DD-AUTH-031",
)
OBSTACLES = {"no_mandate": NO_MANDATE, "locked": NOT_NOW, "not_granted": NOT_NOW}
WHY_NOT = {
    NO_MANDATE: phrase("You have no mandate to act for it."),
    NOT_NOW: phrase("This account cannot be used at the moment."),
    TOO_LOW: phrase("This account's level does not reach what the portal asks."),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """The question to one citizen at one step."""

    step: Step
    signed_in: SignedIn
    whom: Acting

    @property
    def purpose(self) -> str:
        """Return the form's purpose: this citizen, and exactly these choices."""
        ids = [self.signed_in.account.id, *(item.id for item in self.whom.options)]
        digest = hashlib.sha256(b"".join(one.bytes for one in ids)).hexdigest()
        return self.step.purpose(f"acting:{digest}")


@blueprint.get("/acting/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Ask for whom."""
    step = visit.enter(transaction)
    choice = _choice(step)
    if choice is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    if not choice.whom.options:
        return _refused(choice, NOBODY)
    return _page(choice)


@blueprint.post("/acting/<transaction>")
def choose(transaction: str) -> ResponseReturnValue:
    """Keep the choice and go on, or say why it cannot be."""
    step = visit.enter(transaction)
    choice = _choice(step)
    if choice is None:  # no page of ours asked this
        raise CsrfError("nothing to choose")
    chosen = _named(step.visit.check(choice.purpose, "whom")["whom"])
    account_id = choice.signed_in.account.id
    if chosen == account_id and choice.whom.own:
        return _keep(choice, chosen)
    principal = _option(choice, chosen)
    if principal is None:
        raise FormError("nobody to act for")
    if principal.kind == "organisation":
        change = _asked(choice, principal)
        if change == "locked":
            return _refused(choice, NOT_NOW)
        if change == "replaced":
            now_open = _choice(step)
            principal = _option(now_open, chosen) if now_open else None
            if principal is None:
                return _refused(choice, NO_MANDATE)
    code = _obstacle(choice, principal)
    return _refused(choice, code) if code else _keep(choice, principal.id)


def _option(choice: Choice, chosen: UUID) -> Principal | None:
    return next((one for one in choice.whom.options if one.id == chosen), None)


def _choice(step: Step) -> Choice | None:
    signed_in, party, now = step.visit.signed_in(), step.party, step.visit.now
    if signed_in is None or party is None:
        return None
    if steps.unmet_session(signed_in) is not None:
        return None
    transaction = step.transaction
    with step.visit.provider.database.read() as connection:
        whom = acting.find(
            connection, transaction, signed_in, sector=party.sector, now=now
        )
    # Whoever comes back to this page may choose anew.
    return Choice(step, signed_in, whom) if whom.options or whom.is_open else None


def _named(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError as error:
        raise FormError("whom is an identifier") from error


def _keep(choice: Choice, chosen: UUID) -> ResponseReturnValue:
    kept = replace(
        choice.step.transaction,
        acting_for=chosen,
        acting_by=choice.signed_in.account.id,
    )
    choice.step.save(kept)
    return redirect(choice.step.resume, HTTPStatus.SEE_OTHER)


def _asked(choice: Choice, principal: Principal) -> register.Change | None:
    """Ask the register who represents it, and whether it is still there (art. 12, 15).

    A register that does not answer stops nobody: the account is what it was.
    """
    here = choice.step.visit
    try:
        return register.check(here.provider, principal.id, now=here.now)
    except SourceDownError:
        return None


def _obstacle(choice: Choice, principal: Principal) -> str | None:
    """Return the code of what stands against acting for them here."""
    if principal.obstacle is not None:
        return OBSTACLES[principal.obstacle]
    request_, party = choice.step.transaction.request, choice.step.party
    account = replace(choice.signed_in.account, level=principal.level)
    minimum = party.minimum_acr if party else None
    demanded: list[tuple[str, ...]] = [(minimum,) if minimum else ()]
    demanded.append(request_.essential_acr if request_ else ())
    config = choice.step.visit.provider.config.assurance
    for values in filter(None, demanded):
        if not any(
            assurance.reachable(
                account, value, biometric=config.verified_passkey_is_biometric
            )
            for value in values
        ):
            return TOO_LOW
    return None


def _refused(choice: Choice, code: str) -> ResponseReturnValue:
    body = render_template(
        "refused.html",
        problem=notice(code),
        party=choice.step.asker,
        back=choice.step.back,
        again=request.path if choice.whom.options else "",
    )
    return body, HTTPStatus.FORBIDDEN


def _page(choice: Choice) -> ResponseReturnValue:
    step, whom = choice.step, choice.whom
    provider, account_id = step.visit.provider, choice.signed_in.account.id
    return render_template(
        "acting.html",
        action=request.path,
        token=step.visit.token(choice.purpose),
        party=step.asker,
        own=people.person(provider, account_id, is_masked=True) if whom.own else None,
        others=[_entry(choice, item) for item in whom.options],
        cancel=step.back,
    )


def _entry(choice: Choice, principal: Principal) -> dict[str, object]:
    code = _obstacle(choice, principal)
    return {
        "who": whose.stand_in(choice.step.visit, principal),
        "why_not": gettext(WHY_NOT[code]) if code else "",
    }
