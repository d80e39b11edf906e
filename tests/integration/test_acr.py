"""What a sign-in earned is what the portal is told: `acr`, `amr`, levels, minimum."""

import json

import pytest
from flask.testing import FlaskClient

from idp.provider import Provider
from tests.driver import Browser, Portal, answer, at, citizen

ACR = "urn:dinhdanh:acr:"


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "bank")


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def begin(
    provider: Provider,
    portal: Portal,
    browser: Browser,
    *,
    level: int,
    factors: list[str],
    **changes: str,
) -> dict[str, object]:
    """Sign in with consent and return the ID token's claims."""
    browser.visit(portal.url(**changes))
    browser.sign_in(citizen(provider, account_level=level, factors=factors))
    page = browser.submit(decision="allow")
    claims: dict[str, object] = portal.redeem(browser.client, answer(page)["code"])[
        "claims"
    ]
    return claims


def essential(*values: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": values}}})


@pytest.mark.parametrize(
    ("level", "factors", "acr", "amr"),
    [
        (1, ["pwd"], "1.1", ["pwd"]),
        (2, ["pwd"], "2.1", ["pwd"]),
        (2, ["pwd", "totp"], "2.2", ["pwd", "otp", "mfa"]),
    ],
)
def test_earned(
    provider: Provider,
    portal: Portal,
    browser: Browser,
    level: int,
    factors: list[str],
    acr: str,
    amr: list[str],
) -> None:
    """Without a wish the portal is told exactly what was earned."""
    claims = begin(provider, portal, browser, level=level, factors=factors)

    assert claims["acr"] == ACR + acr
    assert claims["amr"] == amr
    assert f"{claims['account_level']}.{claims['authentication_level']}" == acr
    assert portal.round(browser)["claims"]["acr"] == ACR + acr


@pytest.mark.parametrize(
    ("requested", "answered"),
    [
        ("LoA1", "LoA1"),
        ("LoA2 LoA1", "LoA2"),
        (f"{ACR}1.1 {ACR}2.2", f"{ACR}1.1"),
        (f"{ACR}2.4 {ACR}2.2", f"{ACR}2.2"),
        ("urn:elsewhere", f"{ACR}2.2"),
        ("1 2", f"{ACR}2.2"),
    ],
)
def test_answer(
    provider: Provider,
    portal: Portal,
    browser: Browser,
    requested: str,
    answered: str,
) -> None:
    """The first requested value that was earned, in the spelling asked for (K1)."""
    claims = begin(
        provider,
        portal,
        browser,
        level=2,
        factors=["pwd", "totp"],
        acr_values=requested,
    )

    assert claims["acr"] == answered
    assert (claims["account_level"], claims["authentication_level"]) == (2, 2)


def test_voluntary_out_of_reach(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """A level that the account cannot reach is answered with the lower truth."""
    claims = begin(
        provider, portal, browser, level=1, factors=["pwd"], acr_values=f"{ACR}2.2"
    )

    assert claims["acr"] == f"{ACR}1.1"


@pytest.mark.parametrize("wanted", [f"{ACR}2.2", "LoA2", "urn:elsewhere"])
def test_essential_out_of_reach(
    provider: Provider, portal: Portal, browser: Browser, wanted: str
) -> None:
    """An essential level out of reach is an error of its own."""
    browser.visit(portal.url(claims=essential(wanted), state="s"))
    page = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))

    told = answer(page)
    assert told["error"] == "unmet_authentication_requirements"
    assert (told["state"], told["iss"]) == ("s", "http://localhost:8000")


def test_essential_met(provider: Provider, portal: Portal, browser: Browser) -> None:
    """One of several essential values is enough, and is the answer."""
    claims = begin(
        provider,
        portal,
        browser,
        level=2,
        factors=["pwd", "totp"],
        claims=essential(f"{ACR}2.3", f"{ACR}2.1"),
    )

    assert claims["acr"] == f"{ACR}2.1"


@pytest.mark.parametrize("changes", [{}, {"acr_values": "LoA1"}])
def test_client_minimum(
    provider: Provider, browser: Browser, changes: dict[str, str]
) -> None:
    """A client's minimum holds though its request was stripped or changed (K2)."""
    strict = Portal.register(provider, "strict", minimum_acr=f"{ACR}2.2")
    browser.visit(strict.url(**changes))

    page = browser.sign_in(citizen(provider, account_level=2, factors=["pwd"]))

    assert answer(page)["error"] == "unmet_authentication_requirements"
    assert answer(browser.visit(strict.url(prompt="none", **changes)))["error"] == (
        "unmet_authentication_requirements"
    )


def test_default_acr_values(provider: Provider, browser: Browser) -> None:
    """The registered default_acr_values stand in for a request without a wish."""
    portal = Portal.register(provider, "tax", default_acr_values=["LoA1"])

    claims = begin(provider, portal, browser, level=1, factors=["pwd"])

    assert claims["acr"] == "LoA1"


def test_code_is_asked_whatever_the_level(
    provider: Provider, portal: Portal, browser: Browser
) -> None:
    """An enrolled TOTP is asked after the password though level 1 would do."""
    person = citizen(provider, factors=["pwd", "totp"])
    browser.visit(portal.url(acr_values="LoA1"))
    page = browser.submit(
        personal_number=person["personal_number"], password=person["password"]
    )
    assert at(page) == "otp"

    # Turning away from the question does not skip it (S4).
    told = answer(browser.visit(portal.url(prompt="none")))
    assert told["error"] == "login_required"
    assert at(browser.visit(portal.url())) == "otp"
    page = browser.submit(otp=browser.one_time_code(person))
    assert at(page) == "consent"
