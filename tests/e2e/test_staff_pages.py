"""The console in a real browser: every page, in both languages, narrow and wide."""

import sqlite3
from contextlib import closing

import pytest

from idp.staff.officer import ROLES
from tests.e2e import desk
from tests.e2e.driving import sign_in
from tests.e2e.people import told
from tests.e2e.running import RunningDemo
from tests.e2e.test_pages import flaws, misfits

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 800}
OFFICER = "Trần Nguyễn Hoàng Phương Thảo Linh"
REASON = "Bản sao lưu của máy chủ ký thất lạc tại trung tâm dữ liệu dự phòng đêm qua"
RING = "/keys/rings/id_token-ES256"
OPENED = {
    "home": "",
    "passkeys": "/passkeys",
    "approvals": "/approvals",
    "approvals, second page": "/approvals?page=2",
    "approvals over": "/approvals?state=over",
    "keys": "/keys",
    "ring": "/keys/rings/jarm-RS256",
    "ring of a killed key": RING,
    "portals": "/portals",
    "new portal": "/portals/new",
    "trust": "/trust",
    "accounts": "/accounts",
    "audit": "/audit?type=OfficerLookedUp",
    "health": "/health",
    "alarms": "/alarms",
    "people": "/people",
}
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


@pytest.fixture
def incident(demo):
    """Kill a key alone on the server; return its page. The alarm sounds till the end.

    Nine proposals of a command wait as well.
    """
    with closing(sqlite3.connect(demo.database, timeout=30)) as connection:
        (kid,) = connection.execute(
            "SELECT kid FROM signing_keys WHERE ring = 'id_token.ES256' "
            "AND retired_at IS NULL AND destroyed_at IS NULL"
        ).fetchone()
    strict = with_two_persons(demo)
    demo.idp("--config", strict, "keys", "rotate", "--reason", REASON)
    killed = demo.idp(
        "--config", strict, "keys", "kill", kid, "--break-glass", "--reason", REASON
    )
    yield next(word for word in killed.split() if "/staff/keys/incidents/" in word)
    with closing(sqlite3.connect(demo.database, timeout=30)) as connection, connection:
        connection.execute("DELETE FROM broken_glasses")


def with_two_persons(demo: RunningDemo) -> str:
    """Return the demo's settings as a service that takes two would have them."""
    settings = (demo.folder / "config.toml").read_text()
    assert "two_persons = false" in settings
    strict = demo.folder / "two-persons.toml"
    strict.write_text(settings.replace("two_persons = false", "two_persons = true"))
    return str(strict)


def test_every_page(new_context, officer, incident, demo, citizens):
    """No page has a flaw, sticks out or trips over its own policy."""
    citizen = told(citizens, "long name")
    sign_in(new_context().new_page(), demo, "services", citizen)
    pages = {name: f"{demo.issuer}/staff{path}" for name, path in OPENED.items()}
    pages |= {"incident": incident} | walk(officer, pages, citizen)
    complaints: list[str] = []
    officer.on("console", lambda message: complaints.append(message.text))
    found = {}

    for language in ("vi", "en"):
        officer.goto(f"{demo.issuer}/help?lang={language}")
        for name, address in pages.items():
            complaints.clear()
            assert officer.goto(address).status == 200, name
            # Looking by axe adds to the page what its policy forbids.
            wrong = [text for text in complaints if "Content Security" in text]
            # Axe looks at the structure, which no language changes.
            seen = flaws(officer) if language == "vi" else misfits(officer)
            found[name, language] = wrong + seen + too_wide(officer)

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def walk(page, pages, citizen) -> dict[str, str]:
    """Propose a rotation, look an account up; return the pages that this opens."""
    page.goto(pages["ring"])
    kill = page.locator("#ring-keys a").first.evaluate("(link) => link.href")
    fill(page, reason=REASON)
    page.wait_for_url("**/staff/approvals/*")
    proposal = page.url
    page.goto(pages["portals"])
    portal = page.locator("ul.rows a").first.evaluate("(link) => link.href")
    page.goto(pages["accounts"])
    page.locator("#purpose").select_option("security")
    number = citizen["personal_number"]
    fill(page, number=number, reason="Công dân báo có người lạ đăng nhập")
    page.wait_for_url("**/staff/accounts/*")
    account = page.url
    page.goto(pages["audit"])
    event = page.locator("a[href^='/staff/audit/']").first
    return {
        "kill": kill,
        "proposal": proposal,
        "portal": portal,
        "account": account,
        "sessions": f"{account}/sessions",
        "event": event.evaluate("(link) => link.href"),
    }


def fill(page, **typed: str) -> None:
    """Fill in the form of the page itself, and press its button."""
    form = page.locator("main form[method=post]:not([action])")
    for name, value in typed.items():
        form.locator(f"[name={name}]").fill(value)
    form.locator("button").click()


def too_wide(page) -> list[str]:
    """Return if the wide screen scrolls as well."""
    page.set_viewport_size(WIDE)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(NARROW)
    return [f"scrolls sideways: {width}"] * (width > WIDE["width"])


def test_what_is_dangerous_looks_it(officer, demo):
    """What cannot be taken back has a colour of its own, beside its words."""
    officer.goto(f"{demo.issuer}/staff{RING}")
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
