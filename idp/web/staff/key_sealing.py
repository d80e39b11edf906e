"""The versions of the keys that seal and index columns, beside the signing keys."""

from typing import Any

from idp.provider import Provider
from idp.storage.versions import DatabaseVersionStore
from idp.web.language import gettext, phrase
from idp.web.staff import key_texts
from keys.versions import (
    PURPOSES,
    Version,
    VersionState,
    active_number,
    of_purpose,
    state_of,
)

_PURPOSES = {
    "seal": phrase("Sealing of personal values"),
    "index": phrase("Look-up of sealed values"),
}
_STATES = {
    VersionState.NEXT: phrase("made, not in use yet"),
    VersionState.ACTIVE: phrase("in use"),
    VersionState.RETIRED: phrase("opens what is not sealed anew yet"),
    VersionState.DESTROYED: phrase("destroyed"),
}


def versions(provider: Provider) -> list[dict[str, Any]]:
    """Return every version, the newest of each key first."""
    kept = DatabaseVersionStore(provider.database).versions()
    return [
        _line(version, active_number(kept, purpose))
        for purpose in PURPOSES
        for version in reversed(of_purpose(kept, purpose))
    ]


def _line(version: Version, active: int) -> dict[str, Any]:
    return {
        "name": gettext(_PURPOSES[version.purpose]),
        "number": version.number,
        "state": gettext(_STATES[state_of(version, active)]),
        "made": key_texts.moment(version.created_at),
        "used": key_texts.moment(version.activated_at),
        "destroyed": key_texts.moment(version.destroyed_at),
    }
