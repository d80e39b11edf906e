"""A citizen with every contact, and a browser that goes the way back in."""

import io
import re
from dataclasses import dataclass
from typing import Any

import pyotp
from flask import Flask
from werkzeug.test import TestResponse

from idp import clock
from idp.factors import recovery_codes, sms, totp
from idp.factors.gateway import SandboxOutbox
from idp.factors.mail import SandboxLetters
from idp.provider import Provider
from tests.cards.people import AN
from tests.driver import Browser
from tests.integration.chip.agent import show_card
from tests.integration.chip.people import (
    Citizen,
    chip_of,
    create_citizen,
    enrol,
    issue,
    trust,
)

PHONE, EMAIL = "+84500000931", "an.nguyen@dinhdanh.test"
NEW_PASSWORD = "thuyền giấy trôi qua cầu gỗ"


@dataclass
class Post:
    """What the sandbox kept instead of sending it."""

    provider: Provider

    def messages(self, phone: str = PHONE) -> list[str]:
        """Return the texts that went to a phone, newest first."""
        self.provider.courier.wait()
        gateway = self.provider.messages
        assert isinstance(gateway, SandboxOutbox)
        return [item.text for item in gateway.list(phone)]

    def letters(self, email: str = EMAIL) -> list[str]:
        """Return the texts that went to a mailbox, newest first."""
        self.provider.courier.wait()
        gateway = self.provider.mail
        assert isinstance(gateway, SandboxLetters)
        return [item.text for item in gateway.list(email)]

    def code(self) -> str:
        """Return the code of the newest letter."""
        return code_in(self.letters()[0])

    def link(self) -> str:
        """Return the path of the link in the newest letter."""
        found = re.search(r"http://localhost:8000(\S+)", self.letters()[0])
        assert found
        return found[1]


def code_in(text: str) -> str:
    """Return the six digits of a message."""
    found = re.search(r"\b\d{6}\b", text)
    assert found, text
    return found[0]


def prepare(provider: Provider, *, factors: tuple[str, ...] = (), **changes) -> Citizen:
    """Return a citizen with phone and mailbox, and these factors beside a password."""
    values = {"phone": PHONE, "email": EMAIL, "email_verified": True} | changes
    citizen = create_citizen(provider, AN, **values)
    now = clock.now()
    with provider.database.transaction() as session:
        stores = (session, provider.audit)
        if "sms" in factors:
            sms.enrol(*stores, citizen.id, now=now)
        if "totp" in factors:
            totp.enrol(*stores, provider.sealer, citizen.id, now=now, secret="A" * 32)
    if "chip" in factors:
        trust(provider)
        enrol(provider, citizen, issue())
    return citizen


def make_codes(provider: Provider, citizen: Citizen) -> tuple[str, ...]:
    """Return ten recovery codes of the citizen."""
    with provider.database.transaction() as session:
        return recovery_codes.make(
            session, provider.audit, provider.sealer, citizen.id, now=clock.now()
        )


def app_code(offset: int = 0) -> str:
    """Return a code of the citizen's authenticator app."""
    return pyotp.TOTP("A" * 32).at(clock.now(), counter_offset=offset)


@dataclass
class Returning:
    """A browser on the way back in."""

    browser: Browser
    post: Post

    @classmethod
    def open(cls, app: Flask, provider: Provider) -> "Returning":
        return cls(Browser(app.test_client()), Post(provider))

    @property
    def case(self) -> str:
        """Return the case's address."""
        assert self.browser.page is not None
        return "/".join(self.browser.page.request.path.split("/")[:3])

    def forget(self, number: str) -> TestResponse:
        """Type the number of a forgotten password."""
        self.browser.visit("/forgotten")
        return self.browser.submit(personal_number=number)

    def show_card(self, card: Any, number: str) -> TestResponse:
        """Begin with the card and show it."""
        self.browser.visit("/way-back")
        self.browser.submit()
        return show_card(self.browser, chip_of(card), number=number)

    def prove(self, way: str, proof: str) -> TestResponse:
        """Type a proof on its page."""
        self.browser.visit(f"{self.case}/prove/{way}")
        return self.browser.submit(proof=proof)

    def press(self, action: str, **typed: str) -> TestResponse:
        """Press the button of the form whose action ends so."""
        assert self.browser.page is not None
        pattern = rf'action="([^"]*{action})".*?csrf_token" value="([^"]*)"'
        found = re.search(pattern, self.browser.page.text, re.DOTALL)
        assert found, self.browser.page.text
        return self.browser.visit(found[1], data={"csrf_token": found[2], **typed})

    def show_face(self, kind: str) -> TestResponse:
        """Hand in one of the sandbox's test photos."""
        photo = self.browser.client.get(f"/sandbox/face/{kind}.png").data
        address = f"{self.case}/face"
        page = self.browser.visit(address)
        token = re.search(r'csrf_token" value="([^"]*)"', page.text)
        assert token, page.text
        data = {"csrf_token": token[1], "photo": (io.BytesIO(photo), "me.png")}
        return self.browser.visit(address, data=data)

    def choose_password(self, password: str = NEW_PASSWORD) -> TestResponse:
        """Set a new password."""
        self.browser.visit(f"{self.case}/password")
        return self.browser.submit(password=password, again=password)
