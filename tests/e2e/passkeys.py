"""Chromium's virtual authenticator, and answers that a test may bend on the way."""

import json
from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.e2e.driving import one_time_code, step_form, submit
from tests.e2e.running import RunningDemo

# Asks the provider for options as the page's own script does, or takes given ones.
_OPTIONS = """async (proof) => {
  const form = document.querySelector("form[data-passkey=get]");
  const body = new URLSearchParams({
    csrf_token: form.elements.csrf_token.value, proof });
  const answer = await fetch(form.dataset.options, { method: "POST", body });
  return await answer.text();
}"""
_GET = """async (text) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(text));
  const credential = await navigator.credentials.get({ publicKey });
  return JSON.stringify(credential.toJSON());
}"""
_POST = """([answer, proof]) => {
  const form = document.querySelector("form[data-passkey=get]");
  form.elements.credential.value = answer;
  form.elements.proof.value = proof;
  HTMLFormElement.prototype.submit.call(form);
}"""


class VirtualAuthenticator:
    """A device with a screen lock, inside one page's browser."""

    def __init__(self, page: Page, **options: Any) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        chosen = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self._send("addVirtualAuthenticator", options=chosen | options)[
            "authenticatorId"
        ]

    def credentials(self) -> list[dict[str, Any]]:
        """Return what the device keeps, with private keys."""
        return self._send("getCredentials", authenticatorId=self.id)["credentials"]

    def set_user_verified(self, *, is_verified: bool) -> None:
        """Let the next unlocking succeed or fail."""
        self._send(
            "setUserVerified", authenticatorId=self.id, isUserVerified=is_verified
        )

    def turn_counter_back(self) -> None:
        """Replace the passkey by an older copy of itself."""
        (credential,) = self.credentials()
        named = credential["credentialId"]
        self._send("removeCredential", authenticatorId=self.id, credentialId=named)
        older = credential | {"signCount": 0}
        self._send("addCredential", authenticatorId=self.id, credential=older)

    def _send(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.session.send(f"WebAuthn.{method}", parameters)


def options(page: Page, proof: str = "first", **changes: Any) -> str:
    """Return options of the page's transaction, changed as a test likes."""
    asked = json.loads(page.evaluate(_OPTIONS, proof))
    return json.dumps(asked | changes)


def get(page: Page, text: str) -> str:
    """Let the authenticator answer these options on whatever page is open."""
    return page.evaluate(_GET, text)


def post(page: Page, answer: str, proof: str = "first") -> None:
    """Post an answer by the page's form, past its script."""
    with page.expect_navigation():
        page.evaluate(_POST, [answer, proof])


def problem(page: Page) -> str | None:
    """Return the stable code that the page shows."""
    return page.locator("body").get_attribute("data-error-code")


def open_ways(page: Page, demo: RunningDemo, citizen: dict[str, Any]) -> None:
    """Sign in by password and code to the page that adds a passkey."""
    page.goto(f"{demo.issuer}/account/ways/passkey")
    by_code(page, demo, citizen)
    page.locator("form[data-passkey=create]").wait_for()


def by_code(page: Page, demo: RunningDemo, citizen: dict[str, Any]) -> None:
    """Prove password and authenticator app, whatever else is enrolled."""
    by_password(page, citizen)
    page.goto(f"{demo.issuer}/otp/{transaction(page)}?way=totp")
    form = step_form(page)
    form.locator("[name=otp]").fill(one_time_code(demo, citizen))
    submit(form)
    page.wait_for_load_state()


def by_password(page: Page, citizen: dict[str, Any]) -> None:
    """Prove number and password, and wait for whatever is asked next."""
    form = step_form(page)
    form.locator("[name=personal_number]").fill(citizen["personal_number"])
    form.locator("[name=password]").fill(citizen["password"])
    submit(form)
    page.wait_for_load_state()


def transaction(page: Page) -> str:
    """Return the transaction in the page's address."""
    return page.url.partition("?")[0].rpartition("/")[2]


def enrol(page: Page, demo: RunningDemo, citizen: dict[str, Any], name: str) -> None:
    """Add a passkey on the citizen's own page."""
    open_ways(page, demo, citizen)
    page.locator("[name=label]").fill(name)
    page.locator("form[data-passkey=create] button").click()
    page.locator(".way-row").first.wait_for()


def press(page: Page) -> None:
    """Press the passkey button."""
    page.locator("form[data-passkey=get] button").click()
