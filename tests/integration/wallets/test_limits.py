"""How many credentials a token fetches and an account holds; what a list costs."""

from dataclasses import replace

import pytest

from clients.sdk.credentials import CredentialError
from idp.app import create_app
from tests.integration.token_side import (
    ISSUER,
    account_of,
    assert_refused,
    authorize,
    redeem,
)
from tests.integration.wallets.asking import (
    SCOPES,
    ask,
    fresh_nonce,
    issued,
    verified,
)
from tests.integration.wallets.test_ending import told
from tests.services import BACKENDS


def within(provider, **limits):
    """Return a client of the provider under other settings of credentials."""
    settings = replace(provider.config.credentials, **limits)
    config = replace(provider.config, credentials=settings)
    return create_app(provider=replace(provider, config=config)).test_client()


def test_a_token_fetches_so_many(provider, token, wallet):
    """Then another sign-in or refresh is needed; nothing is issued beyond."""
    client = within(provider, per_token=2)
    for _ in range(2):
        issued(client, token, wallet)

    proof = wallet.proof(audience=ISSUER, nonce=fresh_nonce(client))

    assert_refused(ask(client, token, proof), "credential_request_denied")


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_oldest_makes_room(provider, portal, token, wallet):
    """Of more than so many the oldest ends, whichever token fetched it."""
    client = within(provider, per_account=2)
    other = redeem(client, portal, authorize(provider, portal, scopes=SCOPES))

    first, second, third = (
        issued(client, one, wallet) for one in (token, token, other["access_token"])
    )

    with pytest.raises(CredentialError, match="taken back or is suspended"):
        verified(client, wallet, first, "name")
    assert verified(client, wallet, second, "name")
    assert verified(client, wallet, third, "name")


def test_a_list_is_signed_once(provider, token, wallet):
    """The very same bytes until they are old, whatever has happened since."""
    client = within(provider, list_cache=300)
    issued(client, token, wallet)
    before = client.get("/credentials/status?list=0")
    told(provider, account_of(provider), "card_held")

    after = client.get("/credentials/status?list=0")

    assert after.data == before.data
    left = int(after.headers["Cache-Control"].removeprefix("public, max-age="))
    assert 0 < left <= 300
    now = within(provider, list_cache=0).get("/credentials/status?list=0")
    assert now.data != before.data
