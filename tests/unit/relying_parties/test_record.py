"""What others see of a relying party."""

from tests.unit.relying_parties.parties import CALLBACK, party


def test_names_come_in_the_language_asked():
    """The translation where there is one, the untagged text otherwise."""
    portal = party(client_name="Portal", **{"client_name#vi": "Cổng"})

    assert str(portal.name) == "Portal"
    assert portal.name.in_language("vi") == "Cổng"
    assert portal.name.in_language("en") == "Portal"


def test_the_domain_is_what_people_know():
    """The portal's own site before its callback; a native app's sector."""
    assert party().domain == "portal.example.vn"
    assert party(client_uri="https://www.example.vn/x").domain == "www.example.vn"
    native = party(
        application_type="native",
        token_endpoint_auth_method="none",
        redirect_uris=["vn.example.app:/back"],
    )
    assert native.domain == native.sector == "vn.example.app"


def test_only_browser_clients_have_origins():
    """CORS is for public clients; a server needs none."""
    public = party(
        token_endpoint_auth_method="none",
        redirect_uris=[CALLBACK, "https://portal.example.vn/other"],
    )

    assert public.origins == {"https://portal.example.vn"}
    assert party().origins == frozenset()
