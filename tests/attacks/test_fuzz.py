"""Every address with arbitrary input: no 5xx, no stray redirect, no reflection.

The requests are made by schemathesis from the description that is shipped.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core import NotSet
from werkzeug.test import TestResponse

from idp.cli.context import CliContext
from idp.cli.openapi import group as openapi
from idp.config import Config
from idp.oidc.endpoints import MACHINE_ENDPOINTS
from idp.provider import Provider
from idp.relying_parties.metadata import PRE_AUTHORIZED
from tests.driver import SECRET, Browser, Portal, at, citizen
from tests.integration.registering import initial_token, registered
from tests.integration.ssf_side import GRANTS, Streams
from tests.integration.waiting_side import CIBA, DEVICE

SCOPE = "openid profile residence_credential"
MARK = "<img src=x onerror=fuzz>"
HOSTILE = (
    MARK, "https://evil.example/", "//evil.example", "\\\\evil.example", "\0",
    "\r\nX: 1", "../../etc/passwd", "{{7*7}}", "%00", "'; --", "[" * 500,
    '{"a":' * 50, "9" * 40, "-1", "NaN", "javascript:alert(1)", "null", "e30.e30.",
    "\u202e", "", "tax", "openid", "00000000-0000-4000-8000-000000000000",
)  # fmt: skip
MACHINES = {endpoint.path for endpoint in MACHINE_ENDPOINTS}
PROTOCOL = {*MACHINES, "/authorize", "/end_session"}
# Whoever ends the session reaches no page after it.
ENDS = ("sign-out", "/end", "/close", "/lock", "/erase", "/logout", "/account/places")


@pytest.fixture
def config(config: Config) -> Config:
    """Return the sandbox's configuration with everything switched on."""
    return replace(config, credentials=replace(config.credentials, enabled=True))


@pytest.fixture
def description(provider: Provider) -> dict[str, Any]:
    """Return what `idp openapi` prints."""
    cli = CliContext(None)
    vars(cli).update(config=provider.config)
    printed: dict[str, Any] = json.loads(CliRunner().invoke(openapi, obj=cli).output)
    return printed


@pytest.fixture
def portal(provider: Provider) -> Portal:
    """Return a portal that may do all that programs can."""
    grants = [*GRANTS, DEVICE, CIBA, PRE_AUTHORIZED]
    return Portal.register(
        provider,
        "tax",
        grant_types=grants,
        scope=f"{SCOPE} offline_access residence",
        resources=["https://tax.example/api"],
        backchannel_token_delivery_mode="poll",
    )


@dataclass
class Fuzz:
    """Who sends the requests, and what they have: proofs, and values that exist."""

    client: FlaskClient
    tokens: tuple[str, ...] = ("x",)
    values: tuple[str, ...] = ()

    @classmethod
    def of_portal(cls, browser: Browser, portal: Portal, provider: Provider) -> "Fuzz":
        told = portal.round(browser, scope=SCOPE)
        streams = Streams(browser.client, portal.client_id)
        own = registered(browser.client, initial_token(provider))
        tokens = (
            told["access_token"],
            streams.token,
            initial_token(provider, uses=1000),
            own["registration_access_token"],
        )
        assert all(tokens)
        known = (told["id_token"], own["client_id"], streams.create()["stream_id"])
        return cls(browser.client, tokens, (*tokens, *known))

    def send(self, operation: Any, examples: int) -> None:
        """Send so many requests to one operation, and hold what is always true."""

        @settings(
            max_examples=examples,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(data=st.data())
        def send(data: st.DataObject) -> None:
            check(self._open(data.draw(operation.as_strategy()), data))

        send()

    def _open(self, case: Case, data: st.DataObject) -> TestResponse:
        sent: dict[str, Any] = {"query_string": self._hostile(case.query, data)}
        if isinstance(case.body, NotSet):
            pass
        elif case.media_type == "application/json":
            sent["json"] = case.body
        else:
            is_portal = case.path in MACHINES and data.draw(st.booleans())
            proof = {"client_id": "tax", "client_secret": SECRET} if is_portal else {}
            sent["data"] = self._hostile(case.body, data) | proof
        token = data.draw(st.none() | st.sampled_from(self.tokens))
        return self.client.open(
            case.formatted_path,
            method=case.method,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            **sent,
        )

    def _hostile(self, members: Any, data: st.DataObject) -> dict[str, str]:
        """Return the members, some replaced by what exists or has broken others."""
        either = st.none() | st.sampled_from((*HOSTILE, *self.values))
        replaced = {name: data.draw(either) for name in members or {}}
        return {
            name: str(value) if replaced[name] is None else replaced[name]
            for name, value in (members or {}).items()
        }


@pytest.fixture
def browser(app: Flask, provider: Provider, portal: Portal) -> Browser:
    """Return a browser where somebody is signed in: most code is reached."""
    return signed_in(Browser(app.test_client()), provider, portal)


def signed_in(browser: Browser, provider: Provider, portal: Portal) -> Browser:
    browser.visit(portal.url(prompt="login", scope=SCOPE))
    browser.sign_in(citizen(provider, account_level=2, factors=["pwd", "totp"]))
    if at(browser.page) == "consent":
        browser.submit(decision="allow")
    return browser


def operations(description: dict[str, Any]) -> Iterator[Any]:
    for found in schemathesis.openapi.from_dict(description).get_all_operations():
        yield found.ok()


def check(answered: TestResponse) -> None:
    """Hold what must be true of every answer, whatever was asked."""
    assert answered.status_code < 500, answered.text
    assert "X" not in answered.headers
    location = answered.headers.get("Location")
    if location:
        host = urlsplit(location.replace("\\", "/")).netloc
        assert host in ("", "localhost:8000", "tax.example"), location
    if answered.mimetype == "text/html":
        assert MARK not in answered.text


def test_the_description_has_every_route(description, bare_app: Flask) -> None:
    """Each route with its methods, and nothing that is none; machines' forms too."""
    described = {
        (path.split("{")[0], method.upper())
        for path, item in description["paths"].items()
        for method in item
    }
    routed = {
        (rule.rule.split("<")[0], method)
        for rule in bare_app.url_map.iter_rules()
        for method in rule.methods
    } | {(one.path, method) for one in MACHINE_ENDPOINTS for method in one.methods}

    unsaid = {(path, name) for path, name in routed if name in ("HEAD", "OPTIONS")}
    assert described == routed - unsaid
    posts = (item["post"] for item in description["paths"].values() if "post" in item)
    assert all("requestBody" in post for post in posts)
    assert description["paths"]["/token"]["post"]["requestBody"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_protocol(
    description, browser: Browser, portal: Portal, provider: Provider
) -> None:
    """What programs call, and the two addresses to which portals send browsers."""
    fuzz = Fuzz.of_portal(browser, portal, provider)
    for operation in operations(description):
        if operation.path in PROTOCOL:
            fuzz.send(operation, 20)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pages(
    description, browser: Browser, provider: Provider, portal: Portal, monkeypatch
) -> None:
    """Each page and form, in a browser that was shown them all."""
    monkeypatch.setattr("idp.web.csrf.check", lambda *args, **kwargs: None)
    for operation in operations(description):
        if operation.path in PROTOCOL or any(end in operation.path for end in ENDS):
            continue
        if browser.client.get("/account").status_code != 200:
            signed_in(browser, provider, portal)
        Fuzz(browser.client).send(operation, 2)
