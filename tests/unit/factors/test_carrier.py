"""The carrier check: one contract for the sandbox and HTTP; no answer stops codes."""

import json
import logging
import socket
from datetime import UTC, datetime, timedelta

import pytest

from idp.config import CarrierConfig
from idp.errors import ConfigError
from idp.factors.carrier import (
    CarrierError,
    HttpCarrier,
    NoCarrierCheck,
    SandboxCarrier,
    open_carrier,
)
from tests.unit.factors.partners import NONSENSE, partner
from tests.unit.world import NOW

PHONE, OTHER = "+84500000941", "+84500000942"
CHANGED = NOW - timedelta(hours=5)


def config(url: str, **changes) -> CarrierConfig:
    return CarrierConfig(check="http", url=url, **{"timeout": 0.5} | changes)


@pytest.fixture(params=["sandbox", "http"])
def check(request):
    """Yield a check that knows of one phone's change."""
    if request.param == "sandbox":
        carrier = SandboxCarrier(request.getfixturevalue("ephemeral"))
        carrier.change_sim(PHONE, CHANGED)
        yield carrier
        return
    changes = {PHONE: CHANGED.isoformat()}
    with partner(
        lambda asked: (
            200,
            json.dumps({"latestSimChange": changes.get(asked["phoneNumber"])}).encode(),
        )
    ) as server:
        yield HttpCarrier(config(server.url))


def test_a_change_is_told_and_no_change_too(check, caplog):
    """In UTC; and no phone is logged."""
    with caplog.at_level(logging.DEBUG):
        assert check.sim_changed_at(PHONE, NOW) == CHANGED
        assert check.sim_changed_at(OTHER, NOW) is None
    assert PHONE not in caplog.text
    assert OTHER not in caplog.text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T15:00:00+07:00", NOW),
        ("2026-11-21T08:00:00Z", NOW),
        ("2026-11-21T08:00:00.000Z", NOW),
        ("2026-11-21T08:00:00", NOW),
        ("2026-11-21", datetime(2026, 11, 21, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_rfc_3339(text, moment):
    """With any offset; without one it is UTC."""
    answer = json.dumps({"latestSimChange": text}).encode()
    with partner(lambda _: (200, answer)) as server:
        assert HttpCarrier(config(server.url)).sim_changed_at(PHONE, NOW) == moment


TIMES = [b'"soon"', b"17", b'"9999-12-31T23:59:59-14:00"', b"{}", b'""']


@pytest.mark.parametrize(
    "reply",
    [*NONSENSE, *((200, b'{"latestSimChange": ' + text + b"}") for text in TIMES)],
)
def test_nonsense_is_no_answer(reply):
    """And an error tells neither phone nor answer."""
    with partner(lambda _: reply) as server:
        with pytest.raises(CarrierError) as failure:
            HttpCarrier(config(server.url)).sim_changed_at(PHONE, NOW)
        assert len(server.requests) == 1
    assert PHONE not in failure.value.detail


def test_silence_and_nobody_are_no_answer():
    """Within the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(CarrierError):
            HttpCarrier(config(url, timeout=0.2)).sim_changed_at(PHONE, NOW)
    with pytest.raises(CarrierError):
        HttpCarrier(config(url)).sim_changed_at(PHONE, NOW)


def test_the_token_goes_along(tmp_path):
    """From its file, as a bearer token."""
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    with partner(lambda _: (200, b'{"latestSimChange": null}')) as server:
        carrier = HttpCarrier(config(server.url, token_file=token))
        assert carrier.sim_changed_at(PHONE, NOW) is None
        ((headers, asked),) = server.requests
    assert headers["Authorization"] == "Bearer s3cret"
    assert asked == {"phoneNumber": PHONE}
    with pytest.raises(ConfigError, match=r"carrier\.token_file"):
        HttpCarrier(config("", token_file=tmp_path / "none"))


def test_whose_phone_it_is(ephemeral):
    """The sandbox by the number's end; an installation without the check by nobody."""
    sandbox = SandboxCarrier(ephemeral)
    assert sandbox.owned_by(PHONE, "001085000001", "Trần Thử", NOW)
    assert not sandbox.owned_by("+84500000999", "001085000001", "Trần Thử", NOW)
    assert NoCarrierCheck().owned_by(PHONE, "001085000001", "Trần Thử", NOW) is None
    assert HttpCarrier(config("http://x")).owned_by(PHONE, "1", "X", NOW) is None


@pytest.mark.parametrize(
    ("answer", "is_own"),
    [
        ({"idDocumentMatch": "true", "nameMatch": "true"}, True),
        ({"idDocumentMatch": "true", "nameMatch": "false"}, False),
        ({"idDocumentMatch": "not_available", "nameMatch": "true"}, False),
        ({"idDocumentMatch": "true"}, None),
        ({"idDocumentMatch": True, "nameMatch": True}, None),
    ],
)
def test_a_carrier_says_whose_phone_it_is(answer, is_own):
    """Both must match (CAMARA KYC Match); what cannot be read is no answer."""
    with partner(lambda _: (200, json.dumps(answer).encode())) as server:
        carrier = HttpCarrier(config("http://x", owner_url=server.url))
        if is_own is None:
            with pytest.raises(CarrierError):
                carrier.owned_by(PHONE, "001085000001", "Trần Thử", NOW)
        else:
            told = carrier.owned_by(PHONE, "001085000001", "Trần Thử", NOW)
            assert told is is_own
        ((_, asked),) = server.requests
    assert asked == {
        "phoneNumber": PHONE,
        "idDocument": "001085000001",
        "name": "Trần Thử",
    }


def test_a_carrier_that_is_down_says_nothing_of_phones():
    """An error is no yes."""
    with partner(lambda _: (500, b"")) as server:
        carrier = HttpCarrier(config("http://x", owner_url=server.url))
        with pytest.raises(CarrierError):
            carrier.owned_by(PHONE, "001085000001", "Trần Thử", NOW)


def test_the_configuration_chooses(ephemeral):
    """Off by default: nobody is asked."""
    off = open_carrier(CarrierConfig(), ephemeral)
    assert isinstance(off, NoCarrierCheck)
    assert off.sim_changed_at(PHONE, NOW) is None
    assert isinstance(
        open_carrier(CarrierConfig(check="sandbox"), ephemeral), SandboxCarrier
    )
    assert isinstance(
        open_carrier(CarrierConfig(check="http", url="http://x"), ephemeral),
        HttpCarrier,
    )
