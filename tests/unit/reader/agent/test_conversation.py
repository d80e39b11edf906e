"""What the provider is told when a reading ends early, and what the citizen sees."""

import threading

import pytest

from clients.reader.agent import conversation
from clients.reader.agent.conversation import Conversations
from clients.reader.agent.link import ProviderLink
from clients.reader.agent.pages import live
from clients.reader.agent.reading import Reading, Readings
from tests.unit.reader.agent.scripted import (
    OPENED,
    SELECT,
    ScriptedProvider,
    ScriptedReader,
    wait_until_over,
)

PIN = "00200001083132333435363738"


@pytest.fixture
def provider():
    """Run a provider that says what the test tells it to."""
    with ScriptedProvider() as running:
        yield running


def open_reading(provider, **changes):
    """Return a reading whose question has been answered with yes."""
    provider.says((201, {**OPENED[1], **changes}))
    link = ProviderLink(provider.issuer)
    reading = Reading(provider.issuer, link, link.open("t" * 22), "en")
    assert reading.decide()
    return reading


def test_a_removed_card_is_told(provider):
    """The provider closes the session and leads back."""
    reader = ScriptedReader()
    reader.answer = None
    reading = open_reading(provider)
    provider.says((200, {"seq": 1, "apdus": [SELECT]}), provider.done())

    Conversations(reader).hold(reading, "")

    assert provider.payloads[-1]["cancelled"] == "card_removed"
    assert reading.status == ("done", "")
    assert reader.is_released


@pytest.mark.parametrize(
    ("presence", "words"),
    [("none", "Plug it in"), ("empty", "Lay your card"), ("busy", "something else")],
)
def test_a_card_that_does_not_come_is_told(provider, monkeypatch, presence, words):
    """The page says what is missing while it waits; the waiting has an end."""
    monkeypatch.setattr(conversation, "CARD_WITHIN", 0.5)
    reading = open_reading(provider)
    provider.says(provider.done())
    seen = []
    move = reading.move
    monkeypatch.setattr(
        reading,
        "move",
        lambda *state: (
            move(*state),
            seen.append(live(reading, virtual=False)["text"]),
        ),
    )

    Conversations(ScriptedReader(presence=presence)).hold(reading, "")

    assert provider.payloads[-1]["cancelled"] == "no_card"
    assert words.lower() in seen[-1].lower()


def test_a_session_that_ends_sooner_ends_the_waiting(provider):
    """The provider waits no longer, so the card has no time left."""
    reading = open_reading(provider, expires_in=0)
    provider.says(provider.done())

    Conversations(ScriptedReader(presence="empty")).hold(reading, "")

    assert provider.payloads[-1]["cancelled"] == "no_card"


def test_cancel_while_waiting_is_told(provider):
    """The same page can be cancelled until the card is read."""
    reading = open_reading(provider)
    provider.says(provider.done())
    reading.is_cancelled.set()

    Conversations(ScriptedReader(presence="empty")).hold(reading, "")

    assert provider.payloads[-1]["cancelled"] == "user"


def test_a_rogue_batch_reaches_no_card(provider):
    """The reading ends with a warning and without a way back."""
    reader = ScriptedReader()
    reading = open_reading(provider)
    provider.says((200, {"seq": 1, "apdus": [SELECT, PIN]}))

    Conversations(reader).hold(reading, "")

    assert reader.sent == []
    assert reader.is_released
    assert reading.status == ("failed", "forbidden")
    assert "stopped for your safety" in live(reading, virtual=False)["text"]


def test_too_many_batches_end(provider):
    """200 commands are enough for every card."""
    reader = ScriptedReader()
    reading = open_reading(provider)
    batches = [(200, {"seq": n, "apdus": [SELECT] * 64}) for n in range(1, 5)]
    provider.says(*batches)

    Conversations(reader).hold(reading, "")

    assert len(reader.sent) == 3 * 64
    assert reading.status == ("failed", "forbidden")


def test_a_foreign_way_back_is_not_taken(provider):
    """Neither at the end nor after Cancel."""
    reading = open_reading(provider)
    provider.says(provider.done("https://evil.example/"))

    Conversations(ScriptedReader()).hold(reading, "")

    assert reading.status == ("failed", "answer")
    assert reading.return_url is None


def test_a_provider_that_is_gone_is_said(provider):
    """A session that was dropped meanwhile shows words, not silence."""
    reading = open_reading(provider)
    reading.is_cancelled.set()
    provider.says((410, {"error": "expired"}))

    Conversations(ScriptedReader()).hold(reading, "")

    assert reading.status == ("failed", "refused")
    assert "Begin again" in live(reading, virtual=False)["text"]


def test_one_reading_at_a_time(provider):
    """The second waits for the first, and can be cancelled meanwhile."""
    reader = ScriptedReader(presence="empty")
    conversations = Conversations(reader)
    first, second = open_reading(provider), open_reading(provider)
    thread = threading.Thread(target=conversations.hold, args=(first, ""))
    thread.start()
    first.wait_for_change(first.mark, 1)
    conversations.start(second, "")
    while second.status != ("waiting", "busy"):
        second.wait_for_change(second.mark, 10)
    provider.says(provider.done(), provider.done())

    second.is_cancelled.set()
    wait_until_over(second)
    first.is_cancelled.set()
    thread.join()

    assert [p.get("cancelled") for p in provider.payloads[2:]] == ["user", "user"]
    assert reader.sent == []


def test_a_broken_reader_does_not_leave_the_page_waiting(provider):
    """An error of the driver ends the reading in words, and the log has it."""
    reader = ScriptedReader()
    reader.connect = lambda _choice: 1 // 0
    reading = open_reading(provider)

    with pytest.raises(ZeroDivisionError):
        Conversations(reader).hold(reading, "")

    assert reading.status == ("failed", "failed")


def test_readings_make_room(provider):
    """Old ones go first, and whatever they did is stopped."""
    readings = Readings()
    kept = [open_reading(provider) for _ in range(Readings.CAPACITY + 1)]

    for reading in kept:
        readings.add(reading)

    assert readings.find(kept[0].name) is None
    assert kept[0].is_cancelled.is_set()
    assert readings.find(kept[-1].name) is kept[-1]


def test_readings_that_are_over_go(provider):
    """The provider waits for them no longer."""
    readings, over = Readings(), open_reading(provider, expires_in=0)
    readings.add(over)

    readings.add(open_reading(provider))

    assert readings.find(over.name) is None
