"""Signing in with a chip card on the demo's virtual reader, in a real browser."""

import pytest
import requests
from playwright.sync_api import expect

from tests.e2e.card import back_at_provider, lay, to_card_page, to_reader
from tests.e2e.chromium import launch
from tests.e2e.driving import developer_panel, finish
from tests.e2e.people import told
from tests.e2e.test_demo import spki_pin
from tests.e2e.test_portals import flaws, is_wider_than_the_screen

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def citizen(citizens):
    """Return someone whose account has a password and a card."""
    return told(citizens, "chip-id card")


def sign_in_by_card(page, demo, citizen, portal="bank", *, has_script=True):
    """Prove the card, then the password, and end at the portal."""
    number = citizen["personal_number"]
    to_card_page(page, demo, portal, number)
    to_reader(page, demo, has_script=has_script)
    lay(page, number)
    back_at_provider(page, demo)
    return finish(page, demo, citizen)


def test_card_and_password_make_level_two(page, demo, citizen):
    """The bank gets what it asks for, and is told by which proofs."""
    steps = sign_in_by_card(page, demo, citizen)

    assert "password" in steps
    assert page.url == f"{demo.portals['bank']}/profile"
    claims = developer_panel(page, "id_token")["claims"]
    assert claims["acr"] == "urn:dinhdanh:acr:2.2"
    assert {"sc", "pwd"} <= set(claims["amr"])
    assert "pin" not in claims["amr"]


def test_no_script_is_needed(new_context, demo, citizen):
    """Buttons lead the same way, and the agent's page follows by itself."""
    page = new_context(java_script_enabled=False).new_page()

    sign_in_by_card(page, demo, citizen, portal="services", has_script=False)

    assert page.url == f"{demo.portals['services']}/profile"


def test_cancel_leads_back(page, demo, citizen):
    """Nothing was read, and another way can be taken."""
    to_card_page(page, demo, "bank", citizen["personal_number"])
    to_reader(page, demo)

    page.locator("[name=decision][value=cancel]").click()
    back_at_provider(page, demo)

    assert "/chip/" in page.url
    assert page.locator("#to-reader").count() == 1


def test_someone_elses_card_proves_nothing(page, demo, citizens, citizen):
    """One answer for every card that is not accepted."""
    other = next(
        number
        for number in cards(page, demo)
        if number != citizen["personal_number"]
        and any(c["personal_number"] == number for c in citizens)
    )
    to_card_page(page, demo, "bank", citizen["personal_number"])
    to_reader(page, demo)

    lay(page, other)
    back_at_provider(page, demo)

    assert "DD-CHIP-001" in page.content()


def cards(page, demo):
    """Return the numbers of the cards that the agent's front page lists."""
    page.goto(demo.agent)
    shown = page.locator(".cards .number").all_inner_texts()
    return [number.replace(" ", "") for number in shown]


def test_another_browser_cannot_take_the_reading_over(new_context, demo, citizen):
    """The return code works once, and only where the reading began."""
    mine, thief = new_context().new_page(), new_context().new_page()
    to_card_page(mine, demo, "bank", citizen["personal_number"])
    to_reader(mine, demo)
    stolen = []

    def steal(route):
        stolen.append(route.request.url)
        route.abort()

    mine.route("**/chip/return*", steal)
    lay(mine, citizen["personal_number"])
    while not stolen:
        mine.wait_for_timeout(50)

    thief.goto(stolen[0])
    assert thief.locator("[data-error-code]").count() == 1
    mine.unroute("**/chip/return*")
    mine.goto(stolen[0])
    assert mine.locator("[data-error-code]").count() == 1


def test_a_foreign_page_starts_nothing(page, demo):
    """A portal is not the provider: its form is answered by a refusal."""
    page.goto(demo.portals["services"])
    # The portal's own policy would stop the form already.
    page.route(
        f"{demo.portals['services']}/trap",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f"<form method=post action='{demo.agent}/start'>"
            "<input name=start_token value=tttttttttttttttttttttttt>"
            "<button>Win</button></form>",
        ),
    )
    page.goto(f"{demo.portals['services']}/trap")

    with page.expect_response("**/start") as answered:
        page.locator("button").click()

    assert answered.value.status == 403
    assert page.locator("[role=alert]").count() == 1


def test_the_agent_cannot_be_framed(page, demo):
    """Nobody lays a page of their own over Allow."""
    page.route(
        f"{demo.portals['services']}/trap",
        lambda route: route.fulfill(
            content_type="text/html", body=f"<iframe src='{demo.agent}/'></iframe>"
        ),
    )

    page.goto(f"{demo.portals['services']}/trap")

    # The browser's own error page takes the frame's place.
    assert page.frames[1].url.startswith("chrome-error:")


@pytest.mark.parametrize(
    ("language", "scheme"), [("vi-VN", "light"), ("en-GB", "dark")]
)
def test_the_agents_pages_are_accessible(new_context, demo, citizen, language, scheme):
    """Axe finds nothing and nothing sticks out at 320 px."""
    page = new_context(
        locale=language, color_scheme=scheme, viewport={"width": 320, "height": 640}
    ).new_page()
    page.goto(demo.agent)
    assert page.locator("html").get_attribute("lang") == language[:2]
    assert flaws(page) == []
    assert not is_wider_than_the_screen(page)

    to_card_page(page, demo, "bank", citizen["personal_number"])
    to_reader(page, demo)
    assert flaws(page) == []
    assert not is_wider_than_the_screen(page)


@pytest.mark.xdist_group("tls")
def test_the_browser_is_asked_before_a_page_reaches_this_computer(
    playwright, tls_demo, citizen
):
    """An https provider on the public network needs the local-network permission.

    Denied, the page says what to do; granted, the card is read.
    """
    demo = tls_demo
    hosts = ("127.0.0.1", "[::1]")
    public = ",".join(f"{host}:{demo.port}=public" for host in hosts)
    arguments = [
        f"--ignore-certificate-errors-spki-list={spki_pin(demo.ca_file)}",
        f"--ip-address-space-overrides={public}",
    ]
    with launch(playwright, *arguments) as browser:
        page = browser.new_page()
        to_card_page(page, demo, "bank", citizen["personal_number"])
        page.locator("#to-reader button").click()
        state = page.locator("#reader-state")
        expect(state.locator("p")).to_have_text(state.get_attribute("data-denied"))
        assert page.url.startswith(demo.issuer)

        page.context.grant_permissions(["local-network-access"], origin=demo.issuer)
        page.reload()
        to_reader(page, demo)
        lay(page, citizen["personal_number"])
        back_at_provider(page, demo)
        finish(page, demo, citizen)
        assert page.url == f"{demo.portals['bank']}/profile"


def test_the_agent_answers_to_its_address_alone(demo):
    """A name bound to this computer is refused, whatever it asks."""
    headers = {"Host": f"evil.example:{demo.port + 4}", "Origin": demo.issuer}

    refused = requests.get(f"{demo.agent}/status", headers=headers, timeout=10)

    assert refused.status_code == 403
