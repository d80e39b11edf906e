"""When a citizen is asked, and what the question is: pure decisions.

What a level or a missing purpose withholds is not part of the consent: should the level
rise later, the request is wider than before and the citizen sees the values first. A
claim is voluntary if the relying party's policy says so, or if the policy is silent and
the claim is asked by the `claims` parameter alone, without `essential`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from idp.claims.catalogue import CLAIMS, Claim, in_order
from idp.claims.release import Asked, Reason, Recipient, asked, obstacle
from idp.claims.request import ClaimsRequest
from idp.consent.grants import GrantView
from idp.relying_parties.purposes import Purpose
from idp.relying_parties.record import RelyingParty

StepReason = Literal[
    "never_asked",
    "expired",
    "prompt_consent",
    "wider_than_before",
    "unproven_client",
]


class Request(Protocol):
    """What consent has to know of an authorization request."""

    @property
    def redirect_uri(self) -> str:
        """Where the answer goes."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The known and allowed scopes."""

    @property
    def claims(self) -> Mapping[str, Any]:
        """The `claims` parameter as `ClaimsRequest.to_json` writes it."""

    @property
    def prompt(self) -> tuple[str, ...]:
        """The prompts."""

    @property
    def waiting(self) -> str | None:
        """What waits for the answer elsewhere, instead of a redirect."""


@dataclass(frozen=True, slots=True)
class ConsentStep:
    """The citizen must be asked, and why."""

    reason: StepReason
    page: str = "consent.show"
    error: str = "consent_required"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the question: a claim with its companions, and their values.

    `asked_for` is what this very request adds to the registered purpose.
    """

    claim: str
    catalogue: Claim
    purpose: Purpose
    voluntary: bool
    ticked: bool
    names: tuple[str, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    asked_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What the consent page shows; `withheld` is told to the citizen alone."""

    items: tuple[Item, ...]
    withheld: Mapping[str, Reason]
    scopes: tuple[str, ...]
    offline: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What the citizen allowed and refused of a question."""

    scopes: tuple[str, ...]
    claims: frozenset[str]
    refused: frozenset[str]


def unmet(  # noqa: PLR0913 - the request, then what is known of it
    request: Request,
    recipient: Recipient,
    grant: GrantView | None,
    *,
    now: datetime,
    consented_at: datetime | None,
    txn_created: datetime,
) -> ConsentStep | None:
    """Return why the citizen must be asked, or None if what was decided suffices.

    A refusal is remembered too: only what was never decided is asked again.
    """
    if grant is None:
        return ConsentStep("never_asked")
    if not grant.is_live(now):
        return ConsentStep("expired")
    if consented_at is None or consented_at < txn_created:
        if "consent" in request.prompt:
            return ConsentStep("prompt_consent")
        if _could_be_anyone(recipient.party, request):
            return ConsentStep("unproven_client")
    is_decided = set(wanted(request, recipient)) <= grant.claims | grant.refused
    if is_decided and set(request.scopes) <= set(grant.scopes):
        return None
    return ConsentStep("wider_than_before")


def wanted(request: Request, recipient: Recipient) -> tuple[str, ...]:
    """Return the claims whose values the question will show."""
    wishes = asked(request.scopes, ClaimsRequest.from_json(request.claims)).names
    return tuple(n for n in in_order(wishes) if obstacle(n, recipient) is None)


def question(
    request: Request,
    recipient: Recipient,
    grant: GrantView | None,
    *,
    values: Mapping[str, Any],
) -> Question:
    """Return what to ask, with the very values that will be given."""
    parsed = ClaimsRequest.from_json(request.claims)
    wishes = asked(request.scopes, parsed)
    obstacles = {name: obstacle(name, recipient) for name in in_order(wishes.names)}
    open_names = [name for name, reason in obstacles.items() if reason is None]
    items = []
    for name in open_names:
        purpose = recipient.party.purpose_of(name)
        if purpose is None or CLAIMS[name].companion_of in open_names:
            continue
        names = _with_companions(name, open_names)
        items.append(
            Item(
                claim=name,
                catalogue=CLAIMS[name],
                purpose=purpose,
                voluntary=is_voluntary(name, wishes, purpose),
                # Silence is not consent: only what was allowed before is ticked.
                ticked=grant is not None and name in grant.claims,
                names=names,
                values={item: values[item] for item in names if item in values},
                asked_for=parsed.purposes(name),
            )
        )
    return Question(
        items=tuple(items),
        withheld={name: reason for name, reason in obstacles.items() if reason},
        scopes=request.scopes,
        offline="offline_access" in request.scopes,
    )


def decide(asked_question: Question, ticked: Iterable[str]) -> Decision:
    """Return the decision of an allowed form; what was not asked is ignored."""
    chosen = frozenset(ticked)
    allowed, refused = set[str](), set[str]()
    for item in asked_question.items:
        is_allowed = not item.voluntary or item.claim in chosen
        (allowed if is_allowed else refused).update(item.names)
    return Decision(asked_question.scopes, frozenset(allowed), frozenset(refused))


def is_voluntary(name: str, wishes: Asked, purpose: Purpose) -> bool:
    """Say whether the citizen may refuse this claim and still go on."""
    if purpose.voluntary is not None:
        return purpose.voluntary
    return name not in wishes.by_scope and name not in wishes.essential


def _with_companions(name: str, open_names: Iterable[str]) -> tuple[str, ...]:
    companions = (n for n in open_names if CLAIMS[n].companion_of == name)
    return (name, *companions)


def _could_be_anyone(party: RelyingParty, request: Request) -> bool:
    """Say whether another could pose as this one (RFC 8252 §8.6, RFC 8628 §5.6)."""
    is_native = party.application_type == "native"
    is_proven = request.redirect_uri.startswith("https:") or not is_native
    return party.is_public and (request.waiting is not None or not is_proven)
