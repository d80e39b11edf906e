"""Fifty at a time at the registration endpoint (CWE-362, CWE-367): one wins."""

import threading

import pytest

from tests.integration.registering import initial_token, manage, post, registered
from tests.services import BACKENDS

RACERS = 50
pytestmark = pytest.mark.parametrize("backend", BACKENDS)


def statuses_of(app, ask):
    """Let all ask at the same moment, each by a client of its own; sort the answers."""
    statuses, start = [], threading.Barrier(RACERS)

    def race(number):
        start.wait()
        statuses.append(ask(app.test_client(), number).status_code)

    racers = [threading.Thread(target=race, args=(n,)) for n in range(RACERS)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    return sorted(statuses)


def test_one_registers_with_a_token_of_one_use(app, provider):
    """RFC 7591 §3: what one client was approved for."""
    token = initial_token(provider)

    def ask(client, number):
        uris = [f"https://racer-{number}.example/callback"]
        return post(client, token, redirect_uris=uris)

    assert statuses_of(app, ask) == [201] + [401] * (RACERS - 1)


def test_one_gets_a_sector(app, provider):
    """OIDC Core §8.1: each has a token of its own, and all want the same host."""
    tokens = [initial_token(provider) for _ in range(RACERS)]

    def ask(client, number):
        return post(client, tokens[number])

    assert statuses_of(app, ask) == [201] + [400] * (RACERS - 1)


def test_one_removes_a_client(app, client, provider):
    """RFC 7592 §2.3: afterwards the token is nothing."""
    answer = registered(client, initial_token(provider))

    def ask(client, number):
        return manage(client, "DELETE", answer)

    assert statuses_of(app, ask) == [204] + [401] * (RACERS - 1)
