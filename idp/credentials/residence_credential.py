"""The residence credential: what it says, and what its holder may keep back.

Every claim about the person is disclosed singly, a residence stay by stay. Times are
whole hours, so that they single nobody out (RFC 9901 §10.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp import clock
from idp.claims.catalogue import CLAIMS, Claim
from idp.credentials import sd_jwt

CONFIGURATION = "residence_sd_jwt"
FORMAT = "dc+sd-jwt"
SCOPE = "residence_credential"
TYPE = "urn:dinhdanh:vct:residence:1"
SIGNING = "ES256"
ESSENTIAL = "residence"
CONTENT: tuple[Claim, ...] = tuple(
    CLAIMS[name]
    for name in ("name", "birthdate", "gender", "personal_number", ESSENTIAL)
)
_STAYS = ("permanent", "temporary", "present", "as_of")
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Place:
    """Where the status of one credential is told (Token Status List §6.2)."""

    uri: str
    index: int


def payload(  # noqa: PLR0913 - by whom, of whom, for which key, until when
    values: Mapping[str, Any],
    *,
    issuer: str,
    key: Mapping[str, Any],
    place: Place,
    issued_at: datetime,
    expires_at: datetime,
) -> tuple[dict[str, Any], list[str]]:
    """Return the signed part and its disclosures (SD-JWT VC §2.2)."""
    held = {claim.name: values.get(claim.name) for claim in CONTENT}
    stays = held.pop(ESSENTIAL) or {}
    told = {name: value for name, value in held.items() if value is not None}
    claims, about_person = sd_jwt.conceal(told, at_least=len(held))
    parts, about_stays = sd_jwt.conceal(stays, at_least=len(_STAYS))
    signed = {
        "iss": issuer,
        "iat": _whole_hour(issued_at),
        "exp": _whole_hour(expires_at),
        "vct": TYPE,
        "cnf": {"jwk": dict(key)},
        "status": {"status_list": {"idx": place.index, "uri": place.uri}},
        ESSENTIAL: {"_sd": parts},
        "_sd": claims,
        "_sd_alg": sd_jwt.ALGORITHM,
    }
    return signed, [*about_person, *about_stays]


def _whole_hour(moment: datetime) -> int:
    return clock.timestamp(moment) // _HOUR * _HOUR
