"""Which addresses may be registered, and which then match."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idp.relying_parties.record import redirect_uri_allowed
from idp.relying_parties.redirects import flaw, matches, origin_of
from tests.unit.relying_parties.parties import CALLBACK, party

LOOPBACK = "http://127.0.0.1:5000/back?x=1"


@pytest.mark.parametrize(
    "uri",
    [
        CALLBACK,
        "https://portal.example.vn",
        "https://portal.example.vn:8443/a/b?dummy1=lorem&dummy2=ipsum",
        "https://xn--cng-0na.example.vn/cb",
        "http://localhost:8001/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:9000/cb",
    ],
)
def test_sound_addresses_may_be_registered(uri):
    """Https anywhere, http on loopback, with their own port and query."""
    assert flaw(uri, native=False) is None


@pytest.mark.parametrize(
    "uri",
    [
        None,
        7,
        "",
        "/callback",
        "//portal.example.vn/cb",
        "portal.example.vn/cb",
        "https:/portal.example.vn/cb",
        "https:portal.example.vn",
        "https://",
        "https:///cb",
        "https://:443/cb",
        "https://portal.example.vn/cb#",
        "https://portal.example.vn/cb#part",
        "https://user@portal.example.vn/cb",
        "https://portal.example.vn@evil.example/cb",
        "https://@evil.example/cb",
        "https://*.example.vn/cb",
        "https://portal.example.vn/*",
        "https://portal.example.vn\\@evil.example/cb",
        "https://portal.example.vn/a b",
        "https://portal.example.vn/a\tb",
        "https://portal.example.vn/a\nb",
        "https://portal.example.vn/\x00",
        "https://portal.example.vn/<script>",
        'https://portal.example.vn/"',
        "https://portal.example.vn/%0d%0aSet-Cookie:x",
        "https://portal.example.vn/%zz",
        "https://portal.example.vn/%252f..",
        "https://portal.example.vn/a/../b",
        "https://portal.example.vn/a/%2E%2e/b",
        "https://portal.example.vn/..%2fb",
        "https://portal.example.vn/./b",
        "https://portal.example.vn:99999/cb",
        "https://portal.example.vn:port/cb",
        "https://Portal.example.vn/cb",
        "HTTPS://portal.example.vn/cb",
        "https://cổng.example.vn/cb",
        "https://portal..example.vn/cb",
        "https://portal.example.vn./cb",
        "https://-portal.example.vn/cb",
        "https://portal.example.vn/cb?code=1",
        "https://portal.example.vn/cb?a=1&state=",
        "https://portal.example.vn/cb?iss=https://evil.example",
        "http://portal.example.vn/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://localhost.evil.example/cb",
        "http://127.1/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "vn.example.app:/back",
        "https://portal.example.vn/" + "a" * 2000,
    ],
)
def test_flawed_addresses_are_refused(uri):
    """Whatever two parsers could read differently never gets in (anchors R1)."""
    assert flaw(uri, native=False) is not None


@pytest.mark.parametrize("uri", ["vn.example.app:/back", "vn.example.app://back"])
def test_native_apps_may_use_reverse_domain_schemes(uri):
    """A scheme of one's own is for native applications (RFC 8252 §7.1)."""
    assert flaw(uri, native=True) is None


@pytest.mark.parametrize(
    "uri", ["myapp:/back", "javascript:alert(1)", "data:,x", "vn.example.app:back"]
)
def test_native_apps_may_not_use_other_schemes(uri):
    """A scheme without a dot belongs to nobody."""
    assert flaw(uri, native=True) is not None


@pytest.mark.parametrize(
    "asked",
    [
        CALLBACK + "/",
        CALLBACK + "?",
        CALLBACK + "?a=1",
        CALLBACK + "#",
        CALLBACK + "#_",
        CALLBACK + ".evil.example",
        CALLBACK + "/../x",
        CALLBACK + "%252f..",
        CALLBACK.upper(),
        CALLBACK.replace("portal.", "Portal."),
        CALLBACK.replace(".vn/", ".vn:443/"),
        CALLBACK.replace(".vn/", ".vn./"),
        CALLBACK.replace(".vn/", ".vn@evil.example/"),
        CALLBACK.replace(".vn/", ".vn\\@evil.example/"),
        CALLBACK.replace("https", "http"),
        " " + CALLBACK,
        CALLBACK + "\n",
        "javascript:alert(1)",
        "",
    ],
)
def test_only_the_registered_string_matches(asked):
    """A mutation of the registered address is another address (RFC 9700 §2.1)."""
    assert redirect_uri_allowed(party(), CALLBACK)
    assert not redirect_uri_allowed(party(), asked)


@pytest.mark.parametrize(
    ("asked", "is_allowed"),
    [
        ("http://127.0.0.1:5000/back?x=1", True),
        ("http://127.0.0.1:61234/back?x=1", True),
        ("http://127.0.0.1/back?x=1", True),
        ("http://127.0.0.1:0/back?x=1", False),
        ("http://127.0.0.1:65536/back?x=1", False),
        ("http://127.0.0.1:5000@evil.example/back?x=1", False),
        ("http://127.0.0.1:80@evil.example:5000/back?x=1", False),
        ("http://127.0.0.1.evil.example:5000/back?x=1", False),
        ("http://127.0.0.1:٥٠٠٠/back?x=1", False),
        ("http://localhost:5000/back?x=1", False),
        ("http://[::1]:5000/back?x=1", False),
        ("https://127.0.0.1:5000/back?x=1", False),
        ("http://127.0.0.1:5000/back", False),
        ("http://127.0.0.1:5000/back?x=1#f", False),
        ("http://127.0.0.1:5000/back?x=1\n", False),
    ],
)
def test_the_port_of_a_native_loopback_redirect_may_vary(asked, is_allowed):
    """Nothing but the port, on an IP address, for native clients (RFC 8252 §7.3)."""
    assert matches(LOOPBACK, asked, native=True) is is_allowed
    assert matches(LOOPBACK, asked, native=False) is (asked == LOOPBACK)


def test_localhost_redirects_do_not_vary():
    """Localhost is a name that can be made to point elsewhere."""
    registered, asked = "http://localhost:5000/back", "http://localhost:5001/back"

    assert not matches(registered, asked, native=True)


@given(st.text(), st.text(), st.booleans())
@example("http://127.0.0.1/a", "http://127.0.0.1:1/a", True)
def test_a_match_never_leaves_the_registered_address(registered, asked, native):
    """Whatever matches is the registered string, or differs in a loopback port."""
    if matches(registered, asked, native=native) and registered != asked:
        assert native
        assert asked.startswith(("http://127.0.0.1", "http://[::1]"))
        assert asked.partition("/back")[2] == registered.partition("/back")[2]


@given(
    st.sampled_from([CALLBACK, LOOPBACK]),
    st.integers(min_value=0),
    st.text(min_size=1, max_size=3),
    st.booleans(),
)
def test_an_insertion_is_another_address(registered, position, inserted, native):
    """Text put into a registered address matches only as digits of its port."""
    at = position % (len(registered) + 1)
    asked = registered[:at] + inserted + registered[at:]

    if matches(registered, asked, native=native):
        assert native
        assert registered == LOOPBACK
        assert inserted.isdigit()


def test_origins_leave_out_the_default_port():
    """A browser's Origin header has no default port (RFC 6454 §6.2)."""
    assert origin_of("https://a.vn:443/x") == "https://a.vn"
    assert origin_of("http://127.0.0.1:8001/x") == "http://127.0.0.1:8001"
    assert origin_of("vn.example.app:/x") is None
