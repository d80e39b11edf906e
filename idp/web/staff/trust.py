"""The chip trust store for security officers: what is trusted, and changes proposed."""

from collections import Counter
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.approvals import proposals
from idp.approvals import trust as acts
from idp.approvals.proposals import given_reason
from idp.emrtd.certificates import Certificate
from idp.factors import chip_trust
from idp.factors.chip_trust import StoredItem
from idp.staff.errors import StaffChangeError
from idp.staff.officer import Officer
from idp.web import csrf, presentation
from idp.web.language import gettext
from idp.web.problem import Problem, notice
from idp.web.staff import access, frame, paging, proposing, trust_texts
from idp.web.visit import Visit

blueprint = Blueprint("staff_trust", __name__)

TAB = "staff_trust.show"
READERS = (*acts.ROLES, "auditor")
MAX_UPLOAD = 8_388_608
_BESIDE_FILE = 65_536
_NAME = 100


@blueprint.get("/staff/trust")
def show() -> ResponseReturnValue:
    """Show what is trusted; country, kind and page by URL."""
    here, officer = access.enter("/staff/trust", *READERS)
    if isinstance(officer, Response):
        return officer
    return _page(here, officer)


@blueprint.post("/staff/trust")
def propose_import() -> ResponseReturnValue:
    """Read a file against what is trusted, and propose what it brings."""
    here, officer = access.fresh("/staff/trust", *acts.ROLES)
    if isinstance(officer, Response):
        return officer
    request.max_content_length = MAX_UPLOAD + _BESIDE_FILE
    csrf.check(
        here.provider.secrets.key("csrf"),
        browser=here.browser,
        purpose=access.purpose(officer, "trust"),
        sent=request.form.get(csrf.FIELD),
    )
    reason, sent = request.form.get("reason", ""), request.files.get("file")
    data = sent.read() if sent else b""
    name = trust_texts.plain(sent.filename or "")[:_NAME] if sent else ""
    try:
        given_reason(reason)
        _require_new(here, data)
    except StaffChangeError as error:
        wrong = notice("DD-PROP-001", description=str(error))
        return _page(here, officer, wrong.at("file", gettext("Choose another file")))
    return _propose(here, officer, acts.importing(data, source=name), reason)


@blueprint.post("/staff/trust/<digest>")
def propose_removal(digest: str) -> ResponseReturnValue:
    """Propose to trust one item no more."""
    here, officer = access.fresh("/staff/trust", *acts.ROLES)
    if isinstance(officer, Response):
        return officer
    typed = here.check(access.purpose(officer, f"trust:{digest}"), "reason")
    with here.provider.database.read() as connection:
        found = chip_trust.find(connection, digest)
    payload = acts.removing([found.digest.hex()])
    try:
        return _propose(here, officer, payload, typed["reason"])
    except StaffChangeError as error:
        wrong = notice("DD-PROP-001", description=str(error))
        return _page(here, officer, wrong)


def _require_new(here: Visit, data: bytes) -> None:
    """Raise for a file of which nothing would be trusted that is not so already."""
    with here.provider.database.read() as connection:
        loaded = chip_trust.read_file(connection, data, now=here.now)
        held = chip_trust.list_items(connection)
    if not chip_trust.news(loaded, held).added:
        why = "; ".join(one.reason for one in loaded.problems[:3])
        raise StaffChangeError(f"nothing in the file is new and usable. {why}")


def _propose(
    here: Visit, officer: Officer, payload: dict[str, Any], reason: str
) -> ResponseReturnValue:
    made = proposing.propose(here, officer, acts.CHANGE, payload, reason)
    return redirect(
        url_for("staff_approvals.one", proposal_id=made, done="proposed"), 303
    )


def _page(here: Visit, officer: Officer, problem: Problem | None = None) -> Response:
    country, kind = request.args.get("country", ""), request.args.get("kind", "")
    with here.provider.database.read() as connection:
        held = chip_trust.list_items(connection)
    rows = [
        one for one in held if country in {"", one.country} and kind in {"", one.kind}
    ]
    return frame.page(
        here,
        officer,
        "trust",
        gettext("Chip trust store"),
        tab=TAB,
        problem=problem,
        counts=_counts(held),
        expired=sum(_end(one) < here.now for one in held),
        countries=sorted({one.country for one in held}),
        kinds={name: gettext(text) for name, text in trust_texts.KINDS.items()},
        country=country,
        kind=kind,
        rows=[_row(here, officer, one) for one in paging.part(rows)],
        pages=paging.pages(
            TAB,
            has_more=paging.has_more(rows),
            country=country,
            kind=kind,
        ),
        may_propose=officer.has(*acts.ROLES),
        longest=proposals.MAX_REASON,
        token=here.token(access.purpose(officer, "trust")),
    )


def _counts(held: list[StoredItem]) -> list[tuple[str, int]]:
    counted = Counter(one.kind for one in held)
    return [(gettext(text), counted[name]) for name, text in trust_texts.KINDS.items()]


def _end(one: StoredItem) -> datetime:
    item = one.item
    return item.not_after if isinstance(item, Certificate) else item.next_update


def _row(here: Visit, officer: Officer, one: StoredItem) -> dict[str, Any]:
    digest = one.digest.hex()
    return {
        "country": one.country,
        "kind": gettext(trust_texts.KINDS[one.kind]),
        "name": trust_texts.plain(one.item.owner.text),
        "until": presentation.date_text(_end(one)),
        "is_over": _end(one) < here.now,
        "fingerprint": trust_texts.fingerprint(one.item),
        "source": trust_texts.plain(one.source),
        "digest": digest,
        "action": url_for("staff_trust.propose_removal", digest=digest),
        "token": here.token(access.purpose(officer, f"trust:{digest}")),
    }
