"""How often each endpoint goes to the database: budgets that must not grow."""

from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from idp import clock
from tests.integration.token_side import (
    authorize,
    post,
    redeem,
    refresh,
    register,
    userinfo,
)
from tests.services import BACKENDS
from tests.statements import noted_statements

pytestmark = pytest.mark.parametrize("backend", BACKENDS)
OFFLINE = "openid profile offline_access"
# PostgreSQL appends an audit event in two statements; SQLite, whose statements cost no
# round trip, cannot write in a CTE and takes three.
BUDGET = {"production": 5, "embedded": 6}
# Redeeming a code also writes the use into the history, in the same transaction.
REDEEMED = {name: count + 1 for name, count in BUDGET.items()}


class Counted:
    """What was sent to the database while counting."""

    def __init__(self):
        self.statements = []
        self.commits = 0


@contextmanager
def counting(provider, portal=None):
    """Count statements and commits of transactions (BEGIN and PRAGMA apart)."""
    counted = Counted()
    if portal is not None:
        provider.relying_parties.find(portal.client_id)  # remembered for some seconds
    provider.rings.jwks(
        clock.now()
    )  # keys are read again by the clock, not by requests
    provider.sealer.index("", context="")

    def committed(connection):
        counted.commits += 1

    sa.event.listen(sa.Engine, "commit", committed)
    try:
        with noted_statements() as counted.statements:
            yield counted
    finally:
        sa.event.remove(sa.Engine, "commit", committed)


@pytest.fixture
def portal(client, provider):
    """Return a client whose record is in memory already."""
    return register(provider, "private_key_jwt")


def test_token_without_offline_access_writes_the_use(client, provider, portal, backend):
    """One look-up of the grant, one row of the history of use."""
    made = authorize(provider, portal)

    with counting(provider, portal) as counted:
        redeem(client, portal, made)

    assert (len(counted.statements), counted.commits) == (2, 1), counted.statements


def test_token_with_offline_access_commits_once(client, provider, portal, backend):
    """The grant, the use, the refresh token, and its event."""
    made = authorize(provider, portal, scopes=OFFLINE)

    with counting(provider, portal) as counted:
        redeem(client, portal, made)

    assert len(counted.statements) <= REDEEMED[backend], counted.statements
    assert counted.commits == 1


def test_refresh_commits_once(client, provider, portal, backend):
    """Use, successor, event and the look at the grant."""
    tokens = redeem(client, portal, authorize(provider, portal, scopes=OFFLINE))

    with counting(provider, portal) as counted:
        assert refresh(client, portal, tokens["refresh_token"]).status_code == 200

    assert len(counted.statements) <= BUDGET[backend], counted.statements
    assert counted.commits == 1


def test_userinfo_reads_twice(client, provider, portal, backend):
    """The grant, and the person."""
    tokens = redeem(client, portal, authorize(provider, portal))

    with counting(provider, portal) as counted:
        assert userinfo(client, tokens["access_token"]).status_code == 200

    assert (len(counted.statements), counted.commits) == (2, 0), counted.statements


def test_userinfo_of_openid_alone_reads_once(client, provider, portal, backend):
    """Nothing of the person is read where nothing is asked."""
    made = authorize(provider, portal, scopes="openid")
    tokens = redeem(client, portal, made)

    with counting(provider, portal) as counted:
        assert userinfo(client, tokens["access_token"]).status_code == 200

    assert len(counted.statements) == 1, counted.statements


@pytest.mark.parametrize(("kind", "reads"), [("access_token", 1), ("refresh_token", 2)])
def test_introspection_reads(client, provider, portal, backend, kind, reads):
    """The grant, and the refresh token where it is one."""
    tokens = redeem(client, portal, authorize(provider, portal, scopes=OFFLINE))

    with counting(provider, portal) as counted:
        told = post(client, "/introspect", portal, {"token": tokens[kind]})

    assert told.get_json()["active"] is True
    assert (len(counted.statements), counted.commits) == (reads, 0), counted.statements


def test_revocation_commits_at_most_once(client, provider, portal, backend):
    """A token without refresh is revoked without the database."""
    online = redeem(client, portal, authorize(provider, portal))
    offline = redeem(client, portal, authorize(provider, portal, scopes=OFFLINE))

    with counting(provider, portal) as counted:
        post(client, "/revoke", portal, {"token": online["access_token"]})
    assert (len(counted.statements), counted.commits) == (0, 0), counted.statements
    with counting(provider, portal) as counted:
        post(client, "/revoke", portal, {"token": offline["access_token"]})
    assert len(counted.statements) <= BUDGET[backend], counted.statements
    assert counted.commits == 1


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks.json"])
def test_documents_read_nothing(client, provider, backend, path):
    """They are bytes in memory."""
    with counting(provider) as counted:
        assert client.get(path).status_code == 200

    assert counted.statements == []
