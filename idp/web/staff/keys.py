"""The keys of all rings as a board, one ring, and the proposals to move it."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.custody import incidents, rehearsal
from idp.custody.rehearsal import Portals, Seen
from idp.errors import NotFoundError
from idp.staff.officer import Officer
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import (
    access,
    frame,
    kept,
    key_axis,
    key_sealing,
    key_texts,
    paging,
    proposing,
)
from idp.web.visit import Visit
from keys.rehearsal import due_at
from keys.ring import (
    RINGS,
    Ring,
    RingKey,
    State,
    generated,
    next_key,
    signing_key,
    state,
    timeline,
)

blueprint = Blueprint("staff_keys", __name__)

TAB = "staff_keys.show"
READERS = ("security", "auditor")
PROPOSERS = ("security",)
_INCIDENTS = 5


@blueprint.get("/staff/keys")
def show() -> ResponseReturnValue:
    """Show every ring: who signs, what comes next, who has the next key."""
    here, officer = access.enter(request.path, *READERS)
    if isinstance(officer, Response):
        return officer
    here.provider.sightings.flush()
    rows = here.provider.rotator.store.rows()
    upcoming = [next_key(keys_of(here, ring, rows), here.now) for ring in RINGS]
    kids = [key.kid for key in upcoming if key]
    with here.provider.database.read() as connection:
        newest = incidents.newest(
            connection,
            limit=_INCIDENTS + 1,
            offset=(paging.number() - 1) * _INCIDENTS,
        )
        known = rehearsal.seen(here.provider, connection, kids) if kids else None
    return frame.page(
        here,
        officer,
        "keys",
        gettext("Signing keys"),
        rings=[_board(here, ring, rows, known) for ring in RINGS],
        sealing=key_sealing.versions(here.provider),
        incidents=[
            {
                "href": url_for("staff_key_incident.show", incident_id=item.id),
                "ring": key_texts.ring_name(Ring.named(item.ring)),
                "kid": key_texts.short(item.kid),
                "at": key_texts.moment(item.killed_at),
                "is_over": incidents.cached_until(item) <= here.now
                and item.over_at is not None,
            }
            for item in newest[:_INCIDENTS]
        ],
        pages=paging.pages(TAB, has_more=len(newest) > _INCIDENTS),
    )


@blueprint.get("/staff/keys/rings/<name>")
def one(name: str) -> ResponseReturnValue:
    """Show one ring with its keys, past ones too, and its portals."""
    here, officer = access.enter(request.path, *READERS)
    if isinstance(officer, Response):
        return officer
    here.provider.sightings.flush()
    return _ring(here, officer, named(name), typed=kept.take(here, officer))


@blueprint.post("/staff/keys/rings/<name>")
def propose(name: str) -> ResponseReturnValue:
    """Propose to rotate the ring, or to publish a generated key."""
    here, officer = access.fresh(request.path, *PROPOSERS)
    if isinstance(officer, Response):
        return officer
    purpose = access.purpose(officer, f"ring:{name}")
    fields = here.check(purpose, "reason", "kid")
    ring, provider = named(name), here.provider
    if not fields["reason"].strip():
        wrong = notice("DD-AUTH-006").at("reason", gettext("Fill in this field"))
        return _ring(here, officer, ring, wrong, typed=fields)
    payload, kind = {"ring": ring.name}, "keys.rotate"
    if fields["kid"]:
        waiting = generated(provider.rotator.store.rows(), ring, here.now)
        if all(key.kid != fields["kid"] for key in waiting):
            raise NotFoundError("no such generated key of this ring")
        payload, kind = payload | {"kid": fields["kid"]}, "keys.publish"
    proposal_id = proposing.propose(here, officer, kind, payload, fields["reason"])
    address = url_for("staff_approvals.one", proposal_id=proposal_id)
    return redirect(address, HTTPStatus.SEE_OTHER)


def named(name: str) -> Ring:
    """Return the ring of an address, where a dash stands for the dot."""
    try:
        return Ring.named(name.replace("-", "."))
    except ValueError:
        raise NotFoundError("no such ring") from None


def address(ring: Ring) -> str:
    """Return the address of a ring's page."""
    return url_for("staff_keys.one", name=_path(ring))


def _path(ring: Ring) -> str:
    return ring.name.replace(".", "-")


def keys_of(here: Visit, ring: Ring, rows: list[RingKey]) -> tuple[RingKey, ...]:
    """Return the ring's keys in the order of their signing."""
    keep = here.provider.rotator.clocks[ring.purpose].keep_retired
    return timeline(rows, ring, keep_retired=keep)


def _board(
    here: Visit, ring: Ring, rows: list[RingKey], known: Seen | None
) -> dict[str, Any]:
    keys, now = keys_of(here, ring, rows), here.now
    living = [key for key in keys if state(key, now) is not State.GONE]
    upcoming = next_key(keys, now)
    return {
        "name": key_texts.ring_name(ring),
        "id": _path(ring),
        "href": address(ring),
        "axis": key_axis.draw(living, now),
        "lines": [_line(key, here) for key in living],
        "next": _next(here, ring, rows, keys),
        "portals": _counted(here, known, ring, upcoming) if known and upcoming else "",
    }


def _counted(here: Visit, known: Seen, ring: Ring, key: RingKey) -> str:
    """Say how many of the ring's portals have its next key."""
    found = rehearsal.portals(here.provider, known, ring, key)
    if not found.all:
        return ""
    return gettext(
        "Portals known to have the next key: %(have)s of %(all)s.",
        have=len(found.having),
        all=len(found.all),
    )


def _next(
    here: Visit, ring: Ring, rows: list[RingKey], keys: tuple[RingKey, ...]
) -> str:
    """Return the next action and its date, or that the clock does all alone."""
    now, upcoming = here.now, next_key(keys, here.now)
    if upcoming is not None:
        time = key_texts.moment(upcoming.activates_at)
        return gettext("The next key signs from %(time)s on, by itself.", time=time)
    if generated(rows, ring, now):
        return gettext("A generated key waits to be published.")
    retiring = [key for key in keys if state(key, now) is State.RETIRED]
    if retiring:
        time = key_texts.moment(retiring[0].destroyed_at)
        return gettext("The old key is destroyed on %(time)s, by itself.", time=time)
    due = due_at(rows, ring, here.provider.rotator.clocks, now)
    if due is not None:
        time = key_texts.moment(due)
        return gettext("The next key is published on %(time)s, by itself.", time=time)
    active = signing_key(keys, now)
    since = key_texts.moment(active.activates_at if active else None)
    return gettext("Nothing is due. It signs since %(time)s.", time=since)


def _line(key: RingKey, here: Visit) -> dict[str, Any]:
    stands = state(key, here.now)
    return {
        "kid": key.kid,
        "short": key_texts.short(key.kid),
        "state": gettext("killed")
        if key.compromised_at
        else gettext(key_texts.STATES[stands]),
        "kind": stands.value,
        "is_hardware": key.handle is not None,
        "published": key_texts.moment(key.published_at),
        "signs": key_texts.moment(key.activates_at),
        "retires": key_texts.moment(key.retired_at),
        "destroyed": key_texts.moment(key.destroyed_at),
        "kill": url_for("staff_key_kill.show", kid=key.kid)
        if stands is not State.GONE
        else "",
    }


def _ring(
    here: Visit,
    officer: Officer,
    ring: Ring,
    problem: Problem | None = None,
    *,
    typed: dict[str, str],
) -> Response:
    provider, now = here.provider, here.now
    rows = provider.rotator.store.rows()
    keys, waiting = keys_of(here, ring, rows), generated(rows, ring, now)
    living = [key for key in keys if state(key, now) is not State.GONE]
    gone = [key for key in reversed(keys) if state(key, now) is State.GONE]
    looked_at = next_key(keys, now) or signing_key(keys, now)
    with provider.database.read() as connection:
        known = rehearsal.seen(
            provider, connection, [looked_at.kid] if looked_at else []
        )
    found = (
        rehearsal.portals(provider, known, ring, looked_at)
        if looked_at
        else Portals((), (), ())
    )
    dates = provider.rotator.rehearse(ring, now=now)
    lacking_only = request.args.get("show") == "lacking"
    listed = [one for one in found.all if not (lacking_only and one.has)]
    return frame.page(
        here,
        officer,
        "key_ring",
        key_texts.ring_name(ring),
        tab=TAB,
        problem=problem,
        axis=key_axis.draw(living, now),
        keys=[_line(key, here) for key in (*waiting, *reversed(living))],
        past=[_line(key, here) for key in paging.part(gone)],
        next=_next(here, ring, rows, keys),
        portals=[_portal(one, looked_at, here) for one in paging.part(listed)],
        lacking_only=lacking_only,
        pages=paging.pages(
            "staff_keys.one",
            has_more=paging.has_more(listed, gone),
            name=_path(ring),
            show="lacking" if lacking_only else "",
        ),
        looked_at=looked_at and key_texts.short(looked_at.kid),
        safe_at=_safe_at(found, looked_at, here),
        late=[one.name for one in found.late],
        unseen=len(found.unseen),
        may_propose=officer.has(*PROPOSERS) and next_key(keys, now) is None,
        typed=typed,
        generated=[_line(key, here) for key in waiting],
        signs=key_texts.moment(dates.signs_at),
        destroyed=key_texts.moment(dates.destroyed_at),
        token=here.token(access.purpose(officer, f"ring:{_path(ring)}")),
    )


def _safe_at(found: Portals, key: RingKey | None, here: Visit) -> str:
    """Return when the last cache that keeps to our word has the key."""
    if key is None or key.published_at is None or not found.all:
        return ""
    max_age = here.provider.config.keys.cached_for
    latest = max(one.has_it_by(key.published_at, max_age) for one in found.all)
    return key_texts.moment(latest)


def _portal(one: Any, key: RingKey | None, here: Visit) -> dict[str, Any]:
    max_age = here.provider.config.keys.cached_for
    since = key.published_at if key else None
    return {
        "name": one.name,
        "client_id": one.client_id,
        "has": one.has,
        "evidence": gettext(key_texts.EVIDENCE[one.via]) if one.via else "",
        "fetched": key_texts.moment(one.last_fetch),
        "by": key_texts.moment(one.has_it_by(since, max_age)) if since else "–",
        "used": key_texts.moment(one.used_at) if one.used_at else "",
    }
