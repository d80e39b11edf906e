"""Who fetched which key set: by network, by its own word, or nobody knows who."""

import pytest
from flask.testing import FlaskClient

from idp import clock
from idp.custody import records, standing
from idp.custody.standing import Standing
from idp.provider import Provider
from idp.relying_parties.errors import InvalidMetadataError
from tests.driver import Browser, Portal, answer, citizen
from tests.integration.token_side import userinfo

FAR, NEAR = "198.51.100.7", "203.0.113.9"


def fetch(client: FlaskClient, source: str, hint: str = "") -> None:
    query = {"client_id": hint} if hint else {}
    address = {"REMOTE_ADDR": source}
    answered = client.get("/jwks.json", query_string=query, environ_overrides=address)
    assert answered.status_code == 200


def standings(provider: Provider) -> dict[str, Standing]:
    """Return where every portal stands before the key that signs its ID tokens."""
    provider.sightings.flush()
    kid = provider.rings.jwks(clock.now())["keys"][0]["kid"]
    with provider.database.read() as connection:
        found = standing.of_key(
            provider.relying_parties.all(connection),
            records.fetches(connection, [kid]),
            records.returns(connection),
            kid=kid,
            signs_from=clock.now().replace(year=2020),
        )
    return {one.client_id: one for one in found}


def test_fetches_are_attributed_as_far_as_they_can_be(
    client: FlaskClient, provider: Provider
) -> None:
    """Registered networks prevail over a word; a word alone is told as one."""
    Portal.register(provider, "bank", egress_networks=["198.51.100.0/28"])
    Portal.register(provider, "tax")
    Portal.register(provider, "silent")

    fetch(client, FAR)
    fetch(client, NEAR, hint="bank")  # not from where the bank calls
    before = standings(provider)
    fetch(client, NEAR, hint="tax")
    fetch(client, NEAR, hint="nobody-knows")
    fetch(client, NEAR, hint="x" * 3000)

    after = standings(provider)
    assert [before[name].via for name in ("bank", "tax", "silent")] == [
        "network", None, None,
    ]  # fmt: skip
    assert [after[name].via for name in ("bank", "tax", "silent")] == [
        "network", "hint", None,
    ]  # fmt: skip
    assert all(one.has_since for one in after.values() if one.via)
    with provider.database.read() as connection:
        nobody = [one for one in records.fetches(connection, []) if not one.client_id]
    assert sum(one.count for one in nobody) == 3


def test_a_token_that_comes_back_is_another_evidence(
    client: FlaskClient, provider: Provider
) -> None:
    """Userinfo after a redeemed code: the portal took the ID token for a good one."""
    portal = Portal.register(provider, "bank")
    browser = Browser(client)
    browser.visit(portal.url())
    browser.sign_in(citizen(provider, factors=["pwd"], state="active"))
    page = browser.submit(decision="allow")
    tokens = portal.redeem(client, answer(page)["code"])
    assert standings(provider)["bank"].used_at is None

    userinfo(client, tokens["access_token"])

    bank = standings(provider)["bank"]
    assert (bank.used_at is not None, bank.via) == (True, None)


def test_only_a_portals_own_networks_are_registered(provider: Provider) -> None:
    """No host bits, and nothing so wide that it tells no portal from another."""
    for network in ("198.51.100.7/24", "10.0.0.0/8", "public", "2001:db8::/32", ""):
        with pytest.raises(InvalidMetadataError, match="egress_networks"):
            Portal.register(provider, "bank", egress_networks=[network])
