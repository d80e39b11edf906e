"""Passkeys in a real Chromium with its virtual authenticator, from enrolment to end."""

import json

import pytest

from tests.e2e import passkeys
from tests.e2e.driving import (
    developer_panel,
    finish,
    step_form,
    submit,
)
from tests.e2e.passkeys import VirtualAuthenticator
from tests.e2e.people import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

REFUSED = "DD-PASSKEY-001"


@pytest.fixture
def citizen(citizens):
    return told(citizens, "authenticator app (totp)")


@pytest.fixture
def device(page):
    """Return a device whose owner is there; pages suggest nothing on their own."""
    page.add_init_script(
        "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
    )
    return VirtualAuthenticator(page)


@pytest.fixture
def enrolled(page, demo, citizen, device):
    """Enrol one passkey and forget who was signed in, but not the device."""
    passkeys.enrol(page, demo, citizen, "Máy thử")
    page.context.clear_cookies()
    return citizen


def begin(page, demo):
    """Open the sign-in page of the bank."""
    page.goto(demo.portals["bank"])
    page.locator("#sign-in").click()
    page.locator("form[data-passkey=get]").wait_for()


def level(page):
    return page.locator("#acr").inner_text()


def test_enrol_and_sign_in_without_password(page, demo, device, enrolled):
    """A passkey alone signs in to the bank at level 2, with its own amr."""
    begin(page, demo)
    passkeys.press(page)
    page.wait_for_url(lambda url: "/login/" not in url)
    done = finish(page, demo, enrolled)

    assert done == ["consent"]
    assert level(page) == "urn:dinhdanh:acr:2.2"
    amr = json.dumps(_id_token(page)["amr"])
    assert amr == '["hwk", "user", "mfa"]'


def _id_token(page):
    return developer_panel(page, "id_token")["claims"]


def test_the_number_field_suggests_the_passkey(page, demo, citizen):
    """Conditional UI: whoever is at the device is in, without any press."""
    VirtualAuthenticator(page)
    passkeys.enrol(page, demo, citizen, "Máy thử")
    page.context.clear_cookies()
    page.goto(demo.portals["bank"])
    page.locator("#sign-in").click()
    page.locator("[name=decision][value=allow]").wait_for()
    finish(page, demo, citizen)

    assert level(page) == "urn:dinhdanh:acr:2.2"


def test_a_passkey_after_the_password(page, demo, device, enrolled):
    """As a second factor it is one of the account's own, at the same level."""
    begin(page, demo)
    passkeys.by_password(page, enrolled)
    transaction = passkeys.transaction(page)
    page.goto(f"{demo.issuer}/passkey/{transaction}")
    passkeys.press(page)
    page.wait_for_url(lambda url: "/passkey/" not in url)
    finish(page, demo, enrolled)

    assert level(page) == "urn:dinhdanh:acr:2.2"
    assert _id_token(page)["amr"] == ["pwd", "hwk", "user", "mfa"]


def test_an_answer_from_another_origin_is_refused(page, demo, device, enrolled):
    """A neighbour on the same host may ask the device; its answer is worth nothing."""
    begin(page, demo)
    sign_in_page, asked = page.url, passkeys.options(page)
    neighbour = "http://localhost:9999/"
    page.route(neighbour, lambda route: route.fulfill(body="a neighbour"))
    page.goto(neighbour)
    answer = passkeys.get(page, asked)
    page.goto(sign_in_page)

    passkeys.post(page, answer)

    assert passkeys.problem(page) == REFUSED


def test_missing_verification_and_a_used_challenge(page, demo, device, enrolled):
    """Presence alone is refused, and the challenge is spent with it."""
    begin(page, demo)
    asked = passkeys.options(page)
    weak = json.dumps(json.loads(asked) | {"userVerification": "discouraged"})
    device.set_user_verified(is_verified=False)
    answer = passkeys.get(page, weak)
    device.set_user_verified(is_verified=True)
    good = passkeys.get(page, asked)

    passkeys.post(page, answer)
    assert passkeys.problem(page) == REFUSED
    passkeys.post(page, good)
    assert passkeys.problem(page) == REFUSED


def test_two_ids_in_one_answer(page, demo, device, enrolled):
    """An answer whose id is not its rawId is refused."""
    begin(page, demo)
    asked = passkeys.options(page)
    answer = json.loads(passkeys.get(page, asked))
    answer["id"] = answer["id"][:-2] + "AA"

    passkeys.post(page, json.dumps(answer))

    assert passkeys.problem(page) == REFUSED


def test_a_counter_that_goes_back(page, demo, device, enrolled):
    """An older copy is refused, and the passkey is held from then on."""
    begin(page, demo)
    device.turn_counter_back()
    passkeys.press(page)
    page.wait_for_url("**/passkey/*")
    assert passkeys.problem(page) == REFUSED

    page.goto(f"{demo.issuer}/account/factors")
    passkeys.by_code(page, demo, enrolled)
    page.locator(".way-row").first.wait_for()
    assert page.locator(".way-row .held").count() == 1


def test_the_passkey_of_another_account(page, demo, device, enrolled, citizens):
    """After one person's password another's passkey proves nothing."""
    other = told(citizens, "guardian of two")
    begin(page, demo)
    passkeys.by_password(page, other)
    transaction = passkeys.transaction(page)
    page.goto(f"{demo.issuer}/login/{transaction}")
    page.locator("form[data-passkey=get]").wait_for()
    asked = passkeys.options(page, "further", allowCredentials=[])
    answer = passkeys.get(page, asked)

    passkeys.post(page, answer, "further")

    assert passkeys.problem(page) == REFUSED


def test_rename_and_remove(page, demo, citizen, device):
    """The owner names it anew and removes it; it signs in no more."""
    passkeys.enrol(page, demo, citizen, "Cũ")
    row = page.locator(".way-row", has_text="Cũ")
    assert row.count() == 1
    row.locator("a[href$='/name']").click()
    page.locator("[name=label]").fill("Mới")
    submit(step_form(page))
    row = page.locator(".way-row", has_text="Mới")
    row.locator("a[href$='/remove']").click()
    submit(step_form(page))
    page.locator(".notice.good").wait_for()
    assert page.locator(".way-row", has_text="Mới").count() == 0

    page.context.clear_cookies()
    begin(page, demo)
    passkeys.press(page)
    page.wait_for_url("**/passkey/*")
    assert passkeys.problem(page) == REFUSED


def test_a_device_that_does_not_open(page, demo, device, enrolled):
    """Without the person nothing is sent: the page says so and waits."""
    begin(page, demo)
    device.set_user_verified(is_verified=False)
    passkeys.press(page)
    page.locator("[data-passkey-state]", has_text="Bấm nút").wait_for()
    assert "/login/" in page.url


def test_without_scripts(new_context, demo):
    """The page says that a passkey needs scripts, and the password still works."""
    page = new_context(java_script_enabled=False).new_page()
    page.goto(demo.portals["bank"])
    page.locator("#sign-in").click()
    assert step_form(page).locator("[name=password]").count() == 1
    page.locator("form[data-passkey=get] button").click()
    assert "JavaScript" in page.locator("noscript").inner_text()
