"""An enrolment officer in a real browser: joined by link, at the desk step by step."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page

from tests.e2e.card import allow
from tests.e2e.passkeys import VirtualAuthenticator
from tests.e2e.running import RunningDemo
from tests.staff import any_number

UNIT = "Công an phường Việt Hưng"


def open_desk(page: Page, demo: RunningDemo, name: str) -> VirtualAuthenticator:
    """Invite an officer, enrol their passkey, and sign them in to the desk."""
    device = sign_in(page, demo, name, "enrolment_officer")
    page.goto(f"{demo.issuer}/staff/desk")
    return device


def sign_in(
    page: Page, demo: RunningDemo, name: str, *roles: str
) -> VirtualAuthenticator:
    """Invite an officer with these roles, enrol their passkey, and sign them in."""
    if UNIT not in demo.idp("staff", "units", "list"):
        demo.idp("staff", "units", "add", UNIT)
    who = ("--name", name, "--personal-number", any_number(), "--unit", UNIT)
    told = demo.idp("staff", "invite", *who, *(f"--role={role}" for role in roles))
    link = next(word for word in told.split() if word.startswith(demo.issuer))
    device = VirtualAuthenticator(page)
    page.goto(link)
    page.locator("form[data-passkey=create] button").click()
    page.locator("form[data-passkey=get] button").click()
    page.wait_for_url(f"{demo.issuer}/staff")
    return device


def form(page: Page, ending: str) -> Locator:
    """Return the form whose address ends so."""
    return page.locator(f"form[action$='{ending}']")


def press(page: Page, ending: str, **typed: str) -> None:
    """Fill in a form of text fields, and press its button."""
    asked = form(page, ending)
    for name, value in typed.items():
        asked.locator(f"[name={name}]").fill(value)
    asked.locator("button").last.click()
    page.wait_for_load_state()


def read_card(page: Page, demo: RunningDemo, person: dict[str, Any]) -> None:
    """Open the chip by the printed dates and lay the person's card."""
    press(
        page,
        "/card",
        birth_date=_day(person["birth_date"]),
        expires_on=_day(person["card_expires_on"]),
    )
    page.wait_for_url(f"{demo.agent}/reading/*")
    page.locator(f"[name=card][value='{person['personal_number']}']").check()
    allow(page)
    page.wait_for_url(f"{demo.issuer}/staff/desk/*/registry")


def prove(page: Page, photo: Path, capture: Path) -> None:
    """Take the photo and the fingerprints from files."""
    form(page, "/proof/photo").locator("[name=photo]").set_input_files(photo)
    press(page, "/proof/photo")
    form(page, "/proof/fingers").locator("[name=capture]").set_input_files(capture)
    press(page, "/proof/fingers")


def _day(date: str | None) -> str:
    return "/".join(reversed(date.split("-"))) if date else ""
