"""Pages of sign-ins that wait elsewhere, and after a sign-out, in a real browser."""

from typing import Any

import pytest
import requests

from tests.e2e.driving import step_form, submit
from tests.e2e.people import told
from tests.e2e.test_pages import LOOKS, enter_password, flaws

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

GRANTS = [
    "authorization_code",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:openid:params:grant-type:ciba",
]
MESSAGE = "Đề nghị hỗ trợ tiền điện, hồ sơ số 2026-000123-HOTRO-TIENDIEN của tổng đài"


@pytest.fixture(scope="module")
def kiosk(demo) -> dict[str, Any]:
    """Register a portal that asks in every way, and is told in a frame."""
    home = demo.portals["services"]
    return demo.register(
        client_name="Quầy tự phục vụ của Trung tâm hành chính công",
        redirect_uris=[f"{home}/kiosk"],
        frontchannel_logout_uri=f"{home}/",
        grant_types=GRANTS,
        scope="openid profile",
        token_endpoint_auth_method="client_secret_post",
        sector="kiosk.test",
    )


def ask(demo, kiosk: dict[str, Any], path: str, **form: str) -> dict[str, Any]:
    """Ask as the kiosk does."""
    mine = {name: kiosk[name] for name in ("client_id", "client_secret")}
    form = {**mine, "scope": "openid profile", **form}
    answer = requests.post(f"{demo.issuer}/{path}", data=form, timeout=10)
    assert answer.status_code == 200, answer.text
    codes: dict[str, Any] = answer.json()
    return codes


@pytest.mark.parametrize("look", LOOKS, ids=["narrow", "wide-dark"])
def test_waiting_pages_are_accessible(new_context, demo, citizens, kiosk, look):
    """A device's code, a portal's call, and what became of the portals afterwards."""
    page = new_context(**look, bypass_csp=True).new_page()
    person = told(citizens, "long name")
    found = {}

    page.goto(f"{demo.issuer}/device")
    found["code"] = flaws(page)
    type_code(page, "111111111")
    found["wrong code"] = flaws(page)
    type_code(page, ask(demo, kiosk, "device_authorization")["user_code"])
    found["who asks"] = flaws(page)
    page.locator("[name=decision][value=allow]").click()
    enter_password(page, person)
    page.locator("[name=decision][value=allow]").click()  # the consent
    page.wait_for_url("**/device/done/approved")
    found["done"] = flaws(page)

    call = {"login_hint": person["personal_number"], "binding_message": MESSAGE}
    ask(demo, kiosk, "backchannel_authentication", **call)
    page.goto(f"{demo.issuer}/account/requests")
    assert page.get_by_text(MESSAGE).count() == 1
    found["call"] = flaws(page)
    step_form(page).locator("[name=number]").fill("x")
    page.locator("[name=decision][value=allow]").click()
    found["wrong number"] = flaws(page)

    page.goto(f"{demo.issuer}/end_session")
    page.locator("[name=decision][value=yes]").click()
    assert page.locator("iframe").count() == 1
    found["signed out"] = flaws(page)

    assert {name: problems for name, problems in found.items() if problems} == {}


def type_code(page, code: str) -> None:
    form = step_form(page)
    form.locator("[name=user_code]").fill(code)
    submit(form)
