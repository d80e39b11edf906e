"""The versions of the keys that seal and index columns, beside the signing keys."""

from typing import Any

from idp.approvals import sealing
from idp.approvals.kinds import Payload
from idp.provider import Provider
from idp.storage.versions import DatabaseVersionStore
from idp.web.language import gettext, phrase
from idp.web.staff import key_texts
from idp.web.staff.descriptions import Description
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


def _renew(provider: Provider, payload: Payload) -> Description:
    minutes = -(-provider.config.keys.sealing_lead // 60)
    name = _PURPOSES[payload["purpose"]]
    return Description(
        (
            gettext("Key: %(name)s.", name=gettext(name)),
            gettext(
                "A new version is made. From %(minutes)s minutes later on whoever runs "
                "`idp keys reseal` puts it to use and seals every row anew.",
                minutes=minutes,
            ),
            gettext("The former version goes on opening what lies under it."),
        )
    )


def _destroy(provider: Provider, payload: Payload) -> Description:
    name = _PURPOSES["seal"]
    effects = (
        gettext("Key: %(name)s.", name=gettext(name)),
        gettext(
            "Version %(number)s is erased for good, unless a row is found that still "
            "lies under it: then nothing happens.",
            number=payload["version"],
        ),
        gettext(
            "Copies of the database from before the last reseal cannot be read any "
            "more."
        ),
    )
    kept = of_purpose(DatabaseVersionStore(provider.database).versions(), "seal")
    left = {one.number for one in kept if one.destroyed_at is None}
    is_gone = payload["version"] not in left
    told = gettext("This key is destroyed already.") if is_gone else ""
    final = gettext("Approve: destroy this sealing key now, for good")
    return Description(effects, obstacle=told, final=final)


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


WORDS = {
    sealing.RENEW: (phrase("A new sealing key: %(subject)s"), _renew),
    sealing.DESTROY: (phrase("Destroy the sealing key %(subject)s"), _destroy),
}
