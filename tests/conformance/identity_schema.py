"""A JSON Schema of `verified_claims` (OpenID Identity Assurance Schema Definition 1.0).

Written from §5 of the specification for what we give: a person's claims, and electronic
records as their evidence. Nothing else may be there, and nothing may be null.
"""

from typing import Any

import jsonschema_rs

_TEXT = {"type": "string", "minLength": 1}
_TIME = {"type": "string", "format": "date-time"}
_COUNTRY = {"type": "string", "pattern": "^[A-Z]{2,3}$"}


def _object(required: tuple[str, ...] = (), **members: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": members,
        "additionalProperties": False,
        "minProperties": 1,
    }


_SOURCE = _object(name=_TEXT, country_code=_COUNTRY)  # §5.4.4.2
_RECORD = _object(("type",), type=_TEXT, created_at=_TIME, source=_SOURCE)
_EVIDENCE = _object(
    ("type",), type={"const": "electronic_record"}, time=_TIME, record=_RECORD
)
_VERIFICATION = _object(
    ("trust_framework",),
    trust_framework=_TEXT,
    assurance_level=_TEXT,
    time=_TIME,
    evidence={"type": "array", "minItems": 1, "items": _EVIDENCE},
)
_STAY = {"type": "object", "minProperties": 1, "additionalProperties": _TEXT}
_CLAIMS = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "name": _TEXT,
        "given_name": _TEXT,
        "family_name": _TEXT,
        "middle_name": _TEXT,
        # A year alone where no more is known (OpenID Connect Core 1.0 §5.1).
        "birthdate": {"type": "string", "pattern": r"^\d{4}(-\d{2}-\d{2})?$"},
        "gender": _TEXT,
        "nationalities": {"type": "array", "minItems": 1, "items": _COUNTRY},
        "address": _STAY,
        "residence": {"type": "object", "minProperties": 1},
    },
    "additionalProperties": {"not": {"type": "null"}},
}
_ELEMENT = _object(
    ("verification", "claims"), verification=_VERIFICATION, claims=_CLAIMS
)
_ANSWER = {"anyOf": [_ELEMENT, {"type": "array", "minItems": 1, "items": _ELEMENT}]}

_VALIDATOR = jsonschema_rs.Draft202012Validator(_ANSWER, validate_formats=True)


def flaws(value: Any) -> list[str]:
    """Return what in an answer's `verified_claims` does not fit the schema."""
    return [str(error) for error in _VALIDATOR.iter_errors(value)]
