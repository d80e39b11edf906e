"""Take the README's pictures from a fresh demo: `python -m tests.e2e.pictures`."""

import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.e2e.chromium import launch
from tests.e2e.driving import finish, one_time_code, step_form, submit
from tests.e2e.people import told
from tests.e2e.running import RunningDemo, start_demo

FOLDER = Path(__file__).parents[2] / "docs" / "images"
SIZE = {"width": 600, "height": 1000}


def main() -> None:
    """Start a demo, sign one citizen in, and save four pictures on the way."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = start_demo(Path(folder) / "state", port=8000)
        try:
            with sync_playwright() as playwright:
                browser = launch(playwright)
                take(browser.new_page(viewport=SIZE, locale="en-GB"), demo)
                browser.close()
        finally:
            demo.stop()


def take(page: Page, demo: RunningDemo) -> None:
    """Walk from the insurer's front page to its profile and the citizen's own page."""
    citizen = told(demo.citizens(), "guardian of two")
    page.goto(f"{demo.portals['insurance']}/language/en")
    page.locator("#sign-in").click()
    picture(page, "sign-in")
    form = step_form(page)
    form.locator("[name=personal_number]").fill(citizen["personal_number"])
    form.locator("[name=password]").fill(citizen["password"])
    submit(form)
    page.locator("[name=otp]").fill(one_time_code(demo, citizen))
    submit(step_form(page))
    page.locator("[name=decision][value=allow]").wait_for()
    picture(page, "consent")
    finish(page, demo, citizen)
    picture(page, "portal")
    page.goto(f"{demo.issuer}/account/permissions")
    picture(page, "account")


def picture(page: Page, name: str) -> None:
    """Save what the screen shows once its fonts are there."""
    page.evaluate("document.fonts.ready")
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
