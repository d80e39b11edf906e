"""The three sites: what each asks a citizen's provider for, and what it looks like."""

import json
from dataclasses import dataclass, field
from typing import Any

LEVEL_2_2 = "urn:dinhdanh:acr:2.2"

# OpenID Connect for Identity Assurance: under any framework, with its evidence.
_PROVEN_PERSON = {
    "verification": {
        "trust_framework": None,
        "assurance_level": None,
        "time": None,
        "evidence": [
            {
                "type": {"value": "electronic_record"},
                "record": {"type": None, "source": None},
            }
        ],
    },
    "claims": {"name": None, "birthdate": None},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One site's request, as its developers would have written it."""

    key: str
    scope: str
    acr_values: str | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    pushed: bool = False
    signed_userinfo: bool = False
    minimum_level: tuple[int, int] = (1, 1)
    step_up_max_age: int | None = None
    acts_for: tuple[str, ...] = ()


SITES = {
    site.key: site
    for site in (
        Site(key="services", scope="openid profile personal_number residence"),
        Site(
            key="bank",
            scope="openid profile personal_number phone",
            acr_values=LEVEL_2_2,
            claims={"userinfo": {"verified_claims": _PROVEN_PERSON}},
            pushed=True,
            signed_userinfo=True,
            minimum_level=(2, 2),
            step_up_max_age=0,
        ),
        Site(
            key="insurance",
            scope="openid profile household phone email",
            acts_for=("representation", "organisation"),
        ),
    )
}


def request_parameters(
    site: Site, *, language: str, step_up: bool, acts_for: str | None = None
) -> dict[str, str]:
    """Return what the site adds to a plain authorization request.

    A step-up makes the level essential (OIDC Core §5.5.1.1), so that the provider
    answers with an error rather than with less; the bank wants the proof to be new.
    One more scope lets people sign in for a child or an organisation.
    """
    parameters = {"ui_locales": "en vi" if language == "en" else "vi en"}
    if acts_for in site.acts_for:
        parameters["scope"] = f"{site.scope} {acts_for}"
    claims = dict(site.claims)
    if site.acr_values:
        parameters["acr_values"] = site.acr_values
    if step_up:
        parameters.pop("acr_values", None)
        claims["id_token"] = {"acr": {"essential": True, "values": [LEVEL_2_2]}}
        if site.step_up_max_age is not None:
            parameters["max_age"] = str(site.step_up_max_age)
    if claims:
        parameters["claims"] = json.dumps(claims)
    return parameters


def is_strong_enough(site: Site, claims: dict[str, Any]) -> bool:
    """Compare the levels that came back with what the site needs, never the request."""
    account, authentication = levels(claims)
    return account >= site.minimum_level[0] and authentication >= site.minimum_level[1]


def levels(claims: dict[str, Any]) -> tuple[int, int]:
    """Return the account level and the authentication level of an ID token."""
    return (
        int(claims.get("account_level", 0)),
        int(claims.get("authentication_level", 0)),
    )
