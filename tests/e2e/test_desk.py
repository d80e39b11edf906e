"""A newcomer goes to a desk, activates the account, and is at the bank on level 2."""

import json

import pytest

from idp.factors import face
from idp.factors.card_database import SANDBOX_CAPTURES
from tests.e2e import desk
from tests.e2e.driving import developer_panel, latest_sms_code, step_form, submit
from tests.e2e.passkeys import VirtualAuthenticator
from tests.e2e.test_portals import flaws, is_wider_than_the_screen

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PASSWORD = "Hoa-sen-bay-canh-97"


@pytest.fixture
def newcomer(demo):
    """Return the first newcomer who has a card, and no account."""
    everyone = json.loads(demo.idp("sandbox", "newcomers", "--json"))
    return next(
        person
        for person in everyone
        if person["story"] == "adult"
        and (demo.folder / "cards" / f"{person['personal_number']}.card.json").exists()
    )


@pytest.fixture
def files(tmp_path):
    """Return a photo of the same person, and matching fingerprints."""
    photo, capture = tmp_path / "photo.png", tmp_path / "fingers.bin"
    photo.write_bytes(face.SANDBOX_PHOTO + face.SANDBOX_MARK)
    capture.write_bytes(SANDBOX_CAPTURES["match"])
    return photo, capture


def test_from_the_desk_to_the_bank(new_context, demo, newcomer, files):
    """Officer's passkey, chip, registry, receipt; activation; level 2 at the bank."""
    officer = new_context(viewport={"width": 320, "height": 800}).new_page()
    desk.open_desk(officer, demo, "Phạm Thị Lan")
    assert "Phạm Thị Lan" in officer.locator(".officer-bar").inner_text()
    assert flaws(officer) == []
    desk.press(officer, "/staff/desk", scan=newcomer["personal_number"])
    desk.read_card(officer, demo, newcomer)
    assert flaws(officer) == []
    assert not is_wider_than_the_screen(officer)
    desk.press(officer, "/registry")
    desk.prove(officer, *files)
    assert flaws(officer) == []
    desk.press(officer, "/contacts", phone=newcomer["phone"])
    officer.locator("#agreed").check()
    desk.press(officer, "/agreement")
    desk.press(officer, "/summary")
    officer.wait_for_url("**/staff/desk/receipts/*")
    assert flaws(officer) == []
    assert newcomer["name"] in officer.inner_text("main")

    citizen = new_context().new_page()
    VirtualAuthenticator(citizen)
    activate(citizen, demo, newcomer)

    citizen.goto(demo.portals["bank"])
    citizen.locator("#sign-in").click()
    # The page offers the passkey by itself, and this authenticator takes every offer.
    citizen.locator("[name=decision][value=allow]").wait_for()
    citizen.locator("[name=decision][value=allow]").click()
    citizen.wait_for_url(f"{demo.portals['bank']}/profile")
    claims = developer_panel(citizen, "id_token")["claims"]
    assert claims["acr"] == "urn:dinhdanh:acr:2.2"
    assert claims["account_level"] == 2


def activate(page, demo, newcomer):
    """Activate with the phone's code, a password, and a passkey."""
    page.goto(f"{demo.issuer}/activate")
    form = step_form(page)
    form.locator("[name=personal_number]").fill(newcomer["personal_number"])
    form.locator("[name=phone]").fill(newcomer["phone"])
    submit(form)
    page.locator("#otp").wait_for()
    form = page.locator("form", has=page.locator("#otp"))
    form.locator("#otp").fill(latest_sms_code(demo, newcomer["phone"]))
    submit(form)
    page.locator("[name=password]").wait_for()
    form = page.locator("form", has=page.locator("[name=password]"))
    for field in form.locator("input[type=password]").all():
        field.fill(PASSWORD)
    submit(form)
    page.locator("form[data-passkey=create] button").click()
    page.wait_for_url(f"{demo.issuer}/activate/done*")
