"""Reading single members of client metadata: type, size and characters."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.hosts import LOOPBACK_HOSTS, flaw_in_host
from idp.relying_parties.localised import LANGUAGES
from idp.relying_parties.lookalikes import is_plain, skeleton
from idp.relying_parties.redirects import is_host

Metadata = Mapping[str, Any]

MAX_ITEMS = 50
MAX_TEXT = 300
MAX_NAME = 100
# Visible ASCII without what RFC 3986 leaves out of URIs.
_URI = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&()*+,;=%]{1,2000}")
# RFC 3986 §4.3: a scheme, then characters of URIs, no fragment; tokens will carry it.
_ABSOLUTE_URI = re.compile(r"(?a:[A-Za-z][\w+.-]*:[\w.~:/?\[\]@!$&'()*+,;=%-]{1,500})")
# Control, format (bidirectional overrides, zero width), surrogate, private, separators.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_OURS = skeleton("Định Danh")


def text(metadata: Metadata, name: str, *, longest: int = MAX_TEXT) -> str | None:
    """Return a text that shows as it is stored, or None if it is absent."""
    value = metadata.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise InvalidMetadataError(f"{name} must be a text of 1 to {longest} letters")
    if any(unicodedata.category(letter) in _UNSEEN for letter in value):
        raise InvalidMetadataError(f"{name} holds an invisible or control character")
    return unicodedata.normalize("NFC", value).strip()


def name(metadata: Metadata, member: str) -> str | None:
    """Return a portal's name: plain letters, so that none looks like another's."""
    value = text(metadata, member, longest=MAX_NAME)
    if value is None:
        return None
    if not is_plain(value):
        raise InvalidMetadataError(f"{member} holds a letter that is not Latin")
    if skeleton(value) == _OURS:
        raise InvalidMetadataError(f"{member} is the provider's own name")
    return value


def localised_members(metadata: Metadata, member: str, read: Any) -> dict[str, Any]:
    """Read `member` and its translations with `read`; absent ones are left out."""
    tags = (member, *(f"{member}#{language}" for language in LANGUAGES))
    values = {tag: read(metadata, tag) for tag in tags}
    return {tag: value for tag, value in values.items() if value is not None}


def uri(metadata: Metadata, member: str) -> str | None:
    """Return an https address, or one of plain http on a loopback host."""
    value = metadata.get(member)
    if value is None:
        return None
    if not isinstance(value, str) or not _is_safe(value):
        raise InvalidMetadataError(f"{member} must be an https URL")
    return value


def _is_safe(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return (
        bool(_URI.fullmatch(value) and parts.hostname and is_host(parts.hostname))
        and flaw_in_host(parts.hostname or "") is None
        and "@" not in parts.netloc
        and (parts.scheme == "https" or parts.hostname in LOOPBACK_HOSTS)
    )


def is_absolute_uri(text: str) -> bool:
    """Say whether `text` is an absolute URI, which has no fragment (RFC 3986 §4.3)."""
    return bool(_ABSOLUTE_URI.fullmatch(text))


def strings(metadata: Metadata, member: str) -> tuple[str, ...] | None:
    """Return a list of distinct strings, or None if it is absent."""
    value = metadata.get(member)
    if value is None:
        return None
    if (
        not isinstance(value, list)
        or len(value) > MAX_ITEMS
        or not all(isinstance(item, str) and len(item) <= 2000 for item in value)
    ):
        raise InvalidMetadataError(
            f"{member} must be a list of at most {MAX_ITEMS} strings"
        )
    return tuple(dict.fromkeys(value))


def choice(
    metadata: Metadata, member: str, allowed: Collection[str], default: str | None
) -> str | None:
    """Return one of the `allowed` values, or the default."""
    value = metadata.get(member)
    if value is None:
        return default
    if not isinstance(value, str) or value not in allowed:
        listed = ", ".join(allowed)
        raise InvalidMetadataError(f"{member} must be one of: {listed}")
    return value


def flag(metadata: Metadata, member: str, *, default: bool) -> bool:
    """Return true or false."""
    value = metadata.get(member)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise InvalidMetadataError(f"{member} must be true or false")
    return value


def number(metadata: Metadata, member: str, *, highest: int) -> int | None:
    """Return a whole number from 0 to `highest`, or None if it is absent."""
    value = metadata.get(member)
    if value is None:
        return None
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 0 <= value <= highest:
        raise InvalidMetadataError(f"{member} must be from 0 to {highest}")
    return int(value)
