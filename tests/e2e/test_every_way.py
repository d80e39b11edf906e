"""Every way to sign in to the bank, and what its ID token then says.

What is expected is what docs/assurance.md says and `idp assurance show` prints.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e import passkeys, qr
from tests.e2e.card import back_at_provider, lay, to_card_page, to_reader
from tests.e2e.driving import developer_panel, finish, sign_in
from tests.e2e.passkeys import VirtualAuthenticator
from tests.e2e.people import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def table(demo):
    """Return level and amr of each row of the documented table."""
    printed = demo.idp("assurance", "show", "--markdown")
    assert printed in (ROOT / "docs/assurance.md").read_text()
    lines = printed.splitlines()[2:]
    rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines)
    return {row[0]: (int(row[2]), row[3].strip("`").split()) for row in rows}


@pytest.fixture
def synced(page):
    """Return a phone's passkeys, which a cloud may copy; pages suggest none."""
    page.add_init_script(
        "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
    )
    return VirtualAuthenticator(
        page, defaultBackupEligibility=True, defaultBackupState=True
    )


@pytest.fixture
def phone(new_context):
    """Return a page of another device."""
    return new_context().new_page()


def told_the_bank(page, demo):
    """Return authentication level and amr, and see that all claims tell the same."""
    assert page.url == f"{demo.portals['bank']}/profile"
    claims = developer_panel(page, "id_token")["claims"]
    level = claims["authentication_level"]
    assert claims["acr"] == f"urn:dinhdanh:acr:2.{level}"
    assert claims["account_level"] == 2
    assert "pin" not in claims["amr"]
    return level, claims["amr"]


def show_card(page, demo, citizen):
    """Have the citizen's card read, from the page that leads to the reader."""
    to_reader(page, demo)
    lay(page, citizen["personal_number"])
    back_at_provider(page, demo)


def press_passkey(page):
    """Use the passkey and wait for what comes after it."""
    before = page.url
    passkeys.press(page)
    page.wait_for_url(lambda url: url != before)


def choose(page, demo, way):
    """Take this way among those that the chooser offers."""
    page.goto(f"{demo.issuer}/ways/{passkeys.transaction(page)}?list=1")
    page.locator(f".way-list a[href*='{way}']").click()
    page.wait_for_load_state()


@pytest.mark.parametrize(
    ("words", "row"),
    [
        ("authenticator app (totp)", "password + authenticator app"),
        ("sms codes, no", "password + text message"),
    ],
)
def test_password_and_one_time_code(page, demo, citizens, table, words, row):
    """Two factors of two kinds, and amr tells app and text message apart."""
    sign_in(page, demo, "bank", told(citizens, words))

    assert told_the_bank(page, demo) == table[row]


def test_passkey_alone(page, demo, citizens, table, synced):
    """Neither number nor password is typed, and it is level 2 all the same."""
    citizen = told(citizens, "household of six")
    passkeys.enrol(page, demo, citizen, "Điện thoại")
    page.context.clear_cookies()
    page.goto(demo.portals["bank"])
    page.locator("#sign-in").click()
    press_passkey(page)

    assert finish(page, demo, citizen) == ["consent"]
    assert told_the_bank(page, demo) == table["passkey, user verified"]


def test_card_and_password(page, demo, citizens, table):
    """The card comes first and is not enough: the password is asked."""
    citizen = told(citizens, "chip-id card")
    to_card_page(page, demo, "bank", citizen["personal_number"])
    show_card(page, demo, citizen)

    assert finish(page, demo, citizen) == ["password", "consent"]
    assert told_the_bank(page, demo) == table["chip card + password"]


def test_card_and_passkey(page, demo, citizens, table, synced):
    """A card's holder adds a passkey with password and card, then uses the two."""
    citizen = told(citizens, "the way back")
    page.goto(f"{demo.issuer}/account/ways/passkey")
    passkeys.by_password(page, citizen)
    choose(page, demo, "/chip/")
    show_card(page, demo, citizen)
    page.locator("[name=label]").fill("Điện thoại")
    page.locator("form[data-passkey=create] button").click()
    page.locator(".way-row").first.wait_for()
    page.context.clear_cookies()

    to_card_page(page, demo, "bank", citizen["personal_number"])
    show_card(page, demo, citizen)
    choose(page, demo, "/passkey/")
    press_passkey(page)

    assert finish(page, demo, citizen) == ["consent"]
    row = "chip card + passkey, user verified"
    assert told_the_bank(page, demo) == table[row]


def approve_on(phone, page, demo):
    """Show the code on the PC, scan it with the phone and type the number there."""
    page.goto(demo.portals["bank"])
    page.locator("#sign-in").click()
    page.locator("a[href*='/device/']").click()
    page.locator("main form button.wide").click()
    number = page.locator(".match-number").inner_text()
    address = qr.scan(page)
    assert re.fullmatch(rf"{demo.issuer}/approve/[\w-]+", address)
    phone.goto(address)
    expect(phone.locator("main")).to_contain_text("Ngân hàng Sông Xanh")
    phone.locator("[name=number]").fill(number)
    phone.locator("[name=decision][value=allow]").click()
    # The PC looks by itself, and goes on.
    page.wait_for_url(lambda url: "/device/" not in url)


def test_phone_of_level_two(page, phone, demo, citizens, table):
    """The phone had proven two kinds, and nothing is typed on the PC."""
    citizen = told(citizens, "merger")
    phone.goto(f"{demo.issuer}/account")
    passkeys.by_code(phone, demo, citizen)

    approve_on(phone, page, demo)

    assert finish(page, demo, citizen) == ["consent"]
    row = "another device, itself at level 2 or more"
    assert told_the_bank(page, demo) == table[row]


def test_phone_of_level_one(page, phone, demo, citizens, table):
    """A password on the phone is no more on the PC: the bank's wish is not met."""
    citizen = told(citizens, "long name")
    phone.goto(f"{demo.issuer}/account")
    passkeys.by_password(phone, citizen)

    approve_on(phone, page, demo)

    assert finish(page, demo, citizen) == ["consent"]
    row = "another device, itself at level 1"
    assert told_the_bank(page, demo) == table[row]
    assert page.locator(".warning").is_visible()
    page.locator("#step-up").click()
    finish(page, demo, citizen)
    refusal = page.locator("[data-error-code]").get_attribute("data-error-code")
    assert refusal == "unmet_authentication_requirements"


def test_phone_of_level_one_and_a_card(page, phone, demo, citizens):
    """Whoever can prove more is asked for it, and then the bank has its level."""
    citizen = told(citizens, "chip-id card")
    phone.goto(f"{demo.issuer}/account")
    passkeys.by_password(phone, citizen)

    approve_on(phone, page, demo)

    page.wait_for_url(f"{demo.issuer}/chip/*")
    show_card(page, demo, citizen)
    finish(page, demo, citizen)
    level, amr = told_the_bank(page, demo)
    assert (level, set(amr)) == (2, {"sc", "mca", "mfa"})
