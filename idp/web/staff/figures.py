"""Figures for leaders: a page to read and to print, and the same as JSON."""

import re
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from idp.figures import report
from idp.figures.report import Report
from idp.web import presentation
from idp.web.language import current, gettext
from idp.web.staff import access, figure_charts, figure_texts, frame
from idp.web.visit import Visit

blueprint = Blueprint("staff_figures", __name__)

ROLES = ("leader",)
_SHOWN_PORTALS = 20
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])")


@blueprint.get("/staff/figures")
def show() -> ResponseReturnValue:
    """Show the figures of today, and portals and provinces of a month."""
    here, officer = access.enter(request.full_path.rstrip("?"), *ROLES)
    if isinstance(officer, Response):
        return officer
    made = _make(here)
    return frame.page(
        here,
        officer,
        "figures",
        gettext("Figures"),
        report=made,
        charts=_charts(here, made),
        texts=figure_texts,
        as_of=presentation.moment_text(made.as_of),
        earlier=_link(made.month, -1),
        later=None if not made.is_month_over else _link(made.month, 1),
    )


@blueprint.get("/staff/figures.json")
def show_json() -> ResponseReturnValue:
    """Answer the figures as JSON, told by the same rule as on the page."""
    here, officer = access.enter("/staff/figures", *ROLES)
    if isinstance(officer, Response):
        return officer
    response = jsonify(_make(here).to_json())
    response.headers["Cache-Control"] = "no-store"
    return response


def _make(here: Visit) -> Report:
    provider = here.provider
    provider.funnel.flush()
    found = _MONTH.fullmatch(request.args.get("month", ""))
    month = date(int(found[1]), int(found[2]), 1) if found else None
    return report.make(
        provider.database, provider.config.figures, now=here.now, month=month
    )


def _charts(here: Visit, made: Report) -> dict[str, Any]:
    find = here.provider.relying_parties.find
    parties = {name: find(name) for name in made.portals}
    portals = {
        name: party.name.in_language(current()) if party else name
        for name, party in parties.items()
    }
    bars = figure_charts.bars
    return {
        "stand": bars(
            {
                gettext("Dossiers"): made.dossiers,
                gettext("Accounts granted"): made.activation.whole,
                gettext("Accounts activated"): made.activation.part,
            }
        ),
        "accounts": bars(made.accounts),
        "dossiers": bars(made.dossier_states),
        "refusals": bars(made.refusals, limit=_SHOWN_PORTALS),
        "levels": bars(made.levels),
        "days": figure_charts.columns(made.days),
        "portals": bars(made.portals, limit=_SHOWN_PORTALS),
        "portal_names": portals,
        "provinces": bars(made.provinces, limit=len(made.provinces)),
        "way": bars(made.way),
        "failures": bars(made.failures, limit=_SHOWN_PORTALS),
        "tries": bars(made.tries, limit=_SHOWN_PORTALS),
    }


def _link(month: str, step: int) -> dict[str, str]:
    first = date.fromisoformat(f"{month}-01")
    other = (first + timedelta(days=32 if step > 0 else -1)).strftime("%Y-%m")
    href = url_for("staff_figures.show", month=other)
    return {"href": f"{href}#month", "label": figure_texts.month(other)}
