"""Officers for tests through HTTP: invited by command's functions, in by passkey."""

import html
import re
from itertools import count
from uuid import UUID

from idp import clock
from idp.provider import Provider
from idp.staff import invitations, people, units
from idp.staff.errors import StaffChangeError
from idp.staff.officer import BY_COMMAND
from tests.authenticator import Authenticator
from tests.driver import Browser
from tests.passkey_browser import PasskeyForm

_NUMBERS = count(900_000)


def unit_named(
    provider: Provider, name: str = "Commune One", province: str | None = None
) -> UUID:
    """Return the unit of this name, which comes to be when first named."""
    with provider.database.transaction() as session:
        try:
            return units.add_unit(
                session,
                provider.audit,
                name=name,
                province_code=province,
                commune_code=None,
                by=BY_COMMAND,
                now=clock.now(),
            )
        except StaffChangeError:
            return units.find_unit(session, name).id


def any_number() -> str:
    """Return a sandbox number of its own, of nobody whom a test knows."""
    return f"999070{next(_NUMBERS):06}"


def invite_officer(
    provider: Provider,
    *roles: str,
    name: str = "Officer One",
    number: str | None = None,
    unit: str = "Commune One",
    province: str | None = None,
) -> tuple[UUID, str]:
    """Invite an officer as `idp staff invite` does; return who, and the link's path."""
    unit_id, now = unit_named(provider, unit, province), clock.now()
    with provider.database.transaction() as session:
        staff_id = people.invite(
            session,
            provider.audit,
            provider.sealer,
            name=name,
            number=number or any_number(),
            unit_id=unit_id,
            roles=roles,
            by=BY_COMMAND,
            now=now,
        )
        link = invitations.issue(
            session,
            provider.audit,
            provider.config.staff,
            staff_id,
            "invite",
            by=BY_COMMAND,
            now=now,
        )
    return staff_id, f"/staff/join/{link.token}"


def join(browser: Browser, link: str, device: Authenticator, **typed: str):
    """Open a link and enrol the device; the browser follows."""
    page = browser.visit(link)
    form = PasskeyForm(browser.client, page)
    return form.post(browser, device.create(form.options()), label="key", **typed)


def prove(browser: Browser, device: Authenticator):
    """Prove the passkey on the sign-in or confirmation page where the browser is."""
    assert browser.page is not None
    form = PasskeyForm(browser.client, browser.page)
    found = re.findall(r'name="next" value="([^"]*)"', form.text)
    return form.post(browser, device.get(form.options()), next=html.unescape(found[0]))


def sign_in_officer(
    browser: Browser,
    provider: Provider,
    *,
    roles: tuple[str, ...] | list[str],
    name: str = "Officer One",
    number: str | None = None,
    unit: str = "Commune One",
    province: str | None = None,
) -> tuple[UUID, Authenticator]:
    """Invite an officer with these roles and sign them in at /staff, by passkey.

    Returns the officer's id and their device.
    """
    staff_id, link = invite_officer(
        provider, *roles, name=name, number=number, unit=unit, province=province
    )
    device = Authenticator()
    join(browser, link, device)
    page = prove(browser, device)
    assert page.request.path == "/staff", page.text
    return staff_id, device
