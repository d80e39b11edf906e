"""The console in a real browser: by keyboard, by ear, and what warns the eye."""

import pytest

from idp.staff.officer import ROLES
from tests.e2e import desk

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

NARROW = {"width": 320, "height": 640}
OFFICER = "Trần Nguyễn Hoàng Phương Thảo Linh"
# Where the reader is, by the order of the page, and whether the eye can tell.
FOCUS = """
() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  const place = [...document.querySelectorAll("*")].indexOf(document.activeElement);
  return [place, outlineStyle !== "none" && parseFloat(outlineWidth) >= 2];
}
"""


@pytest.fixture(scope="module")
def officer(browser, demo):
    """Sign in once, with every role, on the narrow screen."""
    context = browser.new_context(locale="vi-VN", viewport=NARROW)
    page = context.new_page()
    desk.sign_in(page, demo, OFFICER, *ROLES)
    yield page
    context.close()


def test_what_is_dangerous_looks_it(officer, demo):
    """What cannot be taken back has a colour of its own, beside its words."""
    officer.goto(f"{demo.issuer}/staff/keys/rings/id_token-ES256")
    officer.locator("#ring-keys a").first.click()

    colour = "(button) => getComputedStyle(button).backgroundColor"
    button = officer.locator("main button.danger")
    assert button.evaluate(colour) == "rgb(140, 18, 32)"


def test_keys_by_keyboard_and_by_ear(officer, demo):
    """Tab goes down the board, always seen; each axis names the table of its dates."""
    officer.goto(f"{demo.issuer}/staff/keys")
    stops = []
    for _ in range(officer.locator("main a, main button").count()):
        officer.keyboard.press("Tab")
        stops.append(officer.evaluate(FOCUS))

    assert stops == sorted(stops)
    assert {is_seen for _, is_seen in stops} == {True}
    for axis in officer.locator("svg.axis[role=img]").all():
        described = axis.get_attribute("aria-describedby")
        assert axis.locator("title").text_content()
        assert officer.locator(f"table#{described} tbody tr").count() > 0
