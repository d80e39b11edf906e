"""Citizens sign in to the three portals in a real browser, through all that follows."""

from urllib.parse import urlsplit

import pyotp
import pytest

from tests.e2e.driving import (
    developer_panel,
    finish,
    sign_in,
    step_form,
    submit,
)
from tests.e2e.people import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

VISITS = [
    ("services", "by password alone", "1.1", ["password", "consent"]),
    ("bank", "authenticator app (totp)", "2.2", ["password", "otp", "consent"]),
    ("insurance", "guardian of two", "2.2", ["password", "otp", "consent"]),
    ("services", "birth year", "2.1", ["password", "consent"]),
    ("bank", "foreigner", "2.2", ["password", "otp", "consent"]),
]


@pytest.mark.parametrize(("portal", "words", "level", "steps"), VISITS)
def test_a_citizen_signs_in(page, demo, citizens, portal, words, level, steps):
    """Five people, each asked for exactly their factors and one consent."""
    citizen = told(citizens, words)
    page.goto(demo.portals[portal])
    page.locator("#sign-in").click()

    done = finish(page, demo, citizen)

    assert done == steps
    assert page.url == f"{demo.portals[portal]}/profile"
    account, authentication = level.split(".")
    assert page.locator("#account-level").inner_text() == account
    assert page.locator("#authentication-level").inner_text() == authentication
    assert page.locator("#acr").inner_text() == f"urn:dinhdanh:acr:{level}"


def test_each_portal_gets_what_it_asked_for(page, demo, citizens):
    """Residence for the desk, signed claims for the bank, a household to insure."""
    citizen = told(citizens, "household of six")

    sign_in(page, demo, "services", citizen)
    desk = developer_panel(page, "userinfo")
    sign_in(page, demo, "bank", citizen)
    bank = developer_panel(page, "userinfo")
    sign_in(page, demo, "insurance", citizen)
    insurance = developer_panel(page, "userinfo")

    assert desk["personal_number"] == citizen["personal_number"]
    assert desk["residence"]["permanent"]["commune_code"]
    assert "household" not in desk
    assert bank["iss"] == demo.issuer
    assert bank["verified_claims"]["verification"]["evidence"][0]["record"]["source"]
    assert bank["phone_number"] == citizen["phone"]
    assert len(insurance["household"]["members"]) == 5
    assert "personal_number" not in insurance
    assert len({desk["sub"], bank["sub"], insurance["sub"]}) == 3


def test_the_second_portal_asks_for_consent_only(page, demo, citizens):
    """A live session is enough elsewhere; and a remembered consent asks nothing."""
    citizen = told(citizens, "authenticator app (totp)")
    sign_in(page, demo, "insurance", citizen)

    page.goto(demo.portals["services"])
    page.locator("#sign-in").click()
    assert finish(page, demo, citizen) == ["consent"]

    page.goto(f"{demo.portals['services']}/sign-in")
    assert finish(page, demo, citizen) == []
    assert page.url.endswith("/profile")


def test_the_bank_asks_only_for_what_is_missing(page, demo, citizens):
    """A session by password is raised by the code alone and stays the same session."""
    citizen = dict(told(citizens, "level 2, password only."))
    sign_in(page, demo, "services", citizen)
    assert page.locator("#authentication-level").inner_text() == "1"
    added = demo.idp("accounts", "add-totp", citizen["personal_number"])
    citizen["totp_secret"] = pyotp.parse_uri(added.split()[0]).secret

    page.goto(demo.portals["bank"])
    page.locator("#sign-in").click()

    assert finish(page, demo, citizen) == ["otp", "consent"]
    assert page.locator("#acr").inner_text() == "urn:dinhdanh:acr:2.2"


def test_a_large_transfer_asks_again(page, demo, citizens):
    """max_age=0 asks for every factor anew though the session is live."""
    citizen = told(citizens, "merger")
    sign_in(page, demo, "bank", citizen)
    before = developer_panel(page, "id_token")["claims"]

    page.locator("#step-up").click()
    done = finish(page, demo, citizen)

    after = developer_panel(page, "id_token")["claims"]
    assert done == ["password", "otp"]
    assert after["auth_time"] >= before["auth_time"]
    assert after["sub"] == before["sub"]


def test_an_account_that_cannot_reach_the_level_is_told_so(page, demo, citizens):
    """An essential acr that no factor reaches becomes an error, never less."""
    citizen = told(citizens, "by password alone")
    sign_in(page, demo, "bank", citizen)
    assert page.locator(".warning").is_visible()

    page.locator("#step-up").click()
    finish(page, demo, citizen)

    error = page.locator("[data-error-code]")
    code = error.get_attribute("data-error-code")
    assert code == "unmet_authentication_requirements"


def test_a_voluntary_claim_can_be_kept_back(page, demo, citizens):
    """The unticked phone never reaches the insurer; the rest does."""
    citizen = told(citizens, "foreigner")

    sign_in(page, demo, "insurance", citizen, without=["phone_number"])

    claims = developer_panel(page, "userinfo")
    assert "phone_number" not in claims
    assert claims["name"]


def test_denying_everything_returns_access_denied(page, demo, citizens):
    """The portal shows its own friendly page, and nobody is signed in there."""
    citizen = told(citizens, "student")

    sign_in(page, demo, "insurance", citizen, decision="deny")

    error = page.locator("[data-error-code]")
    assert error.get_attribute("data-error-code") == "access_denied"
    page.goto(f"{demo.portals['insurance']}/profile")
    assert page.locator("#sign-in").is_visible()


def test_signing_out_ends_the_session_everywhere(page, demo, citizens):
    """After RP-initiated logout the next portal asks for the password again."""
    citizen = told(citizens, "no residence record")
    sign_in(page, demo, "services", citizen)

    page.locator("[name=decision][value=everywhere]").click()
    page.wait_for_load_state()
    if page.url.startswith(demo.issuer):
        page.locator("[name=decision][value=yes]").click()

    assert page.locator("#signed-out").is_visible()
    assert page.url.startswith(demo.portals["services"])
    page.goto(demo.portals["services"])
    page.locator("#sign-in").click()
    assert finish(page, demo, citizen) == ["password"]


def test_leaving_a_portal_keeps_the_session(page, demo, citizens):
    """A local logout is local: signing in again asks nothing."""
    citizen = told(citizens, "no residence record")
    sign_in(page, demo, "services", citizen)

    page.locator("[name=decision][value=here]").click()
    page.locator("#sign-in").click()

    assert finish(page, demo, citizen) == []
    assert page.url.endswith("/profile")


def test_tabs_finish_in_any_order(new_context, demo, citizens):
    """Three tabs wait for the same sign-in; each ends at its own portal."""
    citizen = told(citizens, "merger")
    context = new_context()
    tabs = {portal: context.new_page() for portal in demo.portals}
    for portal, tab in tabs.items():
        tab.goto(f"{demo.portals[portal]}/sign-in")

    for portal in reversed(tabs):
        tab = tabs[portal]
        finish(tab, demo, citizen)
        assert tab.url == f"{demo.portals[portal]}/profile"

    paths = {urlsplit(tab.url).path for tab in tabs.values()}
    assert paths == {"/profile"}


def test_a_wrong_password_is_told_and_mended(page, demo, citizens):
    """The page keeps the number, names the error, and takes the right password."""
    citizen = told(citizens, "student")
    page.goto(f"{demo.portals['services']}/sign-in")
    form = step_form(page)
    form.locator("[name=personal_number]").fill(citizen["personal_number"])
    form.locator("[name=password]").fill("not the password")
    submit(form)
    page.wait_for_load_state()

    assert page.locator("[data-error-code]").count() == 1
    assert "consent" in finish(page, demo, citizen)


def test_a_foreign_answer_is_refused(page, demo):
    """A callback that belongs to no request of this browser signs nobody in."""
    page.goto(f"{demo.portals['bank']}/callback?code=x&state=y&iss={demo.issuer}")

    error = page.locator("[data-error-code]")
    assert error.get_attribute("data-error-code") == "untrusted_answer"
