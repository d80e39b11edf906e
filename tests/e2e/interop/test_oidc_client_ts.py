"""A browser's own program with oidc-client-ts signs in, renews and signs out."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.e2e.driving import finish
from tests.e2e.interop.listening import listening
from tests.e2e.people import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

HERE = Path(__file__).parent
LIBRARY = HERE / "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"


def answer(path: str) -> tuple[str, bytes]:
    """Serve the one page at each of its addresses, and the library."""
    if path.endswith(".js"):
        return "text/javascript", LIBRARY.read_bytes()
    return "text/html; charset=utf-8", (HERE / "page.html").read_bytes()


def test_public_client_in_the_browser(page, demo, citizens):
    """Code flow with PKCE, userinfo and a rotated refresh token, all across origins."""
    with listening(answer) as home:
        party = demo.register(
            redirect_uris=[f"{home}/callback"],
            post_logout_redirect_uris=[f"{home}/gone"],
            token_endpoint_auth_method="none",
            scope="openid profile offline_access",
            sector="browser.test",
        )
        settings = {"issuer": demo.issuer, "client_id": party["client_id"]}
        page.goto(f"{home}/#{urlencode(settings)}")
        page.wait_for_url(f"{demo.issuer}/**")
        finish(page, demo, told(citizens, "birth year"))

        learned = telling(page)
        assert learned.pop("name")
        assert learned == {"same": True, "renewed": True}

        page.goto(f"{home}/leave")
        page.wait_for_url(f"{home}/gone**")
        assert telling(page) == "bye"
        page.goto(f"{demo.issuer}/account")
        assert page.locator("[name=password]").count() == 1


def telling(page) -> Any:
    """Return what the program tells once it is done."""
    page.locator("#told:not(:empty)").wait_for()
    return json.loads(page.locator("#told").inner_text())
