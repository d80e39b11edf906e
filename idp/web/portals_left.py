"""The portals that a session had reached, as the page after signing out tells them."""

from urllib.parse import urlsplit

from idp.authentication.farewell import ASKED, CONFIRMED, Farewell, Left
from idp.relying_parties.record import RelyingParty
from idp.relying_parties.redirects import origin_of
from idp.web import visit
from idp.web.language import current
from idp.web.visit import Visit


def rows(here: Visit, told: Farewell) -> list[dict[str, object]]:
    """Return one row for each portal that is still registered."""
    found = (
        (left, here.provider.relying_parties.find(left.client_id))
        for left in told.portals
    )
    return [_row(left, party) for left, party in found if party]


def frame_origins(told: Farewell) -> set[str]:
    """Return the origins whose pages stand in frames of the page."""
    found = (left.address and origin_of(left.address) for left in told.portals)
    return {origin for origin in found if origin}


def way_back(here: Visit, told: Farewell) -> dict[str, str] | None:
    """Return where the portal that asked for it takes the citizen back."""
    if told.return_uri is None:
        return None
    party = told.client_id and here.provider.relying_parties.find(told.client_id)
    name = visit.asker_of(party).name if party else urlsplit(told.return_uri).netloc
    return {"href": told.return_uri, "name": name}


def _row(left: Left, party: RelyingParty) -> dict[str, object]:
    asker, site = visit.asker_of(party), party.client_uri
    own_page = left.address or (site and site.in_language(current()))
    return {
        "name": asker.name,
        "domain": asker.domain,
        "state": left.state,
        "frame": left.address if left.state == ASKED else None,
        "link": None if left.state == CONFIRMED else own_page,
    }
