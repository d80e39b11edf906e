"""The leaders' figures with as many accounts as there are: page, report, command."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import sqlalchemy as sa
from click.testing import CliRunner

from idp.accounts.models import Account
from idp.app import create_app
from idp.cli import main
from idp.provider import Provider
from tests.driver import Browser
from tests.staff import sign_in_officer
from tests.statements import noted_statements

_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Look:
    """What it takes to see the figures of so many accounts."""

    accounts: int
    first_ms: float
    page_ms: float
    statements: int
    command_seconds: float


def look(provider: Provider, settings: Path) -> Look:
    """See the page as a leader, the first time and again, and run `idp stats`."""
    with provider.database.read() as connection:
        accounts = connection.scalar(sa.select(sa.func.count(Account.id))) or 0
    browser = Browser(create_app(provider=provider).test_client())
    sign_in_officer(browser, provider, roles=("leader",))
    took = []
    for _ in range(1 + _LOOKS):
        began = perf_counter()
        with noted_statements() as statements:
            page = browser.visit("/staff/figures")
        took.append(1000 * (perf_counter() - began))
        if page.status_code != 200:
            raise RuntimeError(f"the page of figures answers {page.status_code}")
    began = perf_counter()
    told = CliRunner().invoke(main, ["--config", str(settings), "stats", "--json"])
    seconds = perf_counter() - began
    if told.exit_code:
        raise RuntimeError(told.output)
    return Look(
        accounts=accounts,
        first_ms=took[0],
        page_ms=median(took[1:]),
        statements=len(statements),
        command_seconds=seconds,
    )
