"""A browser with a software authenticator, for tests through HTTP."""

import html
import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.authenticator import Authenticator
from tests.driver import Browser


def _field(text: str, name: str) -> str:
    return html.unescape(re.findall(rf'name="{name}" value="([^"]*)"', text)[0])


class PasskeyForm:
    """The form with data-passkey on a page, as its script sees it."""

    def __init__(self, client: FlaskClient, page: TestResponse) -> None:
        found = re.findall(r"<form[^>]*data-passkey.*?</form>", page.text, re.DOTALL)
        assert len(found) == 1, page.text
        self.text, self.client = found[0], client
        self.action = re.findall(r'action="([^"]*)"', self.text)[0]
        self.token = _field(self.text, "csrf_token")
        self.proof = _field(self.text, "proof") if "proof" in self.text else None

    def options(self, proof: str | None = None) -> str:
        """Ask for options as the script does."""
        address = re.findall(r'data-options="([^"]*)"', self.text)[0]
        answer = self.client.post(address, data=self._data(proof))
        assert answer.mimetype == "application/json", answer.text
        return answer.text

    def post(
        self, browser: Browser, answer: str, proof: str | None = None, **more: str
    ) -> TestResponse:
        """Post the answer and follow."""
        data = {**self._data(proof), "credential": answer, **more}
        return browser.visit(self.action, data=data)

    def _data(self, proof: str | None) -> dict[str, str]:
        chosen = proof or self.proof
        return {"csrf_token": self.token, **({"proof": chosen} if chosen else {})}


def sign_in(browser: Browser, device: Authenticator) -> TestResponse:
    """Prove the passkey on the page where the browser is."""
    assert browser.page is not None
    form = PasskeyForm(browser.client, browser.page)
    return form.post(browser, device.get(form.options()))


def enrol(browser: Browser, device: Authenticator, name: str) -> TestResponse:
    """Add the device on the account's page; the browser has just proven enough."""
    page = browser.visit("/account/ways/passkey")
    form = PasskeyForm(browser.client, page)
    return form.post(browser, device.create(form.options()), label=name)
