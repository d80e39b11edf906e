"""How many organisations, members and officers one account may ask for in a day."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from idp.config import Config
from idp.provider import Provider
from tests.driver import error_code
from tests.integration.acting import LEGAL, NOBODY, TAX_CODE, organisation, press
from tests.integration.test_acting_for_organisations import apply, open_page
from tests.integration.test_staff_people import Officer
from tests.staff import any_number, unit_named

MOST = 2


@pytest.fixture
def config(config: Config) -> Config:
    """Return settings with low limits."""
    throttle = replace(
        config.throttle,
        organisations_per_account_a_day=MOST,
        members_per_account_a_day=MOST,
        officers_per_administrator_a_day=MOST,
    )
    return replace(config, throttle=throttle)


def refusals(ask: Callable[[str], TestResponse], *values: str) -> list[str | None]:
    """Use the day up, then return what each of these values is told."""
    for _ in range(MOST):
        assert error_code(ask(values[-1])) != "DD-AUTH-002"
    return [error_code(ask(value)) for value in values]


def test_organisations(app: Flask, provider: Provider) -> None:
    """A code that the register knows, one that it does not: the same answer."""
    browser = open_page(app, provider, NOBODY)
    codes = (TAX_CODE, "9990000002", "9990000099")

    told = refusals(lambda code: apply(browser, tax_code=code), *codes)

    assert told == ["DD-AUTH-002"] * 3


def test_members(app: Flask, provider: Provider) -> None:
    """Numbers with an account, without one, and one that is listed already."""
    legal = open_page(app, provider, LEGAL)
    address = f"/account/organisations/{organisation(provider)}"

    def ask(number: str) -> TestResponse:
        legal.visit(address)
        return press(legal, "/invite", personal_number=number, role="member")

    assert refusals(ask, NOBODY, LEGAL, "999150000099") == ["DD-AUTH-002"] * 3


def test_officers(app: Flask, provider: Provider) -> None:
    """A number that is an officer's and one that is not; another one may still ask."""
    first = Officer(app, provider, "administrator", name="First")
    second = Officer(app, provider, "administrator", name="Second")
    unit, known = unit_named(provider), any_number()

    def ask(number: str) -> TestResponse:
        return first.invite(unit, "leader", number=number)

    assert refusals(ask, any_number(), known) == ["DD-AUTH-002"] * 2
    page = second.invite(unit, "leader", number=any_number())
    assert error_code(page) is None
