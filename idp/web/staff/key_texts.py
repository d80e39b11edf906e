"""Keys in words: what a ring signs, where a key stands, what a proposal will do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from babel.numbers import format_decimal

from idp import clock
from idp.custody import rehearsal
from idp.custody.reach import Count
from idp.custody.rehearsal import Cost
from idp.provider import Provider
from idp.web import presentation
from idp.web.language import current, gettext, phrase
from idp.web.staff import key_origin
from idp.web.staff.descriptions import Change, Description
from keys.ring import RINGS, Ring, RingKey, State, state

PURPOSES = {
    "id_token": phrase("ID tokens and signed userinfo"),
    "access_token": phrase("Access tokens"),
    "event": phrase("Sign-outs and security events"),
    "jarm": phrase("Signed answers to portals"),
    "credential": phrase("Wallets' credentials"),
    "audit": phrase("Heads of the audit log"),
}
STATES = {
    State.GENERATED: phrase("generated"),
    State.NEXT: phrase("published"),
    State.ACTIVE: phrase("signing"),
    State.RETIRED: phrase("verifying only"),
    State.GONE: phrase("destroyed"),
}
TYPES = {
    "at+jwt": phrase("access tokens"),
    "JWT": phrase("ID tokens"),
    "logout+jwt": phrase("sign-out tokens"),
    "secevent+jwt": phrase("security events"),
}
EVIDENCE = {
    "network": phrase("fetched, from its own network"),
    "hint": phrase("fetched, by its own word"),
}
GRANTS = {
    "rekey": phrase("Keep the permissions: the next refresh is signed by the new key"),
    "revoke": phrase(
        "End the permissions that got tokens of this key: citizens decide anew"
    ),
}
SESSIONS = {
    "stay": phrase("Keep people signed in with us"),
    "end": phrase("Sign everybody out: all prove themselves anew"),
}


def ring_name(ring: Ring) -> str:
    """Return what a ring signs, and by which algorithm."""
    return f"{gettext(PURPOSES[ring.purpose])} · {ring.alg}"


def ring_called(text: str) -> str:
    """Return a text that has rings by their stored names with these in words."""
    for ring in RINGS:
        text = text.replace(ring.name, ring_name(ring))
    return text


def short(kid: str) -> str:
    """Return enough of a key's name to tell it from its neighbours."""
    return kid[:8]


def moment(at: datetime | None) -> str:
    """Return a moment, or a dash."""
    return presentation.moment_text(at) if at else "–"


def counted(count: Count) -> str:
    """Return a number as it is read, or that there are more."""
    number = str(format_decimal(count.number, locale=current()))
    return gettext("more than %(number)s", number=number) if count.is_more else number


def losses(cost: Cost, choice: Mapping[str, str]) -> tuple[str, ...]:
    """Return what a kill would cost now, line by line."""
    lines = [
        gettext(
            "Token answers of the last minutes that may become worthless: %(tokens)s.",
            tokens=counted(cost.tokens),
        )
    ]
    if cost.has_grants:
        revoked = choice["grants"] == "revoke"
        lines.append(
            gettext("Permissions that end: %(number)s.", number=counted(cost.grants))
            if revoked
            else gettext(
                "Permissions that live on and are re-keyed: %(number)s.",
                number=counted(cost.grants),
            )
        )
    if cost.credentials:
        lines.append(
            gettext(
                "Credentials in wallets that are marked invalid for good: %(number)s. "
                "Where the permission is kept, the wallet fetches a new one.",
                number=counted(cost.credentials),
            )
        )
    ended = choice["sessions"] == "end"
    lines.append(
        gettext("Sign-ins that end: %(number)s.", number=counted(cost.sessions))
        if ended
        else gettext("Sign-ins that go on: %(number)s.", number=counted(cost.sessions))
    )
    return tuple(lines)


def _rotate(provider: Provider, payload: Mapping[str, Any]) -> Description:
    made = gettext("The key is made in the hardware token, which it never leaves.")
    if provider.config.keys.signers != "pkcs11":
        made = gettext("The server makes the key and seals it in its database.")
    return _moved(provider, payload, made)


def _moved(provider: Provider, payload: Mapping[str, Any], *more: str) -> Description:
    """Say what the next key of a ring brings, and whether one waits already."""
    ring = Ring.named(payload["ring"])
    dates = provider.rotator.rehearse(ring, now=clock.now())
    waits = gettext("A key of this ring is published and waits: nothing would change.")
    return Description(
        (_ring(payload), *more, gettext("Nobody is signed out.")),
        forecast=(
            gettext(
                "The next key is published at once and signs from %(time)s on.",
                time=moment(dates.signs_at),
            ),
            gettext(
                "The old key verifies until %(time)s and is destroyed then.",
                time=moment(dates.destroyed_at),
            ),
        ),
        obstacle=waits if dates.upcoming else "",
    )


def _ring(payload: Mapping[str, Any]) -> str:
    return gettext("Ring: %(ring)s.", ring=ring_called(payload["ring"]))


def _publish(provider: Provider, payload: Mapping[str, Any]) -> Description:
    described = _moved(provider, payload)
    key = find(provider, payload["kid"])
    if key is None:
        gone = gettext("There is no key of this name: %(kid)s.", kid=payload["kid"])
        return replace(described, obstacle=gone)
    if state(key, clock.now()) is not State.GENERATED:
        past = gettext("This key waits no more: it was published or destroyed.")
        described = replace(described, obstacle=past)
    return replace(described, changes=key_origin.described(provider, key))


def _kill(provider: Provider, payload: Mapping[str, Any]) -> Description:
    now, kid = clock.now(), payload["kid"]
    key = find(provider, kid)
    described = Description(
        (
            _ring(payload),
            gettext(
                "The key is destroyed and its successor signs at once: whatever it has "
                "signed is refused here."
            ),
            f"{gettext(GRANTS[payload['grants']])}.",
            f"{gettext(SESSIONS[payload['sessions']])}.",
            gettext("Portals are told by security event and by letter."),
        ),
        (Change(gettext("Which key"), key_origin.named(kid), ""),),
        final=gettext("Approve: kill this key now, for good"),
    )
    if key is None or (key.destroyed_at is not None and key.destroyed_at <= now):
        gone = gettext("This key is destroyed already.")
        return replace(described, obstacle=gone)
    with provider.database.read() as connection:
        cost = rehearsal.cost(provider, connection, key, now)
    warning = gettext(
        "Portals may believe forged tokens until they fetch the key set anew, "
        "at the latest %(minutes)s minutes from then.",
        minutes=-(-provider.config.keys.cached_for // 60),
    )
    return replace(described, forecast=losses(cost, payload), warnings=(warning,))


def find(provider: Provider, kid: str) -> RingKey | None:
    """Return a key by its name."""
    rows = provider.rotator.store.rows()
    return next((row for row in rows if row.kid == kid), None)


# By the kind of proposal: its title, and what will happen.
WORDS = {
    "keys.rotate": (phrase("Rotate keys: %(subject)s"), _rotate),
    "keys.publish": (phrase("Publish a key made beforehand: %(subject)s"), _publish),
    "keys.kill": (phrase("Kill a key: %(subject)s"), _kill),
}
