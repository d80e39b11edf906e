"""From nothing to signed in at a portal: a newcomer applies, activates and signs in."""

import json
import re
from urllib.parse import quote

import pytest

from idp.factors import face
from tests.e2e.driving import developer_panel, sign_in
from tests.e2e.test_portals import flaws, is_wider_than_the_screen

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PASSWORD, PASSCODE = "thuyền giấy trôi qua cầu gỗ", "829406"


def codes(demo, phone: str) -> list[str]:
    """Return the codes that went to a phone, newest first."""
    answer = demo.get(f"{demo.issuer}/sandbox/outbox.json?phone={quote(phone)}")
    found = (re.search(r"\b\d{6}\b", item["text"]) for item in answer.json())
    return [code[0] for code in found if code]


def newest_code(page, demo, phone: str, *, beside: list[str]) -> str:
    """Return the code that comes after those that were known."""
    for _ in range(50):
        known = codes(demo, phone)
        if len(known) > len(beside):
            return known[0]
        page.wait_for_timeout(100)
    raise AssertionError("no code came")


def press(page) -> None:
    """Press the main button of the page's first form."""
    page.locator("main form button.wide").first.click()
    page.wait_for_load_state()


def test_a_newcomer_gets_from_nothing_to_a_portal(page, demo, tmp_path):
    """Level 1 online, activation in the same browser, and the portal's own page."""
    people = json.loads(demo.idp("sandbox", "newcomers", "--json"))
    person = next(one for one in people if one["story"] == "adult_year_only")
    phone = person["phone"]
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{demo.issuer}/enrol")
    assert flaws(page) == []
    page.goto(f"{demo.issuer}/enrol/details")
    page.fill("#personal_number", person["personal_number"])
    page.fill("#name", person["name"])
    page.fill("#year", person["birth_date"])
    page.fill("#phone", phone)
    assert flaws(page) == []
    assert not is_wider_than_the_screen(page)
    press(page)

    first = newest_code(page, demo, phone, beside=[])
    page.fill("#otp", first)
    press(page)
    photo = tmp_path / "me.png"
    photo.write_bytes(face.SANDBOX_PHOTO + face.SANDBOX_MARK)
    page.check("#consent")
    page.set_input_files("#photo", photo)
    assert flaws(page) == []
    press(page)
    assert page.locator(".receipt").is_visible()
    assert flaws(page) == []

    page.locator("main .card a.button").click()
    page.fill("#personal_number", person["personal_number"])
    page.fill("#phone", phone)
    press(page)
    page.fill("#otp", newest_code(page, demo, phone, beside=[first]))
    press(page)
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    press(page)
    page.fill("#passcode", PASSCODE)
    page.fill("#again", PASSCODE)
    press(page)

    newcomer = {
        **person, "password": PASSWORD, "totp_secret": None, "factors": ["pwd", "sms"],
    }  # fmt: skip
    sign_in(page, demo, "services", newcomer)
    claims = developer_panel(page, "id_token")["claims"]
    assert claims["account_level"] == 1
