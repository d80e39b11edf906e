"""What the demo registers is what any portal could register."""

import json
import stat

import pytest

from idp.demo.plan import PORTALS, DemoPlan
from idp.demo.portals import write_portal
from idp.relying_parties.metadata import validate


@pytest.fixture
def plan(tmp_path):
    """Return a plan in a folder of its own."""
    return DemoPlan(tmp_path, 9000, tls=False)


@pytest.mark.parametrize("name", PORTALS)
def test_metadata_is_valid_in_a_sandbox(plan, name):
    """The three are ordinary clients, each with a sector of its own."""
    metadata = write_portal(plan, name, {})

    document, policy = validate(metadata, sandbox=True)

    assert document["redirect_uris"] == [f"{plan.portals[name]}/callback"]
    assert policy["sector"].endswith(".test")
    assert policy["require_pkce"]


def test_sectors_differ(plan):
    """No two portals can compare their subjects."""
    sectors = {write_portal(plan, name, {})["sector"] for name in PORTALS}

    assert len(sectors) == len(PORTALS)


@pytest.mark.parametrize("name", PORTALS)
def test_credentials_are_kept(plan, name):
    """A second start registers the same secret or key."""
    first = write_portal(plan, name, {})

    assert write_portal(plan, name, {}) == first


def test_a_half_written_file_is_replaced(plan):
    """Settings that cannot be read are made anew."""
    write_portal(plan, "bank", {})
    settings = plan.portal_file("bank", "settings")
    settings.write_text('{"private_jwk": ')

    write_portal(plan, "bank", {})

    assert json.loads(settings.read_text())["private_jwk"]["kty"] == "EC"


def test_private_parts_stay_with_the_portal(plan):
    """The metadata has the public key only, and files are closed to others."""
    metadata = write_portal(plan, "bank", {})

    assert "d" not in metadata["jwks"]["keys"][0]
    mode = plan.portal_file("bank", "settings").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
