"""The certificate that a portal's system meets information-security level 3.

Decree 69/2024 art. 18: whoever connects to the identity system meets it. An operator's
word alone, as it stands in the appraisal; no portal says it of itself.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal

from idp.relying_parties import members
from idp.relying_parties.errors import InvalidMetadataError

MEMBER = "security_certificate"
PARTS = ("number", "issued_by", "valid_until")
State = Literal["missing", "expired", "ending", "valid"]
_HANOI = timezone(timedelta(hours=7))


def read(metadata: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the member to register, or raise InvalidMetadataError."""
    given = metadata.get(MEMBER)
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise InvalidMetadataError(f"{MEMBER} must be an object")
    parts = {name: members.text(given, name) for name in PARTS}
    if None in parts.values():
        raise InvalidMetadataError(f"{MEMBER} has {', '.join(PARTS)}")
    told = {name: str(value) for name, value in parts.items()}
    try:
        told["valid_until"] = date.fromisoformat(told["valid_until"]).isoformat()
    except ValueError:
        raise InvalidMetadataError(f"{MEMBER}: valid_until is YYYY-MM-DD") from None
    return {MEMBER: told}


def state(registered: Mapping[str, Any], *, warn_days: int, now: datetime) -> State:
    """Say how the certificate stands today in Hanoi; its last day still counts."""
    certificate = registered.get(MEMBER)
    if not certificate:
        return "missing"
    today = now.astimezone(_HANOI).date()
    left = date.fromisoformat(certificate["valid_until"]) - today
    if left.days < 0:
        return "expired"
    return "ending" if left.days <= warn_days else "valid"
