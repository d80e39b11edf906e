"""Who may speak to the agent, and what everyone else gets: a page, and nothing done."""

import re
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from clients.reader.agent.app import create_app
from clients.reader.agent.doors import Doors, parse_issuer
from tests.unit.reader.agent.scripted import (
    OPENED,
    SELECT,
    ScriptedProvider,
    ScriptedReader,
    wait_until_over,
)

PORT = 8004
OWN = f"http://127.0.0.1:{PORT}"
START = {"start_token": "t" * 22}


@pytest.fixture
def provider():
    """Run a provider that says what the test tells it to."""
    with ScriptedProvider() as running:
        yield running


@pytest.fixture
def reader():
    """Return a reader with a card on it."""
    return ScriptedReader()


@pytest.fixture
def app(provider, reader):
    """Return the agent that works for that provider, and for one more."""
    issuers = (provider.issuer, "https://id.example.test")
    return create_app(Doors(PORT, issuers), reader)


class Browser(FlaskClient):
    """A browser on the agent's computer, which calls the agent by its address."""

    host = f"127.0.0.1:{PORT}"

    def open(self, *args, **kwargs):
        """Send the request under that name."""
        return super().open(*args, base_url=f"http://{self.host}", **kwargs)


@pytest.fixture
def browser(app):
    """Return such a browser."""
    app.test_client_class = Browser
    return app.test_client()


def begin(browser, provider, **form):
    """Start a reading as the provider's page does; return its page's address."""
    provider.says(OPENED)
    headers = {"Origin": provider.issuer}
    answer = browser.post("/start", data={**START, **form}, headers=headers)
    assert answer.status_code == 303
    return urlsplit(answer.location).path


def answer(browser, page, decision, *, origin=OWN, csrf=None, **form):
    """Press a button on the agent's page."""
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get(page).text)[1]
    return browser.post(
        page,
        data={"csrf": csrf or token, "decision": decision, **form},
        headers={"Origin": origin} if origin else {},
    )


def reading(app, page):
    """Return the reading behind a page."""
    return app.extensions["agent"].readings.find(page.rpartition("/")[2])


FOREIGN = [
    "null",
    "https://evil.example",
    "{issuer}.evil.example",
    "{issuer}/",
    "{issuer}:80",
    "{issuer} https://evil.example",
    "HTTP://{host}",
    "https://{host}",
    OWN,
    "",
    None,
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_start_comes_from_a_known_provider(browser, provider, reader, origin):
    """Anything but the exact origin is refused, and no provider is asked."""
    if origin is not None:
        host = urlsplit(provider.issuer).netloc
        origin = origin.format(issuer=provider.issuer, host=host)
    headers = {} if origin is None else {"Origin": origin}

    refused = browser.post("/start", data=START, headers=headers)

    assert refused.status_code == 403
    assert provider.requests == []
    assert reader.sent == []


def test_two_origins_are_none(browser, provider):
    """A header that comes twice says nothing that can be believed."""
    headers = [("Origin", provider.issuer), ("Origin", provider.issuer)]

    assert browser.post("/start", data=START, headers=headers).status_code == 403
    assert provider.requests == []


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost:8004", "127.0.0.1", "127.0.0.1:8005", "127.1:8004"],
)
@pytest.mark.parametrize("path", ["/", "/status", "/start", "/reading/x"])
def test_another_name_is_refused(browser, provider, host, path):
    """A name that someone bound to 127.0.0.1 opens nothing."""
    browser.host = host
    headers = {"Origin": provider.issuer}
    send = browser.post if path == "/start" else browser.get

    refused = send(
        path, headers=headers, **({"data": START} if path == "/start" else {})
    )

    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert provider.requests == []


def test_a_get_starts_nothing(browser, provider):
    """A link or an image cannot begin a reading."""
    refused = browser.get("/start", headers={"Origin": provider.issuer})

    assert refused.status_code == 405
    assert provider.requests == []


@pytest.mark.parametrize("token", ["", "short", "t" * 513, "t" * 20 + "/../", None])
def test_a_start_token_is_one(browser, provider, token):
    """What cannot be a token is not passed on."""
    data = {} if token is None else {"start_token": token}

    refused = browser.post("/start", data=data, headers={"Origin": provider.issuer})

    assert refused.status_code == 400
    assert provider.requests == []


def test_who_asks_is_what_the_provider_says(browser, provider):
    """The page shows the registered name and domain, and what is read and what not."""
    page = browser.get(begin(browser, provider, lang="en"))

    assert "Sông Xanh" in page.text
    assert "bank.example.test" in page.text
    assert urlsplit(provider.issuer).netloc in page.text
    read, not_read = page.text.split("What is not read")
    assert "portrait" not in read
    assert "portrait" in not_read


def test_nothing_is_read_before_the_click(browser, provider, reader):
    """The question alone touches no card."""
    browser.get(begin(browser, provider))

    assert len(provider.requests) == 1
    assert reader.sent == []


def test_allow_reads_and_leads_back(app, browser, provider, reader):
    """The batches pass, and the browser gets the way back to that provider."""
    page = begin(browser, provider)
    provider.says((200, {"seq": 1, "apdus": [SELECT]}), provider.done())

    assert answer(browser, page, "allow").status_code == 303
    wait_until_over(reading(app, page))

    assert reader.sent == [bytes.fromhex(SELECT)]
    assert reader.is_released
    back = f'content="0; url={provider.issuer}/chip/return?code=c"'
    assert back in browser.get(page).text


def test_allow_counts_once(app, browser, provider, reader):
    """A second press does not begin a second conversation."""
    page = begin(browser, provider)
    token = re.search(r'name="csrf" value="([^"]+)"', browser.get(page).text)[1]
    provider.says((200, {"seq": 1, "apdus": [SELECT]}), provider.done())

    for _ in range(2):
        data = {"csrf": token, "decision": "allow"}
        browser.post(page, data=data, headers={"Origin": OWN})
        wait_until_over(reading(app, page))

    assert len(reader.sent) == 1
    assert len(provider.requests) == 3


def test_cancel_tells_the_provider(app, browser, provider, reader):
    """No card is touched and the browser is led back."""
    page = begin(browser, provider)
    provider.says(provider.done())

    answer(browser, page, "cancel")

    assert provider.payloads[-1]["cancelled"] == "user"
    assert reading(app, page).return_url
    assert reader.sent == []


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "{issuer}", None])
def test_the_click_is_on_our_own_page(browser, provider, reader, origin):
    """Not even the provider can press Allow."""
    page = begin(browser, provider)
    origin = origin and origin.format(issuer=provider.issuer)

    assert answer(browser, page, "allow", origin=origin).status_code == 403
    assert reader.sent == []


def test_the_click_carries_the_pages_token(browser, provider, reader):
    """A form made elsewhere does not have it."""
    page = begin(browser, provider)

    assert answer(browser, page, "allow", csrf="x" * 32).status_code == 403
    assert reader.sent == []


def test_an_unknown_answer_does_nothing(app, browser, provider):
    """Neither allow nor cancel leaves the question open."""
    page = begin(browser, provider)

    answer(browser, page, "maybe")

    assert reading(app, page).status == ("asked", "")


@pytest.mark.parametrize("choice", ["", "999", "../1"])
def test_a_sandbox_card_must_be_one_of_the_folder(provider, choice):
    """With the virtual reader a card is chosen first."""
    reader = ScriptedReader(cards=[("001", "Phạm Thị An")])
    app = create_app(Doors(PORT, (provider.issuer,)), reader)
    app.test_client_class = Browser
    browser = app.test_client()
    page = begin(browser, provider)

    again = answer(browser, page, "allow", card=choice)

    assert "problem=card" in again.location
    assert 'role="alert"' in browser.get(again.location).text
    assert reading(app, page).status == ("asked", "")


def test_an_unknown_reading_is_over(browser):
    """A name that nobody was given shows and does nothing."""
    for send in (browser.get, browser.post):
        assert send("/reading/x").status_code == 404
    assert browser.get("/reading/x/state").status_code == 404


@pytest.mark.parametrize(("answered", "status"), [((400, {"error": "used"}), 502)])
def test_a_refused_start_is_explained(browser, provider, answered, status):
    """With a way back to the provider that sent the browser, and to no other."""
    provider.says(answered)

    page = browser.post("/start", data=START, headers={"Origin": provider.issuer})

    assert page.status_code == status
    assert f'href="{provider.issuer}/"' in page.text


@pytest.mark.parametrize("path", ["/", "/status", "/start", "/reading/x"])
def test_every_answer_is_closed_to_frames_and_scripts(browser, path):
    """The headers stand on refusals too."""
    headers = browser.get(path).headers
    policy = headers["Content-Security-Policy"]

    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"


def test_status_tells_a_provider_of_reader_and_card(browser, provider):
    """The page of an allowed origin may ask, and only it may read the answer."""
    answered = browser.get("/status", headers={"Origin": provider.issuer})

    assert answered.json == {
        "agent": "dinhdanh-reader",
        "version": "1",
        "virtual": False,
        "presence": "card",
    }
    assert answered.headers["Access-Control-Allow-Origin"] == provider.issuer
    assert answered.headers["Vary"] == "Origin"


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("origin", ["null", "https://evil.example", "*", None])
def test_status_tells_others_nothing(browser, method, origin):
    """A stranger's page cannot even learn that the agent runs."""
    headers = {"Origin": origin} if origin else {}

    refused = browser.open("/status", method=method, headers=headers)

    assert refused.status_code == 403
    assert refused.data == b""
    assert not [name for name, _ in refused.headers if "Access-Control" in name]


@pytest.mark.parametrize("network", ["Private", "Local"])
def test_preflights_of_the_local_network_are_answered(browser, provider, network):
    """Private Network Access and its successor ask before a page may come here."""
    asked = {
        "Origin": provider.issuer,
        "Access-Control-Request-Method": "GET",
        f"Access-Control-Request-{network}-Network": "true",
    }

    answered = browser.options("/status", headers=asked)

    assert answered.status_code == 204
    assert answered.headers[f"Access-Control-Allow-{network}-Network"] == "true"
    assert answered.headers["Access-Control-Allow-Methods"] == "GET"


def test_no_network_is_opened_unasked(browser, provider):
    """An ordinary preflight gets an ordinary answer."""
    answered = browser.options("/status", headers={"Origin": provider.issuer})

    assert not [name for name, _ in answered.headers if "Network" in name]


@pytest.mark.parametrize("asked", ["?lang=en", ""])
def test_the_language_is_the_browsers_or_the_one_asked_for(browser, asked):
    """A parameter stands before Accept-Language."""
    accepted = "vi" if asked else "en-GB,en;q=0.9"

    page = browser.get(f"/{asked}", headers={"Accept-Language": accepted})

    assert '<html lang="en">' in page.text


def test_a_language_given_at_the_start_stays(browser, provider):
    """The provider's page hands its language over."""
    page = begin(browser, provider, lang="en")

    assert '<html lang="en">' in browser.get(page).text
    assert '<html lang="vi">' in browser.get(f"{page}?lang=vi").text
    assert '<html lang="vi">' in browser.get(page).text


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://id.example.vn", "https://id.example.vn"),
        ("https://id.example.vn/", "https://id.example.vn"),
        ("https://id.example.vn:8443", "https://id.example.vn:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_a_provider_is_named_by_its_origin(text, origin):
    """As a browser would write it."""
    assert parse_issuer(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "id.example.vn",
        "http://id.example.vn",
        "https://id.example.vn/path",
        "https://id.example.vn?x",
        "https://user@id.example.vn",
        "https://ID.example.vn",
        "https://",
        "ftp://id.example.vn",
        "null",
        "*",
    ],
)
def test_anything_else_is_no_provider(text):
    """Plain http is for this computer alone."""
    with pytest.raises(ValueError, match=r"origin|https"):
        parse_issuer(text)
