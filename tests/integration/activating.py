"""A granted citizen, and a browser that activates the account."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from idp import clock
from idp.accounts.models import Account
from idp.provider import Provider
from tests.cards.people import AN
from tests.driver import Browser
from tests.integration.chip.people import Citizen, create_citizen
from tests.integration.way_back import NEW_PASSWORD, PHONE, Post, code_in

DIGITS = "493817"


def grant(provider: Provider, *, ago: timedelta = timedelta(0), **changes) -> Citizen:
    """Return a citizen whose account was granted so long ago, with nothing chosen."""
    citizen = create_citizen(
        provider,
        changes.pop("person", AN),
        **{"state": "granted", "phone": PHONE} | changes,
    )
    with provider.database.transaction() as session:
        granted = (
            clock.now() - ago if changes.get("state", "granted") == "granted" else None
        )
        session.execute(
            sa.update(Account)
            .where(Account.id == citizen.id)
            .values(password_hash=None, granted_at=granted)
        )
    return citizen


def another(number: str):
    """Return another person, of this number."""
    return replace(AN, number=number, given_name="Bình")


def state_of(provider: Provider, account_id: UUID) -> tuple[str, datetime | None, bool]:
    """Return state and moment of activation, and whether there is a password."""
    with provider.database.read() as connection:
        row = connection.execute(
            sa.select(Account.state, Account.activated_at, Account.password_hash).where(
                Account.id == account_id
            )
        ).one()
    return row.state, row.activated_at, row.password_hash is not None


@dataclass
class Activating:
    """A browser that activates."""

    browser: Browser
    post: Post

    @classmethod
    def open(cls, app: Flask, provider: Provider) -> "Activating":
        return cls(Browser(app.test_client()), Post(provider))

    @property
    def case(self) -> str:
        """Return the activation's address."""
        assert self.browser.page is not None
        return "/".join(self.browser.page.request.path.split("/")[:3])

    def begin(self, number: str, phone: str = PHONE) -> TestResponse:
        """Type number and phone."""
        self.browser.visit("/activate")
        return self.browser.submit(personal_number=number, phone=phone)

    def prove(self) -> TestResponse:
        """Type the code that came."""
        return self.browser.submit(otp=code_in(self.post.messages()[0]))

    def choose_password(self, password: str = NEW_PASSWORD) -> TestResponse:
        """Choose a password."""
        return self.browser.submit(password=password, again=password)

    def choose_passcode(self, digits: str = DIGITS) -> TestResponse:
        """Choose a passcode, which activates."""
        return self.browser.submit(passcode=digits, again=digits)

    def prepare(self, number: str) -> TestResponse:
        """Go as far as the last choice."""
        self.begin(number)
        self.prove()
        return self.choose_password()
