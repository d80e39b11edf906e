"""Browser clients of any origin may read what needs no cookie."""

import pytest

from tests.integration.token_side import authorize, post, redeem, register

ORIGIN = "https://spa.example"
OPEN = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/jwks.json",
    "/token",
    "/userinfo",
    "/revoke",
)


@pytest.mark.parametrize("path", OPEN)
def test_preflight(client, path):
    """The browser may go on, with the headers that these endpoints need."""
    response = client.options(
        path,
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )

    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    allowed = response.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "content-type"} <= set(allowed.split(", "))
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", OPEN)
def test_answers_are_readable_whether_good_or_bad(client, path):
    """An error that a script cannot read helps nobody."""
    for response in (client.get(path), client.post(path), client.put(path)):
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_browser_client_gets_its_tokens(client, provider):
    """A public client with PKCE, from its own page."""
    portal = register(provider, "none")
    made = authorize(provider, portal)

    response = post(client, "/token", portal, made.form(), Origin=ORIGIN)

    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    again = authorize(provider, portal)
    assert redeem(client, portal, again)


@pytest.mark.parametrize("path", ["/authorize", "/par", "/introspect", "/end_session"])
def test_the_others_are_closed_to_scripts(client, path):
    """What reads a cookie, or is for servers, is not read by scripts."""
    for response in (client.get(path), client.options(path)):
        assert "Access-Control-Allow-Origin" not in response.headers
