"""Registered values in words: whatever of them changes, changes the words."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from joserfc.errors import JoseError

from idp.relying_parties import security_level
from idp.relying_parties.client_keys import parse_key
from idp.web.language import gettext, phrase

# What a claim's policy says; a key's own members keep their names (RFC 7517).
_LABELS = {
    "purpose": phrase("Purpose"),
    "legal_basis": phrase("Legal basis"),
    "voluntary": phrase("Voluntary"),
}
# Covered by the thumbprint (RFC 7638 §3.2), or in the line of the key.
_IN_THUMBPRINT = frozenset({"kty", "kid", "crv", "x", "y", "n", "e"})


def labelled(labels: Mapping[str, str], member: str) -> str:
    """Return what people call a member, with the language that it is in."""
    name, _, language = member.partition("#")
    words = gettext(labels[name]) if name in labels else name
    return f"{words} ({language})" if language else words


def value_text(value: Any) -> str:
    """Show a registered value: a line for each item, and no part left out.

    An empty list is told: for some members it says another thing than none at all.
    """
    if value is None or value in ("", {}):
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return "\n".join(value_text(item) for item in value) or gettext("none")
    return _object_text(value) if isinstance(value, Mapping) else str(value)


def raw_text(value: Any) -> str:
    """Return the value as it is written, to compare it and to tell it apart."""
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _object_text(value: Mapping[str, Any]) -> str:
    if "claim" in value:
        rest = ((name, told) for name, told in value.items() if name != "claim")
        return _with_members(str(value["claim"]), rest)
    if value.keys() == {"keys"}:
        return value_text(value["keys"])
    if value.keys() == set(security_level.PARTS):
        return ", ".join(str(value[name]) for name in security_level.PARTS)
    return _key_text(value) if "kty" in value else raw_text(value)


def _key_text(value: Mapping[str, Any]) -> str:
    """Tell a key by its RFC 7638 thumbprint: a kid is whatever its owner says."""
    try:
        thumbprint = parse_key(value).thumbprint()
    except (JoseError, ValueError, TypeError, AttributeError, KeyError):
        return raw_text(value)
    rest = [item for item in value.items() if item[0] not in _IN_THUMBPRINT]
    head = f"{value['kty']} {value.get('kid', '–')}"
    return _with_members(head, [("RFC 7638", thumbprint), *rest])


def _with_members(head: str, members: Iterable[tuple[str, Any]]) -> str:
    lines = (f"– {labelled(_LABELS, name)}: {value_text(v)}" for name, v in members)
    return "\n".join((head, *lines))
