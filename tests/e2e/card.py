"""Sign in with a chip card: at the provider's pages, then at the reader agent's."""

from playwright.sync_api import Page

from tests.e2e.driving import step_form, submit
from tests.e2e.running import RunningDemo


def to_card_page(page: Page, demo: RunningDemo, portal: str, number: str) -> None:
    """Go from the portal to the page that leads to the reader, by a typed number."""
    page.goto(demo.portals[portal])
    page.locator("#sign-in").click()
    page.wait_for_url(f"{demo.issuer}/login/*")
    page.locator("a[href*='/chip/']").click()
    step_form(page).locator("[name=personal_number]").fill(number)
    submit(step_form(page))
    page.locator("#to-reader").wait_for()


def to_reader(page: Page, demo: RunningDemo, *, has_script: bool = True) -> None:
    """Press on until the agent asks; without script that is one press more."""
    page.locator("#to-reader button").click()
    if not has_script:
        page.locator("#to-agent button").click()
    page.wait_for_url(f"{demo.agent}/reading/*")


def lay(page: Page, number: str) -> None:
    """Choose a sandbox card and allow it to be read."""
    page.locator(f"[name=card][value='{number}']").check()
    allow(page)


def allow(page: Page) -> None:
    """Press the agent's Allow."""
    page.locator("[name=decision][value=allow]").click()


def back_at_provider(page: Page, demo: RunningDemo) -> None:
    """Wait until the browser has left the agent."""
    page.wait_for_url(f"{demo.issuer}/**")
    page.wait_for_load_state()
