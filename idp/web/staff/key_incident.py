"""A killed key, for as long as it matters: refused, told, exposed, acknowledged."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from idp.custody import incidents, rehearsal, standing
from idp.custody.standing import Standing
from idp.web.language import gettext
from idp.web.staff import access, frame, key_texts, keys, paging
from idp.web.visit import Visit
from keys.ring import Ring

blueprint = Blueprint("staff_key_incident", __name__)


@blueprint.get("/staff/keys/incidents/<uuid:incident_id>")
def show(incident_id: UUID) -> ResponseReturnValue:
    """Show what was refused since, who is told, and who is still exposed."""
    here, officer = access.enter(request.path, *keys.READERS)
    if isinstance(officer, Response):
        return officer
    here.provider.sightings.flush()
    with here.provider.database.read() as connection:
        incident = incidents.find(connection, incident_id)
        refused = incidents.refusals(connection, incident.kid)
    portals = _portals(here, incident)
    return frame.page(
        here,
        officer,
        "key_incident",
        gettext("A key was killed"),
        tab=keys.TAB,
        incident=incident,
        ring=key_texts.ring_name(Ring.named(incident.ring)),
        killed_at=key_texts.moment(incident.killed_at),
        cached_until=key_texts.moment(incidents.cached_until(incident)),
        grants=gettext(key_texts.GRANTS[incident.grants]),
        sessions=gettext(key_texts.SESSIONS[incident.sessions]),
        refused=[_refused(row) for row in refused],
        portals=paging.part(portals),
        pages=paging.pages(
            "staff_key_incident.show",
            has_more=paging.has_more(portals),
            incident_id=str(incident_id),
        ),
        exposed=sum(one["is_exposed"] for one in portals),
    )


def _refused(row: Any) -> dict[str, Any]:
    text = key_texts.TYPES.get(row.typ)
    return {
        "what": gettext(text) if text else row.typ,
        "count": row.count,
        "last": key_texts.moment(row.last_at),
    }


def _portals(here: Visit, incident: Any) -> list[dict[str, Any]]:
    provider, ring = here.provider, Ring.named(incident.ring)
    with provider.database.read() as connection:
        told = incidents.portals(connection, incident.id)
        known = rehearsal.seen(provider, connection, [incident.kid])
    found = standing.of_key(
        standing.concerned(known.parties, ring.purpose, ring.alg),
        known.fetches,
        known.returns,
        kid=incident.kid,
        signs_from=incident.signed_from,
    )
    lines = [_line(here, incident, one, told.get(one.client_id)) for one in found]
    return sorted(lines, key=lambda line: (not line["is_exposed"], line["name"]))


def _line(here: Visit, incident: Any, one: Standing, told: Any) -> dict[str, Any]:
    until = one.exposed_until(incident.killed_at, incident.jwks_max_age)
    is_exposed = until is not None and until > here.now
    return {
        "name": one.name,
        "client_id": one.client_id,
        "is_exposed": is_exposed,
        "state": _exposure(one, until, incident, is_exposed=is_exposed),
        "written": key_texts.moment(told.written_at if told else None),
        "is_signalled": bool(told and told.notice_id),
        "taken": key_texts.moment(told.taken_at if told else None),
        "has_contacts": bool(told and told.contacts),
    }


def _exposure(one: Standing, until: Any, incident: Any, *, is_exposed: bool) -> str:
    if until is None:
        time = key_texts.moment(one.refetched_at)
        return gettext("fetched the new key set on %(time)s", time=time)
    if is_exposed and one.lacks_at and one.lacks_at > incident.killed_at:
        return gettext(
            "exposed until %(time)s; unconfirmed: somebody in its name has fetched the "
            "new key set",
            time=key_texts.moment(until),
        )
    if is_exposed:
        return gettext("exposed until %(time)s", time=key_texts.moment(until))
    return gettext(
        "its cache must have ended on %(time)s", time=key_texts.moment(until)
    )
