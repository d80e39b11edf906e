"""Node's openid-client completes its flows as it comes."""

import json

import pytest
from joserfc.jwk import ECKey

from tests.e2e.driving import step_form, submit
from tests.e2e.interop.listening import listening
from tests.e2e.interop.programs import NODE, running, sign_in
from tests.e2e.people import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CIBA = "urn:openid:params:grant-type:ciba"


def test_fapi_message_signing(new_context, demo, citizens, tmp_path):
    """private_key_jwt, JAR, PAR, JARM, DPoP, refresh, signed introspection, revocation.

    The profile takes https addresses alone, and the browser need not trust this one.
    """
    key = ECKey.generate_key("P-256", {"kid": "interop"})
    person = told(citizens, "birth year")
    page = new_context(ignore_https_errors=True).new_page()
    with listening(lambda _path: ("text/plain", b"back"), tls=tmp_path) as home:
        party = demo.register(
            profile="fapi2",
            require_signed_request_object=True,
            jwks={"keys": [key.as_dict(private=False)]},
            redirect_uris=[f"{home}/back"],
            scope="openid profile offline_access",
            sector="ahead.test",
        )
        private = {
            "client_id": party["client_id"],
            "private_jwk": json.dumps(key.as_dict(private=True)),
            "redirect_uri": f"{home}/back",
        }
        learned = sign_in(page, demo, person, *NODE, "ahead.mjs", **private)

    assert learned.pop("person")["name"]
    assert learned == {
        "type": "dpop",
        "bound": True,
        "refused": True,
        "alive": [True, False],
    }


def test_devices_and_calls(page, demo, citizens):
    """The device grant and CIBA in poll mode."""
    party = demo.register(
        grant_types=[DEVICE, CIBA],
        scope="openid profile",
        token_endpoint_auth_method="client_secret_post",
        sector="elsewhere.test",
    )
    person = told(citizens, "birth year")
    known = {
        "issuer": demo.issuer,
        "client_id": party["client_id"],
        "client_secret": party["client_secret"],
        "login_hint": person["personal_number"],
    }
    with running(*NODE, "elsewhere.mjs", **known) as program:
        shown = json.loads(program.stdout.readline())
        page.goto(shown["address"])
        step_form(page).locator("button").click()
        allow(page, person)
        page.goto(f"{demo.issuer}/account/requests")
        step_form(page).locator("[name=number]").fill(shown["number"])
        allow(page, person)
        learned, _ = program.communicate(timeout=60)

    first, second = json.loads(learned)
    assert first == second
    assert first["name"]


def allow(page, person) -> None:
    """Say yes, sign in where it is asked for, and consent."""
    while "/done/" not in page.url:
        form = step_form(page)
        if form.locator("[name=personal_number]").count():
            form.locator("[name=personal_number]").fill(person["personal_number"])
            form.locator("[name=password]").fill(person["password"])
            submit(form)
        else:
            form.locator("[name=decision][value=allow]").click()
        page.wait_for_load_state()
