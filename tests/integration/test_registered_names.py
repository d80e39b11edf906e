"""Under which names portals register themselves (X6, CWE-1007)."""

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
