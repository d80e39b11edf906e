"""Killing a key in one guided page: what it costs stands before the button."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.custody import rehearsal
from idp.custody.kill import MAX_REASON
from idp.errors import NotFoundError
from idp.staff.officer import Officer
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame, kept, key_texts, keys, proposing
from idp.web.visit import Visit
from keys.ring import RingKey, State, state

blueprint = Blueprint("staff_key_kill", __name__)


@blueprint.get("/staff/keys/kill/<kid>")
def show(kid: str) -> ResponseReturnValue:
    """Show what killing the key would cost, and whom it would expose."""
    here, officer = access.enter(request.path, *keys.READERS)
    if isinstance(officer, Response):
        return officer
    here.provider.sightings.flush()
    return _page(here, officer, _find(here, kid), kept.take(here, officer))


@blueprint.post("/staff/keys/kill/<kid>")
def propose(kid: str) -> ResponseReturnValue:
    """Propose it, with the choices and the reason; a second officer approves."""
    here, officer = access.fresh(request.path, *keys.PROPOSERS)
    if isinstance(officer, Response):
        return officer
    names = ("reason", "grants", "sessions")
    typed = here.check(access.purpose(officer, f"kill:{kid}"), *names)
    key = _find(here, kid)
    known = {"grants": key_texts.GRANTS, "sessions": key_texts.SESSIONS}
    missing = [name for name, values in known.items() if typed[name] not in values]
    if not typed["reason"].strip():
        missing = ["reason"]
    if missing:
        wrong = notice("DD-AUTH-006").at(missing[0], gettext("Fill in this field"))
        return _page(here, officer, key, typed, wrong)
    payload = {"kid": kid, "ring": key.ring.name, **typed}
    payload["reason"] = typed["reason"][:MAX_REASON]
    proposal_id = proposing.propose(
        here, officer, "keys.kill", payload, payload["reason"]
    )
    address = url_for("staff_approvals.one", proposal_id=proposal_id)
    return redirect(address, HTTPStatus.SEE_OTHER)


def _find(here: Visit, kid: str) -> RingKey:
    """Return the key as it stands, with its ends, unless it is dead already."""
    row = key_texts.find(here.provider, kid)
    if row is None or state(row, here.now) is State.GONE:
        raise NotFoundError("no such key lives")
    rows = here.provider.rotator.store.rows()
    in_order = keys.keys_of(here, row.ring, rows)
    return next((key for key in in_order if key.kid == kid), row)


def _page(
    here: Visit,
    officer: Officer,
    key: RingKey,
    typed: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> Response:
    provider, now = here.provider, here.now
    with provider.database.read() as connection:
        cost = rehearsal.cost(provider, connection, key, now)
        known = rehearsal.seen(provider, connection, [key.kid])
    found = rehearsal.portals(provider, known, key.ring, key)
    max_age = provider.config.keys.cached_for
    exposed = [one for one in found.all if one.exposed_until(now, max_age)]
    return frame.page(
        here,
        officer,
        "key_kill",
        gettext("Kill a key"),
        tab=keys.TAB,
        problem=problem,
        ring=key_texts.ring_name(key.ring),
        kid=key.kid,
        stands=gettext(key_texts.STATES[state(key, now)]),
        since=key_texts.moment(key.activates_at),
        cost={name: key_texts.counted(count) for name, count in cost.counts.items()},
        exposed=[one.name for one in exposed],
        minutes=-(-max_age // 60),
        back=keys.address(key.ring),
        grants=_choices(key_texts.GRANTS) if cost.has_grants else {},
        sessions=_choices(key_texts.SESSIONS),
        typed=typed or {"grants": "rekey", "sessions": "stay"},
        longest=MAX_REASON,
        may_propose=officer.has(*keys.PROPOSERS),
        token=here.token(access.purpose(officer, f"kill:{key.kid}")),
    )


def _choices(texts: dict[str, str]) -> dict[str, str]:
    return {name: gettext(text) for name, text in texts.items()}
