"""From which networks officers' pages open at all, when the operator names some."""

from flask import request

from idp import clock, networks
from idp.audit.staff_events import StaffRefusedOutside
from idp.factors import throttle
from idp.provider import Provider, current
from idp.staff.errors import OutsideNetworkError

_PAGES = "/staff"


def refuse_outside() -> None:
    """Raise `OutsideNetworkError` for an officers' page opened from elsewhere.

    Behind a trusted proxy the browser's own address counts; one that cannot be told is
    outside.
    """
    rule = request.url_rule.rule if request.url_rule else ""
    if rule != _PAGES and not rule.startswith(f"{_PAGES}/"):
        return
    provider = current()
    allowed = provider.config.staff.networks
    if not allowed:
        return
    address = throttle.address_of(
        request.remote_addr,
        request.headers.get("X-Forwarded-For"),
        provider.config.server.trusted_proxies,
    )
    if address is None or not networks.allow(allowed, address):
        _note(provider, str(address))
        raise OutsideNetworkError


def _note(provider: Provider, source: str) -> None:
    """Record an attempt once: reloading the page is no new one, and no flood."""
    seen, window = f"staff-outside:{source}", provider.config.throttle.window
    if not provider.ephemeral.claim(seen, ttl=window):
        return
    event = StaffRefusedOutside(personal={"source": source})
    with provider.database.transaction() as database:
        provider.audit.record(database, event, now=clock.now())
