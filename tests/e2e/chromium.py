"""Find a Chromium; `python -m tests.e2e.chromium` prints its path or fails."""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

# A root shell has no user namespaces for Chromium's sandbox; the rest keeps it from
# looking for hosts that are not ours.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def system_chromium() -> str | None:
    """Return the path that DINHDANH_CHROMIUM names, or the system's own Chromium."""
    named = os.environ.get("DINHDANH_CHROMIUM")
    if named:
        return named
    for name in NAMES:
        found = shutil.which(name)
        # Ubuntu's /usr/bin/chromium-browser only asks for a snap.
        if found and b"snap install" not in Path(found).read_bytes()[:4096]:
            return found
    return None


def launch(playwright: Playwright, *extra: str) -> Browser:
    """Start a headless Chromium with an empty profile; else Playwright's own."""
    return playwright.chromium.launch(
        executable_path=system_chromium(), args=[*ARGUMENTS, *extra]
    )


def main() -> None:
    """Print the path of the Chromium that tests will use, or fail."""
    path = system_chromium()
    if path is None:
        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
    if not Path(path).exists():
        sys.exit("no Chromium found")
    print(path)


if __name__ == "__main__":
    main()
