"""The consent page: the very values, why they are asked, allow or refuse.

A form's token covers exactly what its page showed, so that a question which has changed
meanwhile (more asked, another person signed in) is shown again and never answered
unseen.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from idp.authentication import assurance, steps
from idp.authentication.session import SignedIn
from idp.claims.catalogue import CLAIMS
from idp.claims.person import Person, PersonReader
from idp.claims.release import Recipient
from idp.consent import grants, policy
from idp.consent.grants import Consent
from idp.consent.policy import Item, Question
from idp.relying_parties.record import RelyingParty
from idp.web import claim_texts, language, people, presentation, visit
from idp.web.forms import FormError
from idp.web.language import gettext, phrase
from idp.web.visit import Step

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
    """A question to one signed-in citizen at one step."""

    step: Step
    party: RelyingParty
    signed_in: SignedIn
    question: Question
    person: Person

    @property
    def purpose(self) -> str:
        """Return the form's purpose: this citizen, these scopes, these claims."""
        names = [name for item in self.question.items for name in item.names]
        shown = [str(self.signed_in.account.id), *self.question.scopes, "", *names]
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
    decision = step.visit.check(asking.purpose, "decision")["decision"]
    if decision == "deny":
        step.save(replace(step.transaction, denied=True))
    elif decision == "allow":
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
    provider, account = step.visit.provider, signed_in.account
    earned = assurance.earned(signed_in.session.events, account.level)
    recipient = Recipient(party, earned.account_level, earned.authentication_level)
    with provider.database.read() as connection:
        grant = grants.find_live(connection, account.id, party.client_id)
    reader = PersonReader.of(provider)
    person = reader.read(account.id, policy.wanted(asked, recipient), step.visit.now)
    question = policy.question(asked, recipient, grant, values=person.values)
    return Asking(step, party, signed_in, question, person)


def _give(asking: Asking, ticked: list[str]) -> None:
    step, account_id = asking.step, asking.signed_in.account.id
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
    )
    with provider.database.transaction() as database:
        grants.give(database, provider.audit, consent, now=now)
    step.save(
        replace(
            step.transaction, consented_at=now, consented_by=account_id, denied=False
        )
    )


def _page(asking: Asking) -> ResponseReturnValue:
    step, question = asking.step, asking.question
    provider, account_id = step.visit.provider, asking.signed_in.account.id
    lifetime = provider.config.lifetimes.consent
    until = presentation.later(step.visit.now, seconds=lifetime)
    why = WHY.get(step.transaction.step or "")
    return render_template(
        "consent.html",
        action=request.path,
        token=step.visit.token(asking.purpose),
        party=step.asker,
        person=people.person(provider, account_id, is_masked=True).name,
        why=gettext(why) if why else "",
        groups=_groups(asking),
        has_choice=any(item.voluntary for item in question.items),
        withheld=[
            {"label": claim_texts.label(name), "reason": gettext(REASONS[reason])}
            for name, reason in question.withheld.items()
            if CLAIMS[name].companion_of is None
        ],
        until=presentation.date_text(until),
        offline=question.offline,
    )


def _groups(asking: Asking) -> list[dict[str, Any]]:
    groups = []
    for title, scopes in claim_texts.GROUPS.items():
        items = [i for i in asking.question.items if i.catalogue.scope in scopes]
        if items:
            bundles = _bundles([_entry(item, asking.person) for item in items])
            groups.append({"title": gettext(title), "bundles": bundles})
    return groups


def _bundles(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join what is asked for one reason, so that the reason is read once."""
    bundles: list[dict[str, Any]] = []
    for entry in entries:
        last = bundles[-1] if bundles else None
        same = last and last["why"] == entry["why"] and not last["voluntary"]
        if last and same and not entry["voluntary"]:
            last["entries"].append(entry)
        else:
            bundles.append(
                {
                    "why": entry["why"],
                    "voluntary": entry["voluntary"],
                    "entries": [entry],
                }
            )
    return bundles


def _entry(item: Item, person: Person) -> dict[str, Any]:
    value = item.values.get(item.claim)
    return {
        "claim": item.claim,
        "label": claim_texts.label(item.claim),
        "lines": claim_texts.lines(item.claim, value),
        "voluntary": item.voluntary,
        "ticked": item.ticked,
        "why": _why(item, claim_texts.source(item.claim, value, person.proofed_on)),
    }


def _why(item: Item, source: str) -> list[str]:
    locale, basis = language.current(), item.purpose.legal_basis
    purpose = item.purpose.purpose.in_language(locale)
    why = [gettext("For: %(purpose)s", purpose=purpose)]
    if basis:
        why.append(gettext("Basis: %(basis)s", basis=basis.in_language(locale)))
    return [*why, gettext("Source: %(source)s", source=source)]
