"""Our pages in a real browser: accessible, narrow, by keyboard, light and dark."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.driving import finish, one_time_code, step_form, submit
from tests.e2e.people import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

OPEN_PAGES = ["/", "/help", "/accessibility", "/sandbox/outbox", "/logged-out", "/no"]
ACCOUNT = ["", "/data", "/permissions", "/places", "/factors", "/history"]
RULES = {
    "runOnly": [
        *("wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa"),
        "best-practice",
    ],
    "resultTypes": ["violations"],
}
LOOKS = [
    {"locale": "vi-VN", "viewport": {"width": 320, "height": 640}},
    {
        "locale": "en-GB",
        "viewport": {"width": 1280, "height": 800},
        "color_scheme": "dark",
    },
]
# What a finger has to hit: of a box to tick its label; links within a sentence are
# exempt (WCAG 2.2, 2.5.8).
SMALL_TARGETS = """
() => [...document.querySelectorAll("a, button, summary, input:not([type=hidden])")]
  .filter((e) => !e.closest("p, .group li, td") && !e.matches(".skip"))
  .map((e) => e.matches("[type=checkbox], [type=radio]") ? e.labels[0] : e)
  .filter((e) => e.getClientRects().length && e.getBoundingClientRect().height < 43.9)
  .map((e) => e.outerHTML.slice(0, 120))
"""

SIZE_AND_COLOUR = """
(buttons) => buttons.map((button) => {
  const { width, height, color, backgroundColor } = getComputedStyle(button);
  return [width, height, color, backgroundColor];
})
"""


def flaws(page) -> list[str]:
    """Return what is wrong with the page as it stands."""
    found = Axe().run(page, options=RULES).response["violations"]
    named = [f"{item['id']}: {item['nodes'][0]['html']}" for item in found]
    return named + misfits(page)


def misfits(page) -> list[str]:
    """Return what of it depends on the length of its texts."""
    problems = []
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > page.viewport_size["width"]:
        problems.append(f"scrolls sideways: {width}")
    return problems + page.evaluate(SMALL_TARGETS)


@pytest.mark.parametrize("look", LOOKS, ids=["narrow", "wide-dark"])
def test_every_step_is_accessible(new_context, demo, citizens, look):
    """Axe finds nothing on any step, and nothing sticks out, with the longest name."""
    page = new_context(**look, bypass_csp=True).new_page()
    person = told(citizens, "long name")
    steps = {}

    page.goto(demo.portals["services"])
    page.locator("#sign-in").click()
    steps["login"] = flaws(page)
    form = step_form(page)
    form.locator("[name=personal_number]").fill(person["personal_number"])
    form.locator("[name=password]").fill("not the password")
    submit(form)
    steps["wrong password"] = flaws(page)
    step_form(page).locator("[name=password]").fill(person["password"])
    submit(step_form(page))
    if "/consent/" in page.url:
        steps["consent"] = flaws(page)
        finish(page, demo, person)

    for path in ACCOUNT:
        page.goto(f"{demo.issuer}/account{path}")
        steps[f"account{path}"] = flaws(page)
    page.goto(f"{demo.issuer}/end_session")
    steps["logout"] = flaws(page)

    assert {name: found for name, found in steps.items() if found} == {}


@pytest.mark.parametrize("look", LOOKS, ids=["narrow", "wide-dark"])
def test_open_pages_are_accessible(new_context, demo, look):
    """So are the pages that anyone may read, and the error page."""
    page = new_context(**look, bypass_csp=True).new_page()
    found = {}

    for path in OPEN_PAGES:
        page.goto(f"{demo.issuer}{path}")
        found[path] = flaws(page)

    assert {path: problems for path, problems in found.items() if problems} == {}


def test_one_time_code_and_refusal(new_context, demo, citizens):
    """The code's page and a refusal are accessible at 320 px too."""
    page = new_context(**LOOKS[0], bypass_csp=True).new_page()
    page.goto(demo.portals["insurance"])
    page.locator("#sign-in").click()
    enter_password(page, told(citizens, "sms codes, no"))
    assert page.locator("[name=otp]").count() == 1
    assert flaws(page) == []

    page = new_context(**LOOKS[0], bypass_csp=True).new_page()
    locked = next(item for item in citizens if item["state"] == "locked")
    page.goto(demo.portals["services"])
    page.locator("#sign-in").click()
    enter_password(page, locked)
    assert page.locator("[data-error-code^=DD-AUTH-02]").count() == 1
    assert flaws(page) == []


def test_consent_leaves_the_choice(new_context, demo, citizens):
    """Voluntary boxes start empty; allowing and refusing look the same."""
    page = new_context(**LOOKS[0], bypass_csp=True).new_page()
    person = told(citizens, "moved house")
    page.goto(demo.portals["insurance"])
    page.locator("#sign-in").click()
    enter_password(page, person)
    step_form(page).locator("[name=otp]").fill(one_time_code(demo, person))
    submit(step_form(page))
    page.locator("[name=decision][value=allow]").wait_for()

    assert page.locator("[name=claim]").count() == 2
    assert page.locator("[name=claim]:checked").count() == 0
    answers = page.locator("[name=decision]").evaluate_all(SIZE_AND_COLOUR)
    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert flaws(page) == []
    page.evaluate("document.documentElement.style.fontSize = '225%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_print_is_black_on_white(new_context, demo):
    """A page chosen dark prints dark on white, without what only a screen needs."""
    page = new_context(**LOOKS[1]).new_page()
    page.goto(f"{demo.issuer}/help?theme=dark")

    page.emulate_media(media="print")

    colours = "(s) => [s.backgroundColor, s.color]"
    shown = page.evaluate(f"({colours})(getComputedStyle(document.body))")
    assert shown == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert not page.locator(".footer").is_visible()


def enter_password(page, person: dict[str, Any]) -> None:
    form = step_form(page)
    form.locator("[name=personal_number]").fill(person["personal_number"])
    form.locator("[name=password]").fill(person["password"])
    submit(form)


def test_without_scripts(new_context, demo, citizens):
    """The whole way works with scripts turned off."""
    page = new_context(java_script_enabled=False).new_page()
    person = told(citizens, "guardian of two")
    page.goto(demo.portals["insurance"])
    page.locator("#sign-in").click()

    finish(page, demo, person)

    assert page.url == f"{demo.portals['insurance']}/profile"


def test_by_keyboard_alone(page, demo, citizens):
    """Tab reaches the fields in order, Enter sends, and focus can be seen."""
    person = told(citizens, "authenticator app (totp)")
    page.goto(f"{demo.issuer}/account")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "personal_number"
    style = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(style) == "solid"
    page.keyboard.type(person["personal_number"])
    page.keyboard.press("Tab")
    page.keyboard.type(person["password"])
    page.keyboard.press("Enter")
    page.locator("[name=otp]").focus()
    page.keyboard.type(one_time_code(demo, person))
    page.keyboard.press("Enter")

    page.wait_for_url(f"{demo.issuer}/account")


def test_the_policy_is_never_violated(page, demo, citizens):
    """No page trips over its own content policy."""
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    person = told(citizens, "birth year")

    page.goto(f"{demo.issuer}/account")
    finish_own_page(page, person)
    for path in [*OPEN_PAGES, *(f"/account{path}" for path in ACCOUNT)]:
        page.goto(f"{demo.issuer}{path}")

    assert [text for text in complaints if "Content Security Policy" in text] == []


def finish_own_page(page, person: dict[str, Any]) -> None:
    enter_password(page, person)
    page.wait_for_url("**/account")


def test_first_page_is_light(page, demo):
    """A cold cache loads no more than 120 kB, all of it from us."""
    loaded = []
    page.on("response", lambda response: loaded.append((response.url, response)))

    page.goto(f"{demo.issuer}/account")
    page.wait_for_load_state("networkidle")

    assert {url.startswith(demo.issuer) for url, _ in loaded} == {True}
    sizes = [len(answer.body()) for _, answer in loaded if answer.status == 200]
    assert sum(sizes) <= 120_000


def test_colours_and_text_size_are_links(page, demo):
    """A choice changes the page at once and stays for the next one."""
    page.goto(f"{demo.issuer}/help")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.locator("a[href*='theme=dark']").click()
    page.locator("a[href*='text=large']").click()
    page.goto(f"{demo.issuer}/")

    after = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert after != before
    assert (
        page.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"
    )


def test_text_can_be_doubled(new_context, demo):
    """At 320 px with the text twice as large nothing is cut off."""
    page = new_context(viewport={"width": 320, "height": 640}).new_page()
    page.goto(f"{demo.issuer}/account")

    page.evaluate("document.documentElement.style.fontSize = '225%'")

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
