"""`verified_claims`: claims with how, when and by whom they were verified (OIDC4IDA).

Only the verification data that were asked for are given. A constraint that does not
hold, on the verification or on a claim, leaves the whole element out; what we do not
know, or may not give, is left out by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from idp import clock
from idp.claims.catalogue import CLAIMS
from idp.claims.person import Person
from idp.claims.request import Target, VerifiedRequest

TRUST_FRAMEWORK = "urn:dinhdanh:trust-framework:vn-eid"
VERIFIABLE = tuple(
    name
    for name, claim in CLAIMS.items()
    if claim.source != "holder" and claim.part_of is None and claim.about == "person"
)
_EVIDENCE = "electronic_record"
_REGISTERS = {
    "population": "population_register",
    "residence": "residence_register",
}
_ALWAYS = frozenset({"trust_framework", "type"})


class _MismatchError(Exception):
    """A constraint of the request does not hold."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What stands behind a person's claims at an account level."""

    person: Person
    account_level: int

    def of(self, names: frozenset[str]) -> dict[str, Any]:
        """Return the whole verification element for these claims."""
        registers = sorted({CLAIMS[name].source for name in names})
        times = {
            "population": self._proofed_at(),
            "residence": _timestamp(self.person.registry_as_of),
        }
        known = [times[register] for register in registers if times[register]]
        verification: dict[str, Any] = {
            "trust_framework": TRUST_FRAMEWORK,
            "assurance_level": f"account_level_{self.account_level}",
            "evidence": [
                self._evidence(register, times[register]) for register in registers
            ],
        }
        if known:
            verification["time"] = known[-1]
        return verification

    def _proofed_at(self) -> str | None:
        day = self.person.proofed_on
        return f"{day}T00:00:00+07:00" if day else None

    def _evidence(self, register: str, time: str | None) -> dict[str, Any]:
        record: dict[str, Any] = {
            "type": _REGISTERS[register],
            "source": {"name": self.person.authority, "country_code": "VNM"},
        }
        if time:
            record["created_at"] = time
        return {"type": _EVIDENCE, "record": record, **({"time": time} if time else {})}


def metadata() -> dict[str, Any]:
    """Return what discovery says about verified claims (OIDC4IDA §7)."""
    return {
        "verified_claims_supported": True,
        "trust_frameworks_supported": [TRUST_FRAMEWORK],
        "evidence_supported": [_EVIDENCE],
        "electronic_records_supported": list(_REGISTERS.values()),
        "claims_in_verified_claims_supported": list(VERIFIABLE),
    }


def build(
    target: Target,
    verification: Verification,
    *,
    released: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any] | list[dict[str, Any]] | None:
    """Return `verified_claims` of what was released, or None if nothing is left."""
    built = [
        element
        for item in target.verified
        if (element := _element(item, verification, released, now)) is not None
    ]
    if not built:
        return None
    return built if target.is_list else built[0]


def _element(
    item: VerifiedRequest,
    verification: Verification,
    released: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any] | None:
    given = {
        name: released[name]
        for name in item.claims
        if name in VERIFIABLE and name in released
    }
    if not given:
        return None
    try:
        for name, wish in item.claims.items():
            if name in given and wish:
                _check(wish, given[name], now)
        told = _select(item.verification, verification.of(frozenset(given)), now)
    except _MismatchError:
        return None
    return {"verification": told, "claims": given}


def _select(
    wish: Mapping[str, Any], held: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the asked members of what is held, or raise for an unmet constraint."""
    told = {name: held[name] for name in held if name in _ALWAYS}
    for name, asked in wish.items():
        if name in held:
            told[name] = _answer(asked, held[name], now)
        elif _constrains(asked):
            raise _MismatchError(name)
    return told


def _answer(asked: Any, held: Any, now: datetime) -> Any:
    if isinstance(held, list):
        return _entries(asked, held, now)
    if isinstance(held, Mapping) and isinstance(asked, Mapping) and asked:
        return _select(asked, held, now)
    _check(asked, held, now)
    return held


def _entries(asked: Any, held: list[Any], now: datetime) -> list[Any]:
    """Return the evidence that fits one of the asked templates."""
    templates = asked if isinstance(asked, list) else [asked or {}]
    found = []
    for entry in held:
        for template in templates:
            if not isinstance(template, Mapping):
                raise _MismatchError
            try:
                fitting = _select(template, entry, now) if template else entry
            except _MismatchError:
                continue
            found.append(fitting)
            break
    if not found:
        raise _MismatchError
    return found


def _check(asked: Any, held: Any, now: datetime) -> None:
    if asked is None:
        return
    if not isinstance(asked, Mapping):
        raise _MismatchError
    if "value" in asked and asked["value"] != held:
        raise _MismatchError
    values = asked.get("values")
    if values is not None and (not isinstance(values, list) or held not in values):
        raise _MismatchError
    if "max_age" in asked and not _is_fresh(asked["max_age"], held, now):
        raise _MismatchError


def _is_fresh(max_age: Any, time: Any, now: datetime) -> bool:
    if isinstance(max_age, bool) or not isinstance(max_age, int | float):
        return False
    return (now - datetime.fromisoformat(time)).total_seconds() <= max_age


def _constrains(asked: Any) -> bool:
    """Say whether a wish for something that we do not hold demands a value."""
    if isinstance(asked, list):
        return any(_constrains(item) for item in asked)
    if not isinstance(asked, Mapping):
        return False
    return any(
        name in ("value", "values", "max_age") or _constrains(item)
        for name, item in asked.items()
        if name not in ("essential", "purpose")
    )


def _timestamp(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    whole = clock.from_timestamp(clock.timestamp(moment))
    return whole.isoformat().replace("+00:00", "Z")
