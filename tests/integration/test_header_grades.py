"""Every GET of the provider is graded A+, whoever asks; a weakened header is not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from idp.headers import page_policy
from idp.oidc.endpoints import MACHINE_ENDPOINTS
from idp.provider import Provider
from idp.staff.officer import ROLES
from tests.driver import Browser, Portal, citizen
from tests.header_grades import grade, weaknesses
from tests.staff import sign_in_officer

BEYOND = ("/nowhere", "/assets/nothing.css", "/token", "/.well-known/nothing")


@pytest.fixture
def secure(bare_app: Flask, provider: Provider) -> Flask:
    """Return the application with a public https issuer and hosts below it."""
    from idp.app import connect

    server = replace(provider.config.server, hsts_subdomains=True)
    config = replace(provider.config, issuer="https://id.example", server=server)
    connect(bare_app, replace(provider, config=config))
    return bare_app


def addresses(app: Flask) -> Iterator[str]:
    """Yield an address of every route that answers GET."""
    fill = {"uuid": "7e1b8f4e-4f0e-4c39-9f5f-3d8d7b1d2a10", "int": "1"}
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            yield _filled(rule, fill)
    for endpoint in MACHINE_ENDPOINTS:
        yield endpoint.path
    yield from BEYOND


def _filled(rule: Rule, fill: dict[str, str]) -> str:
    text = rule.rule
    for name, converter in rule._converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower()
        for shape in (f"<{name}>", *(f"<{made}:{name}>" for made in (*fill, "path"))):
            text = text.replace(shape, fill.get(kind, "x"))
    return text


def reports(client: FlaskClient, paths: list[str]) -> dict[str, list[str]]:
    """Return why an address is not A+, for those that are not."""
    found = {}
    for path in paths:
        with client.get(path) as answered:
            weak = weaknesses(answered)
        if grade(weak) != "A+":
            found[path] = [f"{one.header}: {one.reason}" for one in weak]
    return found


def test_every_answer_is_graded_best(secure: Flask, provider: Provider) -> None:
    """Pages, errors, JSON and redirects: for anybody, a citizen and an officer."""
    paths = list(addresses(secure))
    strangers = secure.test_client()
    citizens, officers = (Browser(secure.test_client()) for _ in range(2))
    citizens.visit(Portal.register(provider, "tax").url())
    signed_in = citizens.sign_in(citizen(provider, account_level=2, factors=["pwd"]))
    assert signed_in.status_code == 200
    sign_in_officer(officers, provider, roles=ROLES)

    assert len(paths) > 100
    assert reports(strangers, paths) == {}
    assert reports(citizens.client, paths) == {}
    assert reports(officers.client, [one for one in paths if "/staff" in one]) == {}


def test_the_assets_of_a_page(secure: Flask) -> None:
    """Style, scripts and pictures may be kept, and no more than that."""
    client = secure.test_client()
    page = client.get("/").text
    assets = {part.split('"')[0] for part in page.split('href="/assets/')[1:]}

    assert assets
    assert reports(client, [f"/assets/{name}" for name in assets]) == {}


SOUND = page_policy(forms_to=(), connects_to=(), frames="")
WEAKENED = {
    "Content-Security-Policy": (
        None,
        *(
            SOUND.replace(before, after)
            for before, after in (
                ("default-src 'none'; ", ""),
                ("base-uri 'none'; ", ""),
                ("frame-ancestors 'none'; ", ""),
                ("frame-ancestors 'none'", "frame-ancestors *"),
                ("; form-action 'self'", ""),
                ("form-action 'self'", "form-action https:"),
                ("script-src 'self'", "script-src 'self' 'unsafe-inline'"),
                ("script-src 'self'", "script-src 'self' https://cdn.example"),
                ("style-src 'self'", "style-src 'self' 'unsafe-inline'"),
                ("trusted-types 'none'", "trusted-types default"),
            )
        ),
    ),
    "Strict-Transport-Security": (None, "max-age=300", "max-age=63072000"),
    "X-Content-Type-Options": (None,),
    "X-Frame-Options": (None, "SAMEORIGIN"),
    "Referrer-Policy": (None, "unsafe-url"),
    "Permissions-Policy": (None, "camera=()", "camera=*"),
    "Cross-Origin-Opener-Policy": (None, "unsafe-none"),
    "Cross-Origin-Resource-Policy": (None, "cross-origin"),
    "Cross-Origin-Embedder-Policy": (None, "unsafe-none"),
    "Cache-Control": (None, "public, max-age=60"),
    "Set-Cookie": (
        "__Host-a=1; Path=/; HttpOnly; SameSite=Lax",
        "__Host-a=1; Path=/; Secure; SameSite=Lax",
        "__Host-a=1; Path=/; Secure; HttpOnly",
        "__Host-a=1; Path=/; Secure; HttpOnly; SameSite=None",
        "a=1; Path=/; Secure; HttpOnly; SameSite=Lax",
    ),
    "Server": ("nginx/1.2",),
}


@pytest.fixture
def page(secure: Flask) -> TestResponse:
    """Return a page as it is."""
    return secure.test_client().get("/")


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WEAKENED.items() for value in values],
)
def test_a_weakened_header_costs_the_grade(
    page: TestResponse, name: str, value: str | None
) -> None:
    """Taken out or loosened, each by itself, and the report names it."""
    assert grade(weaknesses(page)) == "A+"
    page.headers.remove(name)
    if value is not None:
        page.headers[name] = value

    weak = weaknesses(page)
    assert value != SOUND
    assert grade(weak) != "A+"
    assert {one.header.lower() for one in weak} == {name.lower()}
