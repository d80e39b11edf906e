"""`verified_claims`: claims with how, when and by whom they were verified (OIDC4IDA).

Only the verification data that were asked for are given. What does not match a
constraint is never given (OIDC4IDA §5.5.1, §5.7.4): a claim is left out by itself, and
where its register's verification does not match, every claim of that register is; an
element without claims is absent. What we do not know, or may not give, is left out.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from idp import clock
from idp.claims.catalogue import CLAIMS
from idp.claims.person import Person
from idp.claims.request import Target, VerifiedRequest
from idp.claims.wish import CONSTRAINTS

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
# It says how evidence fulfils the framework and filters nothing (OIDC4IDA §5.4).
_NO_FILTER = frozenset({"essential", "purpose", "assurance_details"})


class _MismatchError(Exception):
    """A constraint of the request does not hold."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What stands behind a person's claims at an account level."""

    person: Person
    account_level: int

    def of(self, registers: Collection[str]) -> dict[str, Any]:
        """Return the whole verification element for claims of these registers."""
        times = {
            "population": self._proofed_at(),
            "residence": _timestamp(self.person.registry_as_of),
        }
        known = [time for name in registers if (time := times[name])]
        verification: dict[str, Any] = {
            "trust_framework": TRUST_FRAMEWORK,
            "assurance_level": f"account_level_{self.account_level}",
            "evidence": [self._evidence(name, times[name]) for name in registers],
        }
        if known and len(known) == len(registers):
            verification["time"] = min(known, key=datetime.fromisoformat)
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
    """Return what discovery says about verified claims (OIDC4IDA §8)."""
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
        for name, wish in item.claims.items()
        if name in VERIFIABLE and name in released and _holds(wish, released[name], now)
    }
    registers = sorted({CLAIMS[name].source for name in given})
    fitting = [
        register
        for register in registers
        if _selection(item.verification, verification.of([register]), now) is not None
    ]
    claims = {name: given[name] for name in given if CLAIMS[name].source in fitting}
    told = _selection(item.verification, verification.of(fitting), now)
    return {"verification": told, "claims": claims} if claims and told else None


def _selection(
    wish: Mapping[str, Any], held: Mapping[str, Any], now: datetime
) -> dict[str, Any] | None:
    try:
        return _select(wish, held, now)
    except _MismatchError:
        return None


def _select(
    wish: Mapping[str, Any], held: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the asked members of what is held, or raise for an unmet constraint."""
    told = {name: held[name] for name in held if name in _ALWAYS}
    for name, asked in wish.items():
        if name in held:
            told[name] = _answer(asked, held[name], now)
        elif name in CONSTRAINTS or _constrains(asked):
            raise _MismatchError(name)
    return told


def _answer(asked: Any, held: Any, now: datetime) -> Any:
    if isinstance(held, list):
        return _entries(asked, held, now)
    if isinstance(held, Mapping) and isinstance(asked, Mapping) and asked:
        return _select(asked, held, now)
    if isinstance(asked, list) or not _holds(asked, held, now):
        raise _MismatchError
    return held


def _entries(asked: Any, held: list[Any], now: datetime) -> list[Any]:
    """Return the evidence that fits one of the asked templates (OIDC4IDA §5.4)."""
    if not asked:
        return held
    found = []
    for entry in held:
        fits = (_selection(template, entry, now) for template in asked)
        fitting = next((told for told in fits if told is not None), None)
        if fitting is not None:
            found.append(fitting)
    if not found:
        raise _MismatchError
    return found


def _holds(asked: Any, held: Any, now: datetime) -> bool:
    """Say whether a value meets `value`, `values` and `max_age` (OIDC4IDA §5.5)."""
    if not asked:
        return True
    if "value" in asked and asked["value"] != held:
        return False
    if "values" in asked and held not in asked["values"]:
        return False
    return "max_age" not in asked or _is_fresh(asked["max_age"], held, now)


def _is_fresh(max_age: float, held: Any, now: datetime) -> bool:
    """Say whether a time is recent; a day counts from its last second (§5.5.2)."""
    try:
        moment = datetime.fromisoformat(held)
        if len(held) == len("YYYY-MM-DD"):
            moment += timedelta(days=1, seconds=-1)
    except (TypeError, ValueError, OverflowError):
        return False  # no date, or a year alone: what cannot be dated is not fresh
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (now - moment).total_seconds() <= max_age


def _constrains(asked: Any) -> bool:
    """Say whether a wish for something that we do not hold demands a value."""
    if isinstance(asked, list):
        return any(_constrains(item) for item in asked)
    if not isinstance(asked, Mapping):
        return False
    return any(
        name in CONSTRAINTS or _constrains(item)
        for name, item in asked.items()
        if name not in _NO_FILTER
    )


def _timestamp(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    whole = clock.from_timestamp(clock.timestamp(moment))
    return whole.isoformat().replace("+00:00", "Z")
