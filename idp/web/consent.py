"""The consent page: the very values, why they are asked, allow or refuse.

A form's token covers exactly what its page showed, so that a question which has changed
meanwhile (more asked, another person signed in) is shown again and never answered
unseen.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from uuid import UUID

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.audit.representation_events import GivenForOther
from idp.authentication import acting, assurance, steps
from idp.authentication.acting import Acting
from idp.authentication.session import SignedIn
from idp.claims.catalogue import CLAIMS
from idp.claims.delivery import Reader
from idp.claims.organisation import OrganisationReader
from idp.claims.person import Person, PersonReader
from idp.claims.release import Recipient
from idp.consent import grants, policy
from idp.consent.grants import Consent
from idp.consent.policy import Question
from idp.credentials.residence_credential import SCOPE as CREDENTIAL
from idp.relying_parties.record import RelyingParty
from idp.web import claim_texts, consent_items, people, presentation, visit, whose
from idp.web.forms import FormError
from idp.web.language import gettext, phrase
from idp.web.problem import Problem, notice
from idp.web.visit import Step
from idp.web.whose import StandIn

blueprint = Blueprint("consent", __name__)

WHY = {
    "wider_than_before": phrase("The portal asks for more than you allowed before."),
    "expired": phrase("Your earlier answer has run out, so you are asked again."),
    "prompt_consent": phrase("The portal asks you to confirm your answer."),
    "unproven_client": phrase(
        "This app cannot prove that it is the registered one: allow it only if you "
        "have just opened it yourself."
    ),
}
REASONS = {
    "no_purpose": phrase("The portal has registered no purpose for it."),
    "account_level": phrase("Your account's level does not reach it."),
    "authentication_level": phrase("It needs a stronger proof than this sign-in."),
    "not_consented": phrase("You have not allowed it."),
    "not_held": phrase("Nothing is held."),
}


@dataclass(frozen=True, slots=True)
class Asking:
    """A question to one signed-in citizen at one step, for themselves or another."""

    step: Step
    party: RelyingParty
    signed_in: SignedIn
    question: Question
    person: Person
    whom: Acting
    places: list[str]
    stand_in: StandIn | None

    @property
    def needs_assent(self) -> bool:
        """Say whether a child is old enough to be asked too."""
        return self.stand_in is not None and self.stand_in.needs_assent

    @property
    def about(self) -> UUID:
        """Return the account whose data are asked for."""
        return self.whom.about(self.signed_in)

    @property
    def purpose(self) -> str:
        """Return the form's purpose: these people, scopes, claims and places."""
        items = self.question.items
        names = [name for item in items for name in (*item.names, *item.asked_for)]
        who = [str(self.signed_in.account.id), str(self.about)]
        shown = [*who, *self.question.scopes, "", *names, "", *self.places]
        digest = hashlib.sha256(json.dumps(shown).encode()).hexdigest()
        return self.step.purpose(f"consent:{digest}")


@blueprint.get("/consent/<transaction>")
def show(transaction: str) -> ResponseReturnValue:
    """Show what will be given, and ask."""
    step = visit.enter(transaction)
    asking = _asking(step)
    if asking is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    return _page(asking)


@blueprint.post("/consent/<transaction>")
def decide(transaction: str) -> ResponseReturnValue:
    """Keep the answer and go on."""
    step = visit.enter(transaction)
    asking = _asking(step)
    if asking is None:
        return redirect(step.resume, HTTPStatus.SEE_OTHER)
    fields = step.visit.check(asking.purpose, "decision", "assent")
    decision = fields["decision"]
    if decision == "deny":
        step.save(replace(step.transaction, denied=True))
    elif decision == "allow":
        if asking.needs_assent and not fields["assent"]:
            return _page(asking, _unassented())
        _give(asking, request.form.getlist("claim"))
    else:
        raise FormError("decision is allow or deny")
    return redirect(step.resume, HTTPStatus.SEE_OTHER)


def _asking(step: Step) -> Asking | None:
    """Return what to ask, or None where the dispatcher has to look again."""
    signed_in, asked, party = (
        step.visit.signed_in(),
        step.transaction.request,
        step.party,
    )
    if asked is None or party is None or signed_in is None:
        return None
    if steps.unmet_session(signed_in) is not None:
        return None
    provider, now = step.visit.provider, step.visit.now
    with provider.database.read() as connection:
        whom = acting.find(
            connection, step.transaction, signed_in, sector=party.sector, now=now
        )
        grant = grants.find_live(
            connection,
            whom.about(signed_in),
            party.client_id,
            whom.actor(signed_in),
        )
    if whom.is_open:
        return None
    if grant and not whom.stands(grant.granted_at):
        grant = None
    level = whom.at_level(signed_in).account.level
    earned = assurance.earned(signed_in.session.events, level)
    recipient = Recipient(
        party, earned.account_level, earned.authentication_level, about=whom.kind
    )
    person = _reader(step, whom).read(
        whom.about(signed_in), policy.wanted(asked, recipient), now
    )
    question = policy.question(asked, recipient, grant, values=person.values)
    stand_in = whose.stand_in(step.visit, whom.principal)
    places = consent_items.places(asked.authorization_details, provider.config.issuer)
    return Asking(step, party, signed_in, question, person, whom, places, stand_in)


def _reader(step: Step, whom: Acting) -> Reader:
    provider = step.visit.provider
    if whom.principal and whom.kind == "organisation":
        role = whom.principal.relation
        return OrganisationReader(provider.database, provider.sealer, role)
    return PersonReader.of(provider)


def _give(asking: Asking, ticked: list[str]) -> None:
    step, account_id = asking.step, asking.about
    actor_id = asking.whom.actor(asking.signed_in)
    principal = asking.whom.principal
    provider, now = step.visit.provider, step.visit.now
    decision = policy.decide(asking.question, ticked)
    consent = Consent(
        account_id=account_id,
        client_id=asking.party.client_id,
        sector=asking.party.sector,
        scopes=decision.scopes,
        claims=decision.claims,
        refused=decision.refused,
        lifetime=provider.config.lifetimes.consent,
        actor_id=actor_id,
        since=principal.since if principal else None,
    )
    with provider.database.transaction() as database:
        grant = grants.give(database, provider.audit, consent, now=now)
        if actor_id is not None:
            event = GivenForOther(
                actor_id, account_id, grant.id, grant.client_id, asking.needs_assent
            )
            provider.audit.record(database, event, now=now)
    step.save(
        replace(
            step.transaction, consented_at=now, consented_by=account_id, denied=False
        )
    )


def _unassented() -> Problem:
    return notice("DD-AUTH-006").at(
        "assent", gettext("Ask the child first, then tick this box")
    )


def _page(asking: Asking, problem: Problem | None = None) -> ResponseReturnValue:
    step, question = asking.step, asking.question
    provider, account_id = step.visit.provider, asking.signed_in.account.id
    lifetime = provider.config.lifetimes.consent
    until = presentation.later(step.visit.now, seconds=lifetime)
    why = WHY.get(step.transaction.step or "")
    body = render_template(
        "consent.html",
        action=request.path,
        token=step.visit.token(asking.purpose),
        party=step.asker,
        person=people.person(provider, account_id, is_masked=True).name,
        why=gettext(why) if why else "",
        groups=consent_items.groups(question, asking.person),
        has_choice=any(item.voluntary for item in question.items),
        withheld=[
            {"label": claim_texts.label(name), "reason": gettext(REASONS[reason])}
            for name, reason in question.withheld.items()
            if CLAIMS[name].companion_of is None
        ],
        until=presentation.date_text(until),
        offline=question.offline,
        places=asking.places,
        for_wallet=CREDENTIAL in question.scopes,
        stand_in=asking.stand_in,
        problem=problem,
    )
    return body, HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
