"""Somebody who applies for an account in a browser without scripts."""

import io
import re
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from idp.factors.gateway import SandboxOutbox
from idp.provider import Provider
from idp.sandbox.newcomers import each_newcomer
from tests.driver import Browser, error_code

_TOKEN = r'csrf_token" value="([^"]*)"'


def newcomer(provider: Provider, story: str = "adult") -> dict[str, Any]:
    """Return somebody of the sandbox's registry who has no account."""
    return next(one for one in each_newcomer(provider) if one["story"] == story)


def details(person: dict[str, Any], **changes: str) -> dict[str, str]:
    """Return what this person types."""
    year, _, rest = person["birth_date"].partition("-")
    month, _, day = rest.partition("-")
    return {
        "personal_number": person["personal_number"],
        "name": person["name"],
        "year": year,
        "month": month,
        "day": day,
        "phone": person["phone"] or "",
        "email": "",
    } | changes


@dataclass
class Applying:
    """One application in one browser."""

    app: Flask
    provider: Provider
    source: str = "127.0.0.1"
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        client = self.app.test_client()
        client.environ_base["REMOTE_ADDR"] = self.source
        self.browser = Browser(client)

    @property
    def path(self) -> str:
        """Return the address of the application."""
        assert self.browser.page is not None
        return "/".join(self.browser.page.request.path.split("/")[:4])

    def begin(self, typed: dict[str, str]) -> TestResponse:
        """Type the details."""
        self.browser.visit("/enrol/details")
        return self.browser.submit(**typed)

    def code(self, phone: str) -> str:
        """Return the code of the newest message to a phone."""
        found = re.search(r"\b\d{6}\b", self.messages(phone)[0])
        assert found
        return found[0]

    def messages(self, phone: str) -> list[str]:
        """Return the texts that went to a phone, newest first."""
        self.provider.courier.wait()
        gateway = self.provider.messages
        assert isinstance(gateway, SandboxOutbox)
        return [message.text for message in gateway.list(phone)]

    def prove(self, phone: str) -> TestResponse:
        """Type the code that came."""
        return self.browser.submit(otp=self.code(phone))

    def finish(
        self, photo: str = "same", page: TestResponse | None = None, **fields: str
    ) -> TestResponse:
        """Agree, unless the fields say otherwise, and hand in a test photo."""
        shown = page or self.browser.page
        assert shown is not None
        token = re.search(_TOKEN, shown.text)
        picture = self.browser.client.get(f"/sandbox/face/{photo}.png").data
        data: dict[str, Any] = {
            "csrf_token": token[1] if token else "",
            "consent": "yes",
        } | fields
        if photo != "none":
            data["photo"] = (io.BytesIO(picture), "me.png")
        return self.browser.visit(f"{self.path}/submit", data=data)

    def apply(self, person: dict[str, Any], photo: str = "same") -> TestResponse:
        """Go the whole way."""
        typed = details(person)
        page = self.begin(typed)
        assert error_code(page) is None, page.text
        page = self.prove(typed["phone"])
        assert error_code(page) is None, page.text
        return self.finish(photo)


def receipt_in(page: TestResponse) -> str:
    """Return the receipt that a page shows."""
    found = re.search(r'class="code receipt">([0-9A-Z-]{14})<', page.text)
    assert found, page.text
    return found[1]
