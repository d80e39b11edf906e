"""Passkey sign-ins: the server's CPU for the options and for the answer."""

import statistics
from dataclasses import dataclass

from rich.table import Table

from idp.app import create_app
from tests.authenticator import Authenticator
from tests.driver import Browser, Portal, at, citizen
from tests.passkey_browser import PasskeyForm, enrol
from tests.performance.inside import Meter, running_provider

SCENARIO = "passkey"


@dataclass
class SignIn:
    """What one sign-in took, in milliseconds of CPU."""

    options_ms: float
    answer_ms: float


def measure(*, rounds: int) -> list[SignIn]:
    """Sign in at a portal by a passkey alone, `rounds` times."""
    with running_provider(throttle={}) as provider:
        app = create_app(provider=provider)
        meter = Meter(app)
        portal = Portal.register(provider, "bank", minimum_acr="urn:dinhdanh:acr:2.2")
        person = citizen(
            provider, account_level=2, state="active", factors=["pwd", "totp"]
        )
        device = Authenticator(origin=provider.config.issuer)
        browser = Browser(app.test_client())
        if at(browser.visit("/account/ways/passkey")) == "login":
            browser.sign_in(person)
        enrol(browser, device, "bench")
        return [_sign_in(app, meter, portal, device) for _ in range(rounds + 1)][1:]


def table(found: list[SignIn]) -> Table:
    """Return the medians."""
    shown = Table("scenario", title="Medians")
    for name in ("options CPU ms", "answer CPU ms"):
        shown.add_column(name, justify="right")
    shown.add_row(
        SCENARIO,
        f"{statistics.median(item.options_ms for item in found):.2f}",
        f"{statistics.median(item.answer_ms for item in found):.2f}",
    )
    return shown


def _sign_in(app, meter: Meter, portal: Portal, device: Authenticator) -> SignIn:
    browser = Browser(app.test_client())
    page = browser.visit(portal.url())
    form = PasskeyForm(browser.client, page)
    meter.seconds = 0.0
    options = form.options()
    asked = meter.seconds * 1000
    answer = device.get(options)
    data = {"csrf_token": form.token, "proof": form.proof, "credential": answer}
    meter.seconds = 0.0
    reply = browser.client.post(form.action, data=data)
    answered = meter.seconds * 1000
    assert reply.status_code == 303, reply.text[:500]
    return SignIn(asked, answered)
