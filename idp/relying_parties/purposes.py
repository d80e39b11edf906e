"""What a relying party may learn, and for what (Law 91/2025 on personal data).

A claim without a purpose is not given. A sandbox assumes one for whatever the allowed
scopes stand for, except for claims about other people.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.relying_parties.localised import Localised, localised
from idp.relying_parties.scopes import (
    CLAIMS,
    COVERED_BY,
    NEVER_BY_DEFAULT,
    SCOPE_CLAIMS,
)


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why one claim is asked; `voluntary` is None where the policy does not say."""

    purpose: Localised
    legal_basis: Localised | None
    voluntary: bool | None
    is_default: bool = False


DEFAULT_PURPOSE = Purpose(
    purpose=Localised(
        "Trying the service in a sandbox",
        {
            "vi": "Thử dịch vụ trong môi trường thử nghiệm",
            "en": "Trying the service in a sandbox",
        },
    ),
    legal_basis=None,
    voluntary=None,
    is_default=True,
)


def purposes_of(
    claims_policy: Sequence[Mapping[str, Any]], scopes: Iterable[str], *, sandbox: bool
) -> dict[str, Purpose]:
    """Return claim → purpose: as registered, by its leading claim, or by default."""
    registered = {
        item["claim"]: Purpose(
            purpose=localised(item, "purpose") or DEFAULT_PURPOSE.purpose,
            legal_basis=localised(item, "legal_basis"),
            voluntary=item.get("voluntary"),
        )
        for item in claims_policy
    }
    purposes = dict(registered)
    for claim in CLAIMS - registered.keys():
        leading = COVERED_BY.get(claim)
        if leading in registered:
            purposes[claim] = registered[leading]
        elif sandbox and claim in claims_of(scopes) - NEVER_BY_DEFAULT:
            purposes[claim] = DEFAULT_PURPOSE
    return purposes


def claims_of(scopes: Iterable[str]) -> frozenset[str]:
    """Return the personal claims that these scopes stand for."""
    return frozenset(claim for scope in scopes for claim in SCOPE_CLAIMS.get(scope, ()))
