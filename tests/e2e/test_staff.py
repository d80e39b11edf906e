"""An officer joins by link and signs in, with a real browser's passkey."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext

from tests.e2e.passkeys import VirtualAuthenticator
from tests.e2e.running import RunningDemo
from tests.staff import any_number


def test_an_officer_joins_and_signs_in(
    demo: RunningDemo, new_context: Callable[..., BrowserContext]
) -> None:
    """Command, link, passkey, first page: as the first officer of an installation."""
    demo.idp("staff", "units", "add", "Centre")
    printed = demo.idp(
        "staff", "invite", "--name", "Lê Thị Thử", "--unit", "Centre",
        "--personal-number", any_number(),
        "--role", "administrator", "--role", "reviewer",
    )  # fmt: skip
    link = next(line for line in printed.splitlines() if "/staff/join/" in line)
    page = new_context().new_page()
    VirtualAuthenticator(page)

    page.goto(link)
    page.locator("form[data-passkey=create] button").click()
    page.wait_for_url("**/staff/sign-in?done=joined")
    page.locator("form[data-passkey=get] button").click()
    page.wait_for_url(f"{demo.issuer}/staff")

    assert "Lê Thị Thử" in page.locator(".officer-bar").inner_text()
    page.goto(f"{demo.issuer}/account")
    assert "/login/" in page.url
