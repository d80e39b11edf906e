"""CL1 as the agent speaks it, and what it does not take from a provider."""

import pytest

from clients.reader.agent.errors import AnswerError, RefusedError, UnreachableError
from clients.reader.agent.link import MAX_ANSWER, ProviderLink
from tests.unit.reader.agent.scripted import (
    ATR,
    OPENED,
    SELECT,
    SESSION,
    ScriptedProvider,
)

TOKEN = "t" * 22


@pytest.fixture
def provider():
    """Run a provider that says what the test tells it to."""
    with ScriptedProvider() as running:
        yield running


@pytest.fixture
def link(provider):
    """Return a link whose session is open."""
    provider.says(OPENED)
    opened = ProviderLink(provider.issuer, now=lambda: 1_800_000_000.9)
    opened.open(TOKEN)
    return opened


def test_the_first_message_brings_the_key(provider, link):
    """A fresh key, the token, and what this agent can; to this provider, now."""
    [message], [request] = provider.messages, provider.requests
    header, payload = message.headers(), provider.payloads[0]

    assert request.path == "/chip/sessions"
    assert request.content_type == "application/jose"
    assert header["alg"] == "ES256"
    assert header["typ"] == "chip+jwt"
    assert header["jwk"]["crv"] == "P-256"
    assert "d" not in header["jwk"]
    assert payload == {
        "aud": provider.issuer,
        "iat": 1_800_000_000,
        "start_token": TOKEN,
        "agent": {"name": "dinhdanh-reader", "version": "1"},
        "extended_length": True,
        "max_batch": 64,
    }


def test_each_reading_has_a_key_of_its_own(provider, link):
    """Two readings cannot be told to be of one computer."""
    provider.says(OPENED)
    ProviderLink(provider.issuer).open(TOKEN)

    first, second = (message.headers()["jwk"] for message in provider.messages)
    assert first != second


def test_batches_count_upwards(provider, link):
    """Each message says which turn it is; later ones are signed without the key."""
    provider.says(
        (200, {"seq": 1, "apdus": [SELECT]}),
        (200, {"seq": 2, "apdus": [SELECT, SELECT]}),
        provider.done(),
    )

    first = link.begin(ATR)
    second = link.answer([b"\x90\x00"])
    last = link.answer([b"\x90\x00", b"\x6a\x82"])

    assert [len(turn.commands) for turn in (first, second)] == [1, 2]
    assert last.return_url == f"{provider.issuer}/chip/return?code=c"
    told = [
        {k: v for k, v in payload.items() if k not in ("aud", "iat")}
        for payload in provider.payloads[1:]
    ]
    assert told == [
        {"seq": 0, "atr": "3b80800101"},
        {"seq": 1, "rapdus": ["9000"]},
        {"seq": 2, "rapdus": ["9000", "6a82"]},
    ]
    assert {r.path for r in provider.requests[1:]} == {f"/chip/sessions/{SESSION}"}
    assert not any("jwk" in m.headers() for m in provider.messages[1:])


def test_cancel_says_why(provider, link):
    """The provider closes the session and says where to go."""
    provider.says(provider.done())

    url = link.cancel("no_card")

    assert url.startswith(provider.issuer)
    assert provider.payloads[-1]["cancelled"] == "no_card"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/chip/return?code=c",
        "{issuer}.evil.example/chip/return",
        "{issuer}@evil.example/",
        "{issuer}",
        "//evil.example/",
        "/chip/return",
        "javascript:alert(1)",
        "{issuer}/\\evil.example",
        "{issuer}/\r\nSet-Cookie: a=b",
        "{issuer}/a b",
        7,
        None,
    ],
)
def test_the_way_back_is_the_providers_own(provider, link, url):
    """Nobody is led anywhere but to the provider that asked."""
    if isinstance(url, str):
        url = url.format(issuer=provider.issuer)
    provider.says((200, {"done": True, "return_url": url}))

    with pytest.raises(AnswerError, match="way back"):
        link.begin(ATR)


@pytest.mark.parametrize(
    "answer",
    [
        {"seq": 2, "apdus": [SELECT]},
        {"seq": 0, "apdus": [SELECT]},
        {"apdus": [SELECT]},
        {"seq": 1},
        {"seq": 1, "apdus": []},
        {"seq": 1, "apdus": [SELECT] * 65},
        {"seq": 1, "apdus": ["not hex"]},
        {"seq": 1, "apdus": [7]},
        {"seq": 1, "apdus": SELECT},
        {"done": "yes"},
        [],
        "not json",
        "[" * 100_000,
        "x" * (MAX_ANSWER + 1),
    ],
    ids=lambda answer: str(answer)[:40],
)
def test_answers_out_of_line_end_the_reading(provider, link, answer):
    """Whatever is not CL1's next message is not acted on."""
    provider.says((200, answer))

    with pytest.raises(AnswerError):
        link.begin(ATR)


@pytest.mark.parametrize(
    "opened",
    [
        {**OPENED[1], "session": "../../etc"},
        {**OPENED[1], "session": None},
        {**OPENED[1], "reads": None},
        {**OPENED[1], "expires_in": "long"},
    ],
)
def test_a_session_is_well_formed(provider, opened):
    """Its name goes into an address, and what is read onto a page."""
    provider.says((201, opened))

    with pytest.raises(AnswerError):
        ProviderLink(provider.issuer).open(TOKEN)


def test_an_account_page_is_no_portal(provider):
    """Where no portal asks, none is named."""
    provider.says(
        (201, {**OPENED[1], "portal": None, "reads": ["identity", "portrait"]})
    )

    asker = ProviderLink(provider.issuer).open(TOKEN)

    assert asker.name is None
    assert asker.reads == ("identity", "portrait")


def test_redirects_are_not_followed(provider, link):
    """A signed message goes to the provider alone."""
    provider.says((307, f"{provider.issuer}/elsewhere"))

    with pytest.raises(RefusedError):
        link.begin(ATR)
    assert len(provider.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 409, 410, 413, 429, 500])
def test_a_refusal_is_a_refusal(provider, link, status):
    """The reason is for the log."""
    provider.says((status, {"error": "expired"}))

    with pytest.raises(RefusedError, match=f"{status} expired"):
        link.begin(ATR)


def test_a_provider_that_is_gone_is_said_so(provider):
    """Nothing listens there."""
    with ScriptedProvider() as gone:
        address = gone.issuer

    with pytest.raises(UnreachableError):
        ProviderLink(address).open(TOKEN)


def test_a_certificate_is_verified(provider):
    """Plain text where TLS should be is no provider."""
    with pytest.raises(UnreachableError):
        ProviderLink(provider.issuer.replace("http", "https")).open(TOKEN)
