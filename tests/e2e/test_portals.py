"""The portals as pages: accessible, narrow screens, both languages."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.driving import sign_in
from tests.e2e.people import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

# Level AAA of contrast, and nothing else beyond axe's own choice.
RULES = {
    "resultTypes": ["violations"],
    "rules": {"color-contrast-enhanced": {"enabled": True}},
}


def flaws(page) -> list[str]:
    """Return what axe finds on the page as it is."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{item['id']}: {item['nodes'][0]['html']}" for item in found]


def is_wider_than_the_screen(page) -> bool:
    """Say whether the page must be scrolled sideways."""
    width = page.evaluate("document.documentElement.scrollWidth")
    return width > page.viewport_size["width"]


@pytest.mark.parametrize("portal", ["services", "bank", "insurance"])
def test_pages_are_accessible_on_a_narrow_screen(new_context, demo, citizens, portal):
    """Axe finds nothing and nothing sticks out at 320 px, with the longest name."""
    page = new_context(viewport={"width": 320, "height": 640}).new_page()
    page.goto(demo.portals[portal])
    assert flaws(page) == []
    assert not is_wider_than_the_screen(page)

    sign_in(page, demo, portal, told(citizens, "long name"))
    page.locator(".developer summary").click()
    assert flaws(page) == []
    assert not is_wider_than_the_screen(page)

    page.goto(f"{demo.portals[portal]}/callback")
    assert flaws(page) == []


def test_the_language_is_remembered(page, demo):
    """English is chosen by a link and stays; Vietnamese is first."""
    page.goto(demo.portals["bank"])
    assert page.locator("html").get_attribute("lang") == "vi"

    page.locator("nav a[lang=en]").click()
    page.goto(demo.portals["bank"])

    assert page.locator("html").get_attribute("lang") == "en"
    assert "Sign in with" in page.locator("#sign-in").inner_text()


def test_portals_keep_their_cookies_apart(new_context, demo, citizens):
    """Cookies know no ports, so each portal's has a name of its own."""
    context = new_context()
    page = context.new_page()
    for portal in demo.portals:
        page.goto(f"{demo.portals[portal]}/sign-in")

    names = {
        cookie["name"]
        for cookie in context.cookies()
        if cookie["domain"] == "127.0.0.1"
    }
    assert names == {"services_session", "bank_session", "insurance_session"}
