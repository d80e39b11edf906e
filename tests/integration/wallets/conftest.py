"""What tests of wallets start from: credentials switched on, a wallet, its token."""

from dataclasses import replace

import pytest

from tests.integration.token_side import authorize, redeem, register
from tests.integration.wallets.asking import GRANT, SCOPES
from tests.wallet import Wallet


@pytest.fixture
def config(config):
    """Return the sandbox's configuration with credentials on, lists always new."""
    open_now = replace(config.credentials, enabled=True, list_cache=0)
    return replace(config, credentials=open_now)


@pytest.fixture
def wallet():
    """Return a wallet with a fresh key."""
    return Wallet()


@pytest.fixture
def portal(provider):
    """Return a registered wallet."""
    return register(
        provider,
        client_name="Ví thử nghiệm",
        scope=SCOPES,
        grant_types=["authorization_code", GRANT],
        authorization_details_types=["openid_credential", "residence_query"],
    )


@pytest.fixture
def token(client, provider, portal):
    """Return an access token by the authorization code flow."""
    made = authorize(provider, portal, scopes=SCOPES)
    return redeem(client, portal, made)["access_token"]
