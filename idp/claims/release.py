"""Which claims leave: request ∩ registered purpose ∩ consent ∩ both levels.

What is withheld is simply absent for the portal; the reasons are for the citizen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from idp.claims.catalogue import CLAIMS, in_order, of_scopes, with_parts
from idp.claims.request import ClaimsRequest, Target
from idp.relying_parties.record import RelyingParty

Reason = Literal[
    "no_purpose",
    "account_level",
    "authentication_level",
    "not_consented",
    "not_held",
]


@dataclass(frozen=True, slots=True)
class Asked:
    """The known claims of a request by the place where they are delivered.

    Claims of scopes go to userinfo; the ID token carries only what the `claims`
    parameter asks for it (OIDC Core §5.4).
    """

    id_token: frozenset[str]
    userinfo: frozenset[str]
    verified: frozenset[str]
    by_scope: frozenset[str]
    essential: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """Return every claim that is asked for anywhere."""
        return self.id_token | self.userinfo | self.verified


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom, at which account level, at which level of the present sign-in.

    `about` is whose data it will be: a person's, or an organisation's.
    """

    party: RelyingParty
    account_level: int
    authentication_level: int
    about: Literal["person", "organisation"] = "person"


@dataclass(frozen=True, slots=True)
class Released:
    """What is given, and what is withheld for which reason."""

    claims: dict[str, Any]
    withheld: dict[str, Reason]


def asked(scopes: Iterable[str], request: ClaimsRequest) -> Asked:
    """Return what `scopes` and the `claims` parameter ask for together."""
    by_scope = of_scopes(scopes)
    targets = (request.id_token, request.userinfo)
    return Asked(
        id_token=with_parts(request.id_token.claims),
        userinfo=by_scope | with_parts(request.userinfo.claims),
        verified=with_parts(name for item in targets for name in item.verified_names),
        by_scope=by_scope,
        essential=frozenset(name for item in targets for name in _essential(item)),
    )


def obstacle(name: str, recipient: Recipient) -> Reason | None:
    """Say what stands against giving the claim before anyone is asked, or None."""
    claim = CLAIMS[name]
    if recipient.party.purpose_of(name) is None:
        return "no_purpose"
    if claim.about != recipient.about:
        return "not_held"
    if recipient.account_level < claim.account_level:
        return "account_level"
    if recipient.authentication_level < claim.authentication_level:
        return "authentication_level"
    return None


def release(
    names: Iterable[str],
    recipient: Recipient,
    *,
    allowed: frozenset[str],
    values: Mapping[str, Any],
) -> Released:
    """Return the claims that may be given now; `allowed` is the grant's consent."""
    given: dict[str, Any] = {}
    withheld: dict[str, Reason] = {}
    for name in in_order(names):
        reason = obstacle(name, recipient)
        if reason is None and name not in allowed:
            reason = "not_consented"
        elif reason is None and values.get(name) is None:
            reason = "not_held"
        if reason is None:
            given[name] = values[name]
        else:
            withheld[name] = reason
    return Released(_join_parts(given), withheld)


def _join_parts(given: dict[str, Any]) -> dict[str, Any]:
    """Put parts into their whole; a part without its whole is not given."""
    joined = {k: v for k, v in given.items() if CLAIMS[k].part_of is None}
    for name, value in given.items():
        whole = CLAIMS[name].part_of
        if whole in joined:
            member = name.removeprefix(f"{whole}.")
            joined[whole] = {**joined[whole], member: value}
    return joined


def _essential(target: Target) -> set[str]:
    wishes = [target.claims, *(item.claims for item in target.verified)]
    return {
        name
        for claims in wishes
        for name, wish in claims.items()
        if wish and wish.get("essential") is True
    }
