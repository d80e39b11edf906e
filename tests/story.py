"""One whole story of a citizen: sign-ins, consent, tokens, withdrawal, signing out.

It touches every durable table, so that tests can look at what it leaves behind.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from idp import clock
from idp.accounts import identifiers, lifecycle
from idp.app import create_app
from idp.config import load_config
from idp.provider import Provider, build_provider
from tests.driver import SECRET, Browser, Portal, answer, at, citizen

SCOPES = (
    "openid profile email phone address personal_number residence household "
    "offline_access"
)
PURPOSES = [
    {"claim": name, "purpose": "To know your household", "legal_basis": "Art. 1"}
    for name in ("household", "household.members")
]


@dataclass
class Story:
    """The people and portals of a story, and the secrets that were typed."""

    app: Flask
    provider: Provider
    secrets: list[str] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)

    def tell(self) -> None:
        """Let it happen, through HTTP."""
        portal = Portal.register(
            self.provider, "clinic", scope=SCOPES, claims_policy=PURPOSES
        )
        for kind in ("totp", "sms"):
            self._sign_in_and_withdraw(portal, kind)
        self._lock_and_unlock(self.people[0])

    def sign_in(self, browser: Browser, person: dict[str, Any]) -> TestResponse:
        """Prove the password, and the code by app or message."""
        page = browser.submit(
            personal_number=person["personal_number"], password=person["password"]
        )
        if at(page) == "otp":
            code = self.code(browser, person)
            self.secrets.append(code)
            page = browser.submit(otp=code)
        return page

    def code(self, browser: Browser, person: dict[str, Any]) -> str:
        """Return a fresh code, from the app or the newest message."""
        if person["totp_secret"]:
            return browser.one_time_code(person)
        query = {"phone": person["phone"]}
        kept = browser.client.get("/sandbox/outbox.json", query_string=query).get_json()
        words = kept[0]["text"].replace(",", " ").split()
        return next(word for word in words if word.isdigit() and len(word) == 6)

    def _sign_in_and_withdraw(self, portal: Portal, kind: str) -> None:
        person = citizen(self.provider, state="active", factors=["pwd", kind])
        self.people.append(person)
        browser = Browser(self.app.test_client())
        browser.visit(portal.url(scope=SCOPES, login_hint=person["personal_number"]))
        browser.submit(
            personal_number=person["personal_number"], password="wrong-wrong-wrong"
        )
        self.sign_in(browser, person)
        page = browser.submit(decision="allow")
        tokens = portal.redeem(browser.client, answer(page)["code"])
        own = {"client_id": portal.client_id, "client_secret": SECRET}
        refreshed = browser.client.post(
            "/token",
            data={
                "grant_type": "refresh_token",
                "refresh_token": tokens["refresh_token"],
                **own,
            },
        ).get_json()
        headers = {"Authorization": f"Bearer {refreshed['access_token']}"}
        assert browser.client.get("/userinfo", headers=headers).status_code == 200
        self.secrets += [
            tokens["refresh_token"],
            refreshed["refresh_token"],
            refreshed["access_token"],
            *(cookie.value for cookie in cookies(browser)),
        ]
        revoked = {"token": refreshed["refresh_token"], **own}
        assert browser.client.post("/revoke", data=revoked).status_code == 200
        press(browser, "/account/permissions", "withdraw")
        press(browser, "/account", "sign-out")

    def _lock_and_unlock(self, person: dict[str, Any]) -> None:
        provider = self.provider
        with provider.database.read() as connection:
            account_id = identifiers.find_account_id(
                connection, provider.sealer, person["personal_number"]
            )
        assert account_id is not None
        change = {"ground": "holder_request", "asker": "holder", "now": clock.now()}
        for act in (lifecycle.place_lock, lifecycle.lift_lock):
            with provider.database.transaction() as session:
                act(session, provider.audit, account_id, **change)


def cookies(browser: Browser) -> list[Any]:
    """Return the cookies that prove something."""
    names = ("dd_session", "dd_browser", "dd_device")
    found = (browser.client.get_cookie(name) for name in names)
    return [cookie for cookie in found if cookie is not None]


def press(browser: Browser, path: str, action: str) -> TestResponse:
    """Press the button of the last form whose action has this word."""
    page = browser.visit(path)
    forms = page.text.split("<form ")[1:]
    form = next(form for form in reversed(forms) if action in form.split(">")[0])
    address = form.partition('action="')[2].partition('"')[0]
    token = form.partition('csrf_token" value="')[2].partition('"')[0]
    return browser.visit(address, data={"csrf_token": token})


def main() -> None:
    """Tell the story in a process of its own and print its secrets as JSON."""
    provider = build_provider(load_config(Path(os.environ["IDP_CONFIG"])))
    story = Story(create_app(provider=provider), provider)
    story.tell()
    print(json.dumps(story.secrets))


if __name__ == "__main__":
    main()
