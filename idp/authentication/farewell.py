"""What becomes of the portals that a session reached, once it has ended.

A portal that answered our logout token is known to have signed the citizen out
(Back-Channel Logout 1.0 §2.8). One that takes a page in a frame is asked so, and nobody
can see whether it did: browsers keep third-party cookies from it (Front-Channel Logout
1.0 §6). Of every other one the citizen is told the truth as well.
"""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa

from idp.authentication import browser as browsers
from idp.authentication.logout_outbox import LOGOUTS
from idp.authentication.models import LogoutNotice
from idp.authentication.outbox import Services
from idp.authentication.session import Session, sid
from idp.relying_parties.record import RelyingParty
from idp.storage.ephemeral import EphemeralStore

LIFETIME = 600

CONFIRMED = "confirmed"  # it answered our logout token
WAITING = "waiting"  # it is told again until it answers
ASKED = "asked"  # its own page is asked, in a frame
UNTOLD = "untold"  # it listens to nothing


@dataclass(frozen=True, slots=True)
class Left:
    """One portal of the session: what is known of it, and its page for signing out."""

    client_id: str
    state: str
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Farewell:
    """What the page after signing out tells; `return_uri` is verified."""

    portals: tuple[Left, ...]
    return_uri: str | None = None
    client_id: str | None = None
    ui_locales: tuple[str, ...] = ()

    @property
    def needs_page(self) -> bool:
        """Say whether a portal signs out in the browser only, on our page."""
        return any(portal.state == ASKED for portal in self.portals)


def portals_left(
    services: Services,
    session: Session,
    *,
    asker: str | None = None,
    is_here: bool = True,
) -> tuple[Left, ...]:
    """Wait a little for the first answers, and return what became of each portal.

    The `asker` has signed the citizen out itself, before it sent them here. No frame
    of ours reaches a browser that is not the one `is_here`.
    """
    reached = (services.relying_parties.find(name) for name in session.client_ids)
    parties = [party for party in reached if party]
    services.courier.wait_for(
        [LOGOUTS.lane(party.client_id) for party in parties],
        timeout=services.config.backchannel.wait,
    )
    secret = services.secrets.key("sid")
    names = {party: sid(secret, session.id, party.sector) for party in parties}
    unheard = _unheard(services, session, names.values())
    issuer = services.config.issuer
    found = (
        _left(
            party,
            _frame(party, issuer, name) if is_here else None,
            is_heard=party.client_id not in unheard,
        )
        for party, name in names.items()
    )
    return tuple(
        left for left in found if left.state != UNTOLD or left.client_id != asker
    )


def _unheard(services: Services, session: Session, names: Iterable[str]) -> set[str]:
    told = sa.select(LogoutNotice.client_id).where(
        LogoutNotice.account_id == session.account_id, LogoutNotice.sid.in_(names)
    )
    with services.database.read() as connection:
        return set(connection.execute(told).scalars())


def _left(party: RelyingParty, frame: str | None, *, is_heard: bool) -> Left:
    if party.backchannel_logout_uri and is_heard:
        return Left(party.client_id, CONFIRMED)
    if frame:
        return Left(party.client_id, ASKED, frame)
    state = WAITING if party.backchannel_logout_uri else UNTOLD
    return Left(party.client_id, state)


def _frame(party: RelyingParty, issuer: str, name: str) -> str | None:
    """Return the portal's page, told who speaks of which session (§2)."""
    uri = party.frontchannel_logout_uri
    if not uri:
        return None
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({'iss': issuer, 'sid': name})}"


def keep(ephemeral: EphemeralStore, browser: str, farewell: Farewell) -> str:
    """Keep it for the page of this browser, and return its handle."""
    handle = secrets.token_urlsafe(24)
    value = {**asdict(farewell), "browser": browsers.digest(browser).hex()}
    ephemeral.put(f"farewell:{handle}", value, ttl=LIFETIME)
    return handle


def find(
    ephemeral: EphemeralStore, handle: str, *, browser: str | None
) -> Farewell | None:
    """Return what was kept for this browser, or None."""
    value: dict[str, Any] | None = ephemeral.get(f"farewell:{handle}")
    if value is None or not browser:
        return None
    owner = value.pop("browser")
    if not hmac.compare_digest(owner, browsers.digest(browser).hex()):
        return None
    portals = tuple(Left(**portal) for portal in value.pop("portals"))
    return Farewell(portals, **value)
