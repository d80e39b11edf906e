"""What others see of a relying party."""

import pytest

from tests.unit.relying_parties.parties import CALLBACK, party


def test_names_come_in_the_language_asked():
    """The translation where there is one, the untagged text otherwise."""
    portal = party(client_name="Portal", **{"client_name#vi": "Cổng"})

    assert str(portal.name) == "Portal"
    assert portal.name.in_language("vi") == "Cổng"
    assert portal.name.in_language("en") == "Portal"


def test_the_domain_is_where_the_answers_go():
    """The callback's host; a site there with its port; an app's sector."""
    site = "https://portal.example.vn:8443/x"
    assert party().domain == "portal.example.vn"
    assert party(client_uri=site).domain == "portal.example.vn:8443"
    grouped = party(client_uri="https://group.example.vn", sector="group.example.vn")
    assert grouped.domain == "group.example.vn"
    native = party(
        application_type="native",
        token_endpoint_auth_method="none",
        redirect_uris=["vn.example.app:/back"],
    )
    assert native.domain == native.sector == "vn.example.app"


@pytest.mark.parametrize("member", ["client_uri", "client_uri#vi", "client_uri#en"])
def test_a_site_elsewhere_is_not_the_domain(member):
    """CWE-451: people are told who gets their data, whatever is registered."""
    assert party(**{member: "https://other.example/"}).domain == "portal.example.vn"


def test_only_browser_clients_have_origins():
    """CORS is for public clients; a server needs none."""
    public = party(
        token_endpoint_auth_method="none",
        redirect_uris=[CALLBACK, "https://portal.example.vn/other"],
    )

    assert public.origins == {"https://portal.example.vn"}
    assert party().origins == frozenset()


def test_any_api_is_for_sandboxes():
    """Outside one, tokens are for registered APIs alone (RFC 8707 §3)."""
    api = "https://api.example/a"

    assert party().may_name(api)
    assert not party(allowed_resources=[]).may_name(api)
    assert not party(sandbox=False, scope="openid").may_name(api)
    real = party(sandbox=False, scope="openid", allowed_resources=[api])
    assert real.may_name(api)
    assert not real.may_name("https://api.example/b")
