"""How one element is asked: null, or with constraints (OIDC Core §5.5.1).

OIDC4IDA §5.5 forbids ignoring a constraint, so one that cannot be read is refused at
once; what it leaves to the provider (`purpose`) has the bounds of its request schema.
"""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from idp.errors import IdpError

MAX_VALUES = 50
MAX_TEMPLATES = 8
MIN_PURPOSE = 3
MAX_PURPOSE = 300
CONSTRAINTS = ("value", "values", "max_age")

Wish = Mapping[str, Any] | None
"""How one claim is asked: None, or its special members."""


class InvalidClaimsError(IdpError):
    """The `claims` parameter is no request that we can read."""

    code = "DD-CLM-001"


def read_wish(value: object, name: str) -> Wish:
    """Return the special members of a claim's request, checked."""
    if value is None:
        return None
    wish = an_object(value, name)
    _check_members(wish, name)
    return {member: wish[member] for member in _MEMBERS if member in wish}


def read_verification(value: object) -> Mapping[str, Any]:
    """Return the `verification` element of a request, checked (OIDC4IDA §5.4)."""
    verification = an_object(value, "verification")
    _check_element(verification, "verification")
    evidence = verification.get("evidence")
    if evidence is not None and not isinstance(evidence, list):
        raise InvalidClaimsError("evidence must be a list")
    for template in evidence or ():
        kind = template.get("type")
        # §5.4: each filter names one type of evidence, by `value` and never `values`.
        if not isinstance(kind, dict) or not isinstance(kind.get("value"), str):
            raise InvalidClaimsError("evidence: type must have a value")
        if "values" in kind:
            raise InvalidClaimsError("evidence: type has one value, not values")
    return verification


def an_object(value: object, name: str) -> dict[str, Any]:
    """Return `value`, or refuse what is no JSON object."""
    if not isinstance(value, dict):
        raise InvalidClaimsError(f"{name} must be an object")
    return value


def _check_element(value: object, name: str) -> None:
    """Check one element of `verification` and what is nested in it."""
    if value is None:
        return
    if isinstance(value, list):
        if not 1 <= len(value) <= MAX_TEMPLATES:
            raise InvalidClaimsError(f"{name}: 1 to {MAX_TEMPLATES} entries")
        for entry in value:
            _check_element(an_object(entry, name), name)
        return
    element = an_object(value, name)
    _check_members(element, name)
    for member, nested in element.items():
        if member not in _MEMBERS:
            _check_element(nested, member)


def _check_members(wish: Mapping[str, Any], name: str) -> None:
    for member, (is_sound, rule) in _MEMBERS.items():
        if member in wish and not is_sound(wish[member]):
            raise InvalidClaimsError(f"{name}: {member} must be {rule}")


def _is_age(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value >= 0  # type: ignore[operator]  # a number here


def _is_list(value: object) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= MAX_VALUES


def _is_purpose(value: object) -> bool:
    """Say whether people can be shown it: of a length, without control characters."""
    return (
        isinstance(value, str)
        and MIN_PURPOSE <= len(value.strip()) <= len(value) <= MAX_PURPOSE
        and not any(unicodedata.category(letter).startswith("C") for letter in value)
    )


_MEMBERS: dict[str, tuple[Callable[[object], bool], str]] = {
    "essential": (lambda value: isinstance(value, bool), "true or false"),
    "value": (lambda _value: True, "anything"),
    "values": (_is_list, f"a list, 1 to {MAX_VALUES}"),
    "max_age": (_is_age, "a number of seconds"),
    "purpose": (_is_purpose, f"{MIN_PURPOSE} to {MAX_PURPOSE} plain characters"),
}
