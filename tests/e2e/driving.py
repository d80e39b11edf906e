"""Sign in as a citizen by the stable form contract of docs/relying-parties.md alone."""

import json
import re
import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pyotp
from playwright.sync_api import Locator, Page

from idp import clock
from tests.e2e.running import RunningDemo

STEPS = 12
TO_TYPE = timedelta(seconds=15)

_used_steps: dict[str, int] = {}


def sign_in(
    page: Page,
    demo: RunningDemo,
    portal: str,
    citizen: dict[str, Any],
    **choices: Any,
) -> None:
    """Begin at the portal's front page and end on whatever the portal shows then."""
    page.goto(demo.portals[portal])
    page.locator("#sign-in").click()
    finish(page, demo, citizen, **choices)


def finish(
    page: Page,
    demo: RunningDemo,
    citizen: dict[str, Any],
    *,
    without: Collection[str] = (),
    decision: str = "allow",
) -> list[str]:
    """Answer the provider's steps until the browser has left it; return the steps."""
    done = []
    for _ in range(STEPS):
        page.wait_for_load_state()
        if not page.url.startswith(demo.issuer):
            return done
        done.append(_answer(page, demo, citizen, without, decision))
    raise AssertionError(f"no end of steps: {done}, at {page.url}")


def _answer(
    page: Page,
    demo: RunningDemo,
    citizen: dict[str, Any],
    without: Collection[str],
    decision: str,
) -> str:
    form = step_form(page)
    if form.locator("[name=personal_number]").count():
        form.locator("[name=personal_number]").fill(citizen["personal_number"])
    if form.locator("[name=password]").count():
        form.locator("[name=password]").fill(citizen["password"])
        submit(form)
        return "password"
    if form.locator("[name=otp]").count():
        form.locator("[name=otp]").fill(one_time_code(demo, citizen))
        submit(form)
        return "otp"
    if form.locator("[name=decision][value=allow]").count():
        for box in form.locator("[name=claim]").all():
            box.set_checked(box.get_attribute("value") not in without)
        form.locator(f"[name=decision][value={decision}]").click()
        return "consent"
    raise AssertionError(f"an unknown step at {page.url}:\n{page.inner_text('body')}")


def step_form(page: Page) -> Locator:
    """Return the step's form: the first POST form on the page."""
    return page.locator("form[method=post i]").first


def submit(form: Locator) -> None:
    """Press the form's one unnamed submit button."""
    form.locator("button:not([name]):not([type=button])").click()


def one_time_code(demo: RunningDemo, citizen: dict[str, Any]) -> str:
    """Return the code from the citizen's app or phone."""
    if citizen["totp_secret"]:
        return fresh_totp(citizen["totp_secret"])
    return latest_sms_code(demo, citizen["phone"])


def fresh_totp(secret: str) -> str:
    """Return a code that was not used yet; waits for the next if it must."""
    totp = pyotp.TOTP(secret)
    # Codes of one step before and after now are taken, each once; the one before while
    # there is time to type it.
    earliest = totp.timecode(clock.now() - TO_TYPE)
    step = max(earliest, _used_steps.get(secret, 0) + 1)
    while step > totp.timecode(clock.now()) + 1:
        time.sleep(0.5)
    _used_steps[secret] = step
    return totp.at(datetime.fromtimestamp(step * totp.interval, UTC))


def forget_used_codes() -> None:
    """Take codes anew that were used, as the provider's database was made to."""
    _used_steps.clear()


def latest_sms_code(demo: RunningDemo, phone: str) -> str:
    """Return the code in the newest message to `phone`."""
    answer = demo.get(f"{demo.issuer}/sandbox/outbox.json?phone={quote(phone)}")
    return re.findall(r"\b\d{6}\b", answer.json()[0]["text"])[0]


def developer_panel(page: Page, name: str) -> Any:
    """Return what the portal's developers' panel shows under `name`."""
    return json.loads(page.locator(f"#dev_{name}").text_content() or "null")
