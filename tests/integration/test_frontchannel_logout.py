"""After signing out: what became of each portal (Front-Channel Logout 1.0)."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from idp.relying_parties.errors import InvalidMetadataError
from tests.driver import Browser, Portal, answer, at, citizen
from tests.listening_portal import listening
from tests.story import press

BYE = "https://tax.example/bye"
IN_FRAME = {"frontchannel_logout_uri": "https://tax.example/out?from=dd"}


@pytest.fixture
def browser(provider, client) -> Browser:
    """Return a browser that nobody signed in yet."""
    return Browser(client)


def reach(browser: Browser, portal: Portal, person=None) -> dict:
    browser.visit(portal.url())
    if person:
        browser.sign_in(person)
    page = browser.submit(decision="allow")
    return portal.redeem(browser.client, answer(page)["code"])


def end_session(browser: Browser, tokens: dict, **more: str):
    hint = {"id_token_hint": tokens["id_token"], **more}
    return browser.visit(f"/end_session?{urlencode(hint)}")


def test_the_page_asks_in_a_frame_and_says_what_it_cannot_see(
    provider, browser
) -> None:
    """`iss` and `sid` are added (§2); the frame's origin alone may be framed."""
    portal = Portal.register(provider, "tax", **IN_FRAME)
    tokens = reach(browser, portal, citizen(provider, account_level=2, factors=["pwd"]))

    page = end_session(browser, tokens, post_logout_redirect_uri=BYE, state="s")

    assert at(page) == "logged-out"
    address = page.text.partition('<iframe src="')[2].partition('"')[0]
    parts = urlsplit(address.replace("&amp;", "&"))
    assert (parts.netloc, parts.path) == ("tax.example", "/out")
    assert parse_qs(parts.query) == {
        "from": ["dd"],
        "iss": ["http://localhost:8000"],
        "sid": [tokens["claims"]["sid"]],
    }
    policy = page.headers["Content-Security-Policy"]
    assert "frame-src https://tax.example;" in policy
    assert "không biết chắc" in page.text
    assert f'<a href="{address}"' in page.text, "a link where cookies are kept back"
    assert f'href="{BYE}?state=s"' in page.text, "and the way back"


def test_the_page_goes_on_unless_the_citizen_stays(provider, browser) -> None:
    """RP-Initiated Logout §3, without scripts; with time to stay (WCAG 2.2, 2.2.1)."""
    portal = Portal.register(provider, "tax", **IN_FRAME)
    tokens = reach(browser, portal, citizen(provider, account_level=2, factors=["pwd"]))

    page = end_session(browser, tokens, post_logout_redirect_uri=BYE, state="s;ü")

    assert page.headers["Refresh"] == f"20; url={BYE}?state=s%3B%C3%BC"
    assert "Sau 20 giây" in page.text
    stay = page.text.partition("?stay=1")[0].rpartition('"')[2] + "?stay=1"
    stayed = browser.visit(stay)
    assert "Refresh" not in stayed.headers
    assert "Sau 20 giây" not in stayed.text
    assert f'href="{BYE}?state=' in stayed.text


def test_the_page_stays_where_nobody_asked_to_go_on(provider, browser) -> None:
    """Without an address, or with one that is not registered, it goes nowhere."""
    portal = Portal.register(provider, "tax", **IN_FRAME)
    person = citizen(provider, account_level=2, factors=["pwd"])

    assert "Refresh" not in end_session(browser, reach(browser, portal, person)).headers
    browser.visit(portal.url())
    browser.sign_in(person)
    tokens = portal.redeem(browser.client, answer(browser.page)["code"])
    elsewhere = {"post_logout_redirect_uri": "https://tax.example/elsewhere"}
    page = end_session(browser, tokens, **elsewhere)
    assert "Refresh" not in page.headers


def test_each_portal_has_its_own_state(provider, browser) -> None:
    """Confirmed, not answered yet, and never told: each as it is."""
    person = citizen(provider, account_level=2, factors=["pwd"])
    with listening() as good, listening() as bad:
        bad.answers.extend([500] * 9)
        heard = Portal.register(provider, "good", backchannel_logout_uri=good.uri)
        silent = Portal.register(provider, "bad", backchannel_logout_uri=bad.uri)
        deaf = Portal.register(provider, "deaf", client_uri="https://deaf.example/home")
        reach(browser, heard, person)
        reach(browser, silent)
        reach(browser, deaf)

        page = press(browser, "/account", "sign-out")

    assert at(page) == "logged-out"
    for name, sentence in {
        "good.example": "Cổng đã trả lời",
        "bad.example": "Cổng chưa trả lời",
        "deaf.example": "Hãy đăng xuất trên trang của cổng",
    }.items():
        row = page.text.partition(f">{name}<")[2].partition("</li>")[0]
        assert sentence in row
    assert 'href="https://deaf.example/home"' in page.text
    assert "frame-src" not in page.headers["Content-Security-Policy"]


def test_what_another_place_left_open_is_told(provider, client, app) -> None:
    """Ended from afar: no frame reaches there, and nothing is said to be out unseen."""
    person = citizen(provider, account_level=2, factors=["pwd"])
    there, here = Browser(client), Browser(app.test_client())
    with listening() as good:
        heard = Portal.register(provider, "good", backchannel_logout_uri=good.uri)
        reach(there, heard, person)
        reach(there, Portal.register(provider, "tax", **IN_FRAME))
        here.visit("/account")
        here.sign_in(person)
        page = press(here, "/account/places", other_place(here))

        assert len(good.heard(provider)) == 1
    assert at(page) == "account"
    for name, sentence in {
        "good.example": "Cổng đã trả lời",
        "tax.example": "Hãy đăng xuất trên thiết bị đó",
    }.items():
        row = page.text.partition(f">{name}<")[2].partition("</li>")[0]
        assert sentence in row
    assert "<iframe" not in page.text
    assert at(there.visit("/account")) == "login"
    assert at(here.visit("/account")) == "account"


def other_place(browser: Browser) -> str:
    """Return which action ends the place that is not this one."""
    rows = browser.visit("/account/places").text.split("<li>")
    row = next(row for row in rows if "/end" in row and 'class="tag good"' not in row)
    return row.partition("/account/places/")[2].partition("/end")[0]


def test_the_page_is_of_one_browser(provider, browser, app) -> None:
    """Another one reads no portal's name on it."""
    portal = Portal.register(provider, "tax", **IN_FRAME)
    tokens = reach(browser, portal, citizen(provider, account_level=2, factors=["pwd"]))
    page = end_session(browser, tokens)
    address = page.request.path

    other = Browser(app.test_client())
    other.visit("/account")

    assert "tax.example" in browser.visit(address).text
    for stranger in (other, Browser(app.test_client())):
        assert "tax.example" not in stranger.visit(address).text


@pytest.mark.parametrize(
    "uri",
    ["https://evil.example/out", "http://tax.example/out", "https://tax.example/#x", 7],
)
def test_other_addresses_are_not_registered(provider, uri) -> None:
    """§2: scheme, host and port of a redirect URI."""
    with pytest.raises(InvalidMetadataError, match="frontchannel_logout_uri"):
        Portal.register(provider, "tax", frontchannel_logout_uri=uri)


def test_discovery_says_so(client) -> None:
    """Both members of §3."""
    document = client.get("/.well-known/openid-configuration").get_json()
    assert document["frontchannel_logout_supported"] is True
    assert document["frontchannel_logout_session_supported"] is True
