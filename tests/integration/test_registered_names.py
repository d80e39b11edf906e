"""Under which names and hosts portals register themselves (X6, CWE-1007)."""

from dataclasses import replace

import pytest

from idp.config import Config
from tests.integration.registering import initial_token, manage, post, registered
from tests.integration.token_side import assert_refused

OTHERS = {"redirect_uris": ["https://two.example/callback"]}


@pytest.fixture
def config(config: Config) -> Config:
    """Reserve a name."""
    limits = replace(config.registration, reserved_names=("Bộ Công an",))
    return replace(config, registration=limits)


@pytest.mark.parametrize(
    "members",
    [
        {"client_name": "BỘ CÔNG AN"},
        {"client_name": "Cổng của B0-C0ng-An"},
        {"client_name": "Cửa hàng", "client_name#en": "bo cong an"},
        {"client_name": "Hỗ trợ Định Danh"},
    ],
)
def test_a_reserved_name_is_not_for_the_taking(client, provider, members):
    """However it is written; the operator's own is always one."""
    response = post(client, initial_token(provider), **members)

    assert_refused(response, "invalid_client_metadata")


def test_an_operator_may_approve_a_reserved_name(client, provider):
    """The ministry's own portal."""
    token = initial_token(provider, client_name="Bộ Công an")

    assert registered(client, token)["client_name"] == "Bộ Công an"


def test_nobody_looks_like_another_portal(client, provider):
    """Neither at the registration nor by an update."""
    registered(client, initial_token(provider), client_name="Ngân hàng Sông Xanh")
    alike = {"client_name": "NGAN HANG S0NG XANH"}

    new = post(client, initial_token(provider), **alike, **OTHERS)
    answer = registered(client, initial_token(provider), **OTHERS)
    changed = manage(client, "PUT", answer, **alike, **OTHERS)

    assert_refused(new, "invalid_client_metadata")
    assert_refused(changed, "invalid_client_metadata")


def test_a_portal_keeps_its_own_name(client, provider):
    """One does not look like another to oneself."""
    name = {"client_name": "Ngân hàng Sông Xanh"}
    answer = registered(client, initial_token(provider), **name)

    assert manage(client, "PUT", answer, **name).status_code == 200


SITES = ["client_uri", "client_uri#vi", "client_uri#en"]


@pytest.mark.parametrize("member", SITES)
def test_a_site_elsewhere_is_not_for_the_taking(client, provider, member):
    """CWE-451: citizens would see another's host; neither at first nor by an update."""
    site = {member: "https://portal.example.vn/"}

    new = post(client, initial_token(provider), **site)
    answer = registered(client, initial_token(provider))
    changed = manage(client, "PUT", answer, **site)

    assert_refused(new, "invalid_client_metadata")
    assert_refused(changed, "invalid_client_metadata")


def test_a_site_of_ones_own_is_shown(client, provider):
    """On the host of the redirect URIs."""
    site = {"client_uri": "https://two.example/home"}

    answer = registered(client, initial_token(provider), **site, **OTHERS)

    assert answer["client_uri"] == site["client_uri"]


def test_an_approved_site_is_told_beside_the_host(client, provider):
    """The operator's word; who gets the data is shown all the same."""
    token = initial_token(provider, client_uri="https://portal.example.vn/")

    answer = registered(client, token, **OTHERS)

    assert answer["client_uri"] == "https://portal.example.vn/"
    party = provider.relying_parties.find(answer["client_id"])
    assert party.domain == "two.example"


class TestOnAPublicHost:
    """The provider has a host of its own."""

    @pytest.fixture
    def config(self, config: Config) -> Config:
        """Give it one."""
        return replace(config, issuer="https://id.example.vn")

    def test_the_providers_host_is_nobody_elses(self, client, provider):
        """Whatever port and path; approved is what an operator names as the sector."""
        ours = {"redirect_uris": ["https://id.example.vn:8443/callback"]}

        refused = post(client, initial_token(provider), **ours)
        mixed = {"redirect_uris": [*ours["redirect_uris"], *OTHERS["redirect_uris"]]}
        group = initial_token(provider, sector="group.example.vn")
        hidden = post(client, group, **mixed)
        approved = post(client, initial_token(provider, sector="id.example.vn"), **ours)

        assert_refused(refused, "invalid_client_metadata")
        assert_refused(hidden, "invalid_client_metadata")
        assert approved.status_code == 201
