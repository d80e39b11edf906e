"""What strangers ask leaves nothing in the database, however often (CWE-400)."""

import pytest
import sqlalchemy as sa

from tests.driver import SECRET, Portal
from tests.integration.waiting_side import ask, kiosk_for
from tests.services import BACKENDS


def rows(provider):
    """Return how many rows each table has."""
    with provider.database.read() as connection:
        tables = sa.inspect(connection).get_table_names()
        counts = {
            name: sa.select(sa.func.count()).select_from(sa.table(name))
            for name in tables
        }
        return {name: connection.scalar(query) for name, query in counts.items()}


@pytest.mark.parametrize("backend", BACKENDS)
def test_requests_before_a_sign_in_write_no_row(client, provider):
    """Authorization, pushed and devices' requests live in the ephemeral store alone."""
    portal, kiosk = Portal.register(provider, "tax"), kiosk_for(provider)
    before = rows(provider)

    for _ in range(5):
        assert client.get(portal.url()).status_code == 303
        pushed = {**portal.parameters(), "client_secret": SECRET}
        assert client.post("/par", data=pushed).status_code == 201
        assert ask(client, kiosk).status_code == 200
        client.get("/forgotten")
        client.get("/activate")

    assert rows(provider) == before
