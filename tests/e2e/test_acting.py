"""Acting for another at the insurer's: a child, an organisation, and a refusal."""

import json

import pytest

from tests.e2e.driving import developer_panel, one_time_code, step_form, submit
from tests.e2e.people import told
from tests.e2e.test_portals import flaws, is_wider_than_the_screen

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def open_sign_in(page, demo, kind: str, citizen: dict) -> None:
    """Press the portal's button and prove who it is."""
    page.goto(demo.portals["insurance"])
    page.locator(f"#for-{kind}").click()
    prove(page, demo, citizen)


def prove(page, demo, citizen: dict) -> None:
    """Prove the password, and a code where it is asked."""
    page.fill("#personal_number", citizen["personal_number"])
    page.fill("#password", citizen["password"])
    submit(step_form(page))
    if "/otp/" in page.url:
        page.fill("#otp", one_time_code(demo, citizen))
        submit(step_form(page))


def test_for_a_child_and_for_an_organisation(new_context, demo, citizens):
    """On a narrow screen: the choice, the assent, the tokens, the member's refusal."""
    narrow = {"viewport": {"width": 320, "height": 640}}
    page = new_context(**narrow).new_page()
    open_sign_in(page, demo, "representation", told(citizens, "guardian of two"))
    assert flaws(page) == []
    assert not is_wider_than_the_screen(page)
    page.get_by_role("button", name="Bùi Gia Quân").click()
    assert flaws(page) == []
    page.check("#assent")
    page.locator("button[value=allow]").click()
    page.wait_for_url("**/profile")
    assert developer_panel(page, "id_token")["claims"]["act"]["relation"] == "mother"
    assert "Bùi Gia Quân" in page.locator("h1").inner_text()

    page = new_context(**narrow).new_page()
    open_sign_in(page, demo, "organisation", told(citizens, "level 2, password only."))
    page.get_by_role("button", name="Gạo Đồng Xanh").click()
    page.locator("button[value=allow]").click()
    page.wait_for_url("**/profile")
    assert "Gạo Đồng Xanh" in page.locator("h1").inner_text()

    page = new_context(**narrow).new_page()
    open_sign_in(page, demo, "organisation", told(citizens, "no residence record"))
    page.get_by_role("button", name="Gạo Đồng Xanh").click()
    assert "DD-ORG-001" in page.locator("main").inner_text()
    assert flaws(page) == []
    page.locator("main form button").click()
    page.wait_for_url("**/callback?**")
    assert "access_denied" in page.content()


def test_a_guardian_enrols_a_child_and_acts_for_it(page, demo, citizens):
    """From the guardian's own account to the portal's token, in one browser."""
    guardian = told(citizens, "guardian of two")
    child = next(
        person
        for person in json.loads(demo.idp("sandbox", "newcomers", "--json"))
        if person["guardian_number"] == guardian["personal_number"]
        and not person["has_account"]
    )
    year, month, day = child["birth_date"].split("-")
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{demo.issuer}/account/wards/apply")
    prove(page, demo, guardian)
    assert flaws(page) == []
    assert not is_wider_than_the_screen(page)
    page.fill("#personal_number", child["personal_number"])
    page.fill("#name", child["name"])
    page.fill("#day", day)
    page.fill("#month", month)
    page.fill("#year", year)
    page.check("#consent")
    page.locator("main form button.wide").click()
    assert page.locator(".receipt").is_visible()
    assert flaws(page) == []

    page.goto(demo.portals["insurance"])
    page.locator("#for-representation").click()
    page.get_by_role("button", name=child["name"]).click()
    if page.locator("#assent").count():  # from seven on the child is asked
        page.check("#assent")
    page.locator("button[value=allow]").click()
    page.wait_for_url("**/profile")
    claims = developer_panel(page, "id_token")["claims"]
    assert claims["act"]["relation"] == "mother"
    assert claims["act"]["sub"] != claims["sub"]
    assert claims["account_level"] == 1
    assert child["name"] in page.locator("h1").inner_text()
