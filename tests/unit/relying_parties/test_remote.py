"""Keys at an address: when they are fetched, and how long they serve."""

import threading

import pytest
from joserfc import jwk

from idp.config import RegistrationConfig
from idp.outbound import NoAnswerError
from idp.relying_parties.remote import RemoteKeys

LIMITS = RegistrationConfig(keys_max_age=600, keys_refresh_after=60, overlap=86_400)
PRIVATE = jwk.ECKey.generate_key("P-256", {"kid": "told"}).as_dict(private=True)


def public(kid):
    return jwk.ECKey.generate_key("P-256", {"kid": kid}).as_dict(private=False)


class Address:
    """An address whose keys a test changes, on a clock that it moves."""

    def __init__(self):
        self.shown, self.moment, self.fetched = {"keys": [public("one")]}, 0.0, 0
        self.keys = RemoteKeys("u", self.fetch, LIMITS, now=lambda: self.moment)

    def fetch(self, uri):
        assert uri == "u"
        self.fetched += 1
        if isinstance(self.shown, Exception):
            raise self.shown
        return self.shown

    def kids(self, kid=None):
        return [key.kid for key in self.keys.known(kid)]


@pytest.fixture
def address():
    return Address()


def test_keys_are_fetched_when_they_are_first_wanted(address):
    """And then remembered."""
    assert address.fetched == 0
    assert address.kids() == address.kids("one") == ["one"]
    assert address.fetched == 1


def test_old_keys_are_fetched_anew(address):
    """A key that was taken away stops in time."""
    address.kids()
    address.shown = {"keys": [public("two")]}
    address.moment = 599
    assert address.kids() == ["one"]

    address.moment = 600

    assert address.kids() == ["two"]


def test_an_unknown_kid_is_looked_for_at_most_once_in_a_while(address):
    """OIDC Core §10.1.1; a flood of invented kids does not flood the portal."""
    address.kids()
    address.shown = {"keys": [public("one"), public("two")]}

    address.moment = 59
    assert address.kids("two") == ["one"]
    address.moment = 60
    assert address.kids("two") == ["one", "two"]
    for number in range(50):
        address.kids(f"invented-{number}")

    assert address.fetched == 2


def test_known_keys_serve_while_the_address_is_down(address):
    """As long as replaced keys do, and no longer."""
    address.kids()
    address.shown = NoAnswerError("down")

    address.moment = 86_399
    assert address.kids() == ["one"]
    address.moment = 86_400
    assert address.kids() == []


def test_an_address_that_is_down_is_not_tried_all_the_time(address):
    """Each try may cost a thread its whole timeout."""
    address.shown = NoAnswerError("down")

    for _ in range(50):
        assert address.kids("one") == []

    assert address.fetched == 1


@pytest.mark.parametrize(
    "shown",
    [
        None,
        [],
        {},
        {"keys": {}},
        {"keys": ["x", 7, {}]},
        {"keys": [PRIVATE]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": [{"kty": "RSA", "n": "w" * 170 + "Q", "e": "AQAB"}]},
    ],
)
def test_what_cannot_serve_is_passed_over(address, shown):
    """RFC 7517 §5; a key that tells its private part proves nothing."""
    address.shown = shown

    assert address.kids() == []


def test_other_keys_of_the_set_serve(address):
    """A set may hold keys for others."""
    address.shown = {"keys": [{"kty": "new"}, PRIVATE, public("good")]}

    assert address.kids() == ["good"]


def test_parallel_requests_fetch_once(address):
    """Those who need the first answer wait for it together."""
    start, seen = threading.Barrier(20), []

    def ask():
        start.wait()
        seen.append(address.kids("one"))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [["one"]] * 20
    assert address.fetched == 1
