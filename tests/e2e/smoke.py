"""One whole sign-in at each portal of a fresh `make demo`; used by .ci/run."""

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.e2e.chromium import launch
from tests.e2e.driving import sign_in
from tests.e2e.people import told
from tests.e2e.running import RunningDemo, start_demo

COMMAND = ("make", "--no-print-directory", "demo", "PORT={port}", "STATE={folder}")
VISITS = {
    "services": "by password alone",
    "bank": "authenticator app (totp)",
    "insurance": "guardian of two children",
}


def main() -> None:
    """Start the demo, sign in three people, stop it; any failure raises."""
    with tempfile.TemporaryDirectory() as folder:
        demo = start_demo(Path(folder) / "state", command=COMMAND)
        try:
            print(demo.text)
            drive(demo)
        finally:
            demo.stop()
        if demo.is_serving():
            raise AssertionError("something of the demo is still running")
    print("The demo is stopped: one sign-in at each portal was complete.")


def drive(demo: RunningDemo) -> None:
    """Sign in once at each portal, in a browser of its own."""
    citizens = demo.citizens()
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for portal, words in VISITS.items():
            page = browser.new_context(locale="vi-VN").new_page()
            sign_in(page, demo, portal, told(citizens, words))
            if page.url != f"{demo.portals[portal]}/profile":
                raise AssertionError(f"{portal}: ended at {page.url}")
            print(f"{portal}: {page.inner_text('h1')}, {page.inner_text('#acr')}")
        browser.close()


if __name__ == "__main__":
    main()
