"""What a portal shows: its front page, the profile that came back, errors."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import (
    Blueprint,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from clients.portal import visits
from clients.portal.decoding import decode
from clients.portal.sites import Site, is_strong_enough, levels
from clients.portal.texts import ERRORS, LABELS, TEXTS

LANGUAGES = ("vi", "en")
YEAR = 31_536_000
VIETNAM = timezone(timedelta(hours=7))

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def landing() -> str:
    """Show the site's front page."""
    return render_template(f"{_site().key}.html", visit=_visit())


@blueprint.get("/profile")
def profile() -> str | Response:
    """Show what came back; without a visit there is nothing to show."""
    visit = _visit()
    if visit is None:
        return redirect(url_for("pages.landing"))
    return render_template(
        "profile.html",
        visit=visit,
        claims=_shown_claims(visit),
        strong=is_strong_enough(_site(), visit["id_token"]),
        can_step_up=min(levels(visit["id_token"])) < 2,
        asked=dict(parse_qsl(urlsplit(visit["request"]).query)),
        tokens={
            name: decode(visit["token"][name])
            for name in ("id_token", "access_token")
            if name in visit["token"]
        },
    )


@blueprint.get("/language/<chosen>")
def choose_language(chosen: str) -> Response:
    """Remember the language and go back to the front page or the profile."""
    target = "pages.profile" if request.args.get("from") == "profile" else None
    response = make_response(redirect(url_for(target or "pages.landing")))
    if chosen in LANGUAGES:
        response.set_cookie(
            f"{_site().key}_language",
            chosen,
            max_age=YEAR,
            samesite="Lax",
            secure=request.is_secure,
        )
    return response


def language() -> str:
    """Return the visitor's language; Vietnamese unless they chose."""
    chosen = request.cookies.get(f"{_site().key}_language", "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def show_error(code: str, description: str) -> tuple[str, int]:
    """Render the page for an OAuth error code or one of our own."""
    known = ERRORS.get(code, ERRORS["other"])
    status = 502 if code == "unreachable" else 400
    page = render_template(
        "error.html",
        code=code,
        description=description,
        title=known[LANGUAGES.index(language())][0],
        advice=known[LANGUAGES.index(language())][1],
    )
    return page, status


def show_signed_out() -> str:
    """Render the page after a logout at the provider."""
    return render_template("signed_out.html", visit=None)


@blueprint.app_context_processor
def words() -> dict[str, Any]:
    """Give every template its words, its site and its language."""
    site, index = _site(), LANGUAGES.index(language())
    return {
        "site": site,
        "lang": language(),
        "t": lambda key: TEXTS.get(f"{site.key}.{key}", TEXTS.get(key, (key, key)))[
            index
        ],
        "label": lambda name: LABELS.get(name, (name, name))[index],
    }


@blueprint.app_template_filter("pretty")
def pretty(value: object) -> str:
    """Write a value as indented JSON, Vietnamese letters as they are."""
    return json.dumps(value, ensure_ascii=False, indent=2)


@blueprint.app_template_filter("moment")
def moment(seconds: float) -> str:
    """Write a NumericDate as a clock in Vietnam shows it."""
    return datetime.fromtimestamp(seconds, VIETNAM).strftime("%d/%m/%Y %H:%M:%S +07")


@blueprint.app_template_filter("day")
def day(text: str) -> str:
    """Write an ISO date (or the date of a time) as dd/mm/yyyy; a year alone stays."""
    return "/".join(reversed(text.partition("T")[0].split("-")))


@blueprint.app_template_filter("grouped")
def grouped(number: str) -> str:
    """Write a personal number in groups of three."""
    return " ".join(number[at : at + 3] for at in range(0, len(number), 3))


def _visit() -> dict[str, Any] | None:
    return visits.current(current_app.extensions["portal_memory"])


def _site() -> Site:
    site: Site = current_app.extensions["portal_site"]
    return site


def _shown_claims(visit: dict[str, Any]) -> dict[str, Any]:
    protocol = {"iss", "aud", "exp", "iat", "jti", "sub", "nonce", "verified_claims"}
    protocol |= {"birthdate_precision", "phone_number_verified", "email_verified"}
    return {k: v for k, v in visit["claims"].items() if k not in protocol}
