"""Requests are told apart: by the proxy's id or one of ours, and counted by route."""

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import REGISTRY

from idp.app import create_app
from idp.provider import Provider
from tests.driver import Browser, Portal, citizen

OURS = re.compile(r"[0-9a-f]{32}")
TRACE = "0af7651916cd43dd8448eb211c80319c"
UUID = "6f1c2a9e-7d0b-4c55-9a57-0d7a5a1e6a11"
HEADER = "X-Request-ID"


def counted(name: str, **labels: str) -> float:
    """Return a number of this process, 0 before the first."""
    return REGISTRY.get_sample_value(name, labels) or 0


@pytest.fixture
def behind_proxy(provider: Provider) -> FlaskClient:
    """Return a client of a server whose proxy is this machine."""
    server = replace(provider.config.server, trusted_proxies=("127.0.0.1/32",))
    config = replace(provider.config, server=server)
    return create_app(provider=replace(provider, config=config)).test_client()


@pytest.mark.parametrize("path", ["/", "/jwks.json", "/nowhere", "/static/style.css"])
def test_each_answer_names_its_request(client: FlaskClient, path: str) -> None:
    """By an id of ours, whatever a stranger sends."""
    first, second = (
        client.get(path, headers={HEADER: TRACE}).headers[HEADER] for _ in range(2)
    )

    assert OURS.fullmatch(first)
    assert len({first, second, TRACE}) == 3


def test_the_proxy_names_it(behind_proxy: FlaskClient) -> None:
    """A trace id or a UUID; whatever else could carry a number, or a line of log."""
    for sent in (TRACE, UUID):
        assert behind_proxy.get("/", headers={HEADER: sent}).headers[HEADER] == sent
    for sent in ("999195000005", TRACE.upper(), f"{TRACE} x", "a" * 33, ""):
        made = behind_proxy.get("/", headers={HEADER: sent}).headers[HEADER]
        assert OURS.fullmatch(made)


def test_requests_are_counted_by_route(client: FlaskClient) -> None:
    """By the pattern: no address, no method and no status that somebody thinks up."""
    login = {"route": "/login/<transaction>", "status": "4xx"}
    unmatched = {"route": "unmatched", "status": "4xx"}
    before = [counted("dinhdanh_requests_total", **one) for one in (login, unmatched)]

    client.get("/login/999195000005")
    client.open("/999195000005", method="BREW")

    after = [counted("dinhdanh_requests_total", **one) for one in (login, unmatched)]
    assert after == [before[0] + 1, before[1] + 1]


def test_a_sign_in_is_counted(provider: Provider, app: Flask) -> None:
    """By its end, its newest factor and the kind of portal; tries by their outcome."""
    ends = {"outcome": "finished", "factor": "pwd", "portal": "confidential"}
    tries = {"factor": "password", "outcome": "wrong"}
    names = (("dinhdanh_sign_ins_total", ends), ("dinhdanh_proofs_total", tries))
    before = [counted(name, **labels) for name, labels in names]
    timed = counted("dinhdanh_proof_seconds_count", factor="password")
    person = citizen(provider, account_level=2, factors=["pwd"])
    portal, browser = Portal.register(provider, "tax"), Browser(app.test_client())

    browser.visit(portal.url())
    browser.submit(personal_number=person["personal_number"], password="wrong-Wrong1!")
    browser.sign_in(person)
    browser.submit(decision="allow")

    assert [counted(name, **labels) for name, labels in names] == [
        before[0] + 1,
        before[1] + 1,
    ]
    assert counted("dinhdanh_proof_seconds_count", factor="password") == timed + 2
