"""Locations of authorization details (RFC 9396 §2.2): registered APIs alone."""

import json

import pytest
from flask.testing import FlaskClient

from idp.provider import Provider
from tests.driver import Browser, Portal, answer
from tests.integration.test_authorization_details import API, QUERY, refresh, sign_in


@pytest.fixture
def browser(client: FlaskClient) -> Browser:
    return Browser(client)


def test_a_location_is_taken_back(provider: Provider, browser: Browser) -> None:
    """What is registered now decides, whatever was granted before (as by resource)."""
    kept, gone = "https://residence.example/api", "https://gone.example/api"

    def registered(*places: str) -> Portal:
        return Portal.register(
            provider,
            "tax",
            authorization_details_types=["residence_query"],
            allowed_resources=list(places),
        )

    query = {**API, "locations": [kept, gone]}
    portal = registered(kept, gone)
    tokens = sign_in(browser, portal, query, scope="openid offline_access")

    registered(kept)

    told = refresh(browser.client, portal, tokens["refresh_token"])
    assert told["error"] == "invalid_target"
    rest = refresh(browser.client, portal, tokens["refresh_token"], API)
    assert rest["authorization_details"] == [API]


@pytest.mark.parametrize(
    "location",
    ["https://other.example/api", "https://residence.example", "urn:example:api"],
)
def test_unregistered_locations(
    provider: Provider, browser: Browser, location: str
) -> None:
    """An API that `resource` may not name is no location either (§2.2, §5)."""
    portal = Portal.register(
        provider,
        "tax",
        scope="openid residence",
        authorization_details_types=["residence_query"],
        allowed_resources=API["locations"],
    )
    ours = provider.config.issuer

    def told(*locations: str) -> str:
        details = json.dumps([{**QUERY, "locations": locations}])
        page = browser.visit(portal.url(authorization_details=details, prompt="none"))
        return answer(page)["error"]

    assert told(*API["locations"], location) == "invalid_authorization_details"
    assert told(*API["locations"], ours) == "login_required"
