"""A portal that listens to security events, for tests (Shared Signals)."""

import json
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.signals import kinds
from tests.driver import SECRET, Browser, Portal, answer

GRANTS = ["authorization_code", "refresh_token", "client_credentials"]
SCOPES = "ssf.manage ssf.read"


class Streams:
    """A portal that speaks to our stream addresses with a token of its own."""

    def __init__(
        self, client: FlaskClient, name: str, scope: str = SCOPES, token: str = ""
    ) -> None:
        self._client = client
        if token:
            self.token = token
            return
        own = {"client_id": name, "client_secret": SECRET, "scope": scope}
        asked = {"grant_type": "client_credentials", **own}
        self.answer = client.post("/token", data=asked).get_json()
        self.token = self.answer.get("access_token", "")

    def call(self, method: str, path: str, body: Any = None) -> TestResponse:
        return self._client.open(
            f"/ssf/{path}",
            method=method,
            headers={"Authorization": f"Bearer {self.token}"},
            data=None if body is None else json.dumps(body),
            content_type=None if body is None else "application/json",
        )

    def create(self, **asked: Any) -> dict[str, Any]:
        made = self.call("POST", "stream", {"events_requested": ALL, **asked})
        assert made.status_code == 201, made.text
        return made.get_json()

    def poll(self, **asked: Any) -> dict[str, Any]:
        answered = self.call("POST", "poll", asked)
        assert answered.status_code == 200, answered.text
        return answered.get_json()


ALL = list(kinds.SUPPORTED)


def sign_in(client: FlaskClient, portal: Portal, person: dict) -> tuple[Browser, dict]:
    browser = Browser(client)
    browser.visit(portal.url())
    browser.sign_in(person)
    page = browser.submit(decision="allow")
    return browser, portal.redeem(client, answer(page)["code"])
