"""A signed-in place as its citizen can recognise it."""

from uuid import UUID

from idp.authentication.session import SessionView, SignedIn
from idp.web import account_access, presentation, visit
from idp.web.language import gettext
from idp.web.visit import Visit

# The first that occurs decides: Edge also says Chrome, and Chrome also says Safari.
_BROWSERS = {
    "Edg": "Edge",
    "CocCoc": "Cốc Cốc",
    "coc_coc": "Cốc Cốc",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def row(here: Visit, member: SignedIn, view: SessionView) -> dict[str, object]:
    """Return what the page of places shows of one session."""
    session_id: UUID = view.session.id
    return described(here, view) | {
        "current": session_id == member.session.id,
        "token": here.token(account_access.purpose(member, f"end:{session_id}")),
    }


def described(here: Visit, view: SessionView) -> dict[str, object]:
    """Return what whoever may see a session reads of it."""
    parties = (
        here.provider.relying_parties.find(client_id)
        for client_id in view.session.client_ids
    )
    return {
        "id": view.session.id,
        "browser": browser_name(str(view.origin.get("user_agent", ""))),
        "started": presentation.moment_text(view.session.started_at),
        "last_seen": presentation.moment_text(view.session.last_seen_at),
        "source": view.origin.get("source", ""),
        "portals": ", ".join(visit.asker_of(party).name for party in parties if party),
    }


def browser_name(user_agent: str) -> str:
    """Return browser and system in words; what it claims proves nothing."""
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or gettext("Unknown browser")


def _first(names: dict[str, str], user_agent: str) -> str | None:
    return next((name for mark, name in names.items() if mark in user_agent), None)
