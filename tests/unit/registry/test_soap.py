"""The SOAP client: what it sends, and that nonsense is never believed."""

import logging
import socket
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.config import RegistryConfig
from idp.errors import ConfigError
from idp.registry.divisions import packaged
from idp.registry.generator import Population
from idp.registry.port import Asker, Question, RegistryDownError
from idp.registry.soap import SoapRegistry
from tests.exchange import (
    CITIZENS,
    POPULATION,
    SOAP,
    citizen_xml,
    envelope,
    running_exchange,
)
from tests.unit.world import NOW

ASKER = Asker("desk", officer="5f1d7c9a-6f57-4d0e-9df1-2f7f6a0f3b11", unit="D1")
RECORD = Population(1, "soap").person(0)
QUESTION = Question(
    RECORD.person.number, RECORD.person.full_name, RECORD.person.birth_date
)
LOOK_UP = "TraCuuThongTinCongDanResponse"


@pytest.fixture
def exchange():
    """Run an exchange that knows one person."""
    records = {RECORD.person.number: RECORD}
    with running_exchange(records.get) as server:
        yield server


def client(exchange, **settings):
    """Return a client of the exchange."""
    config = RegistryConfig(source="soap", url=exchange.url, **settings)
    return SoapRegistry(config, packaged)


def citizens(inner):
    """Return a look-up's envelope around a collection's parts."""
    return envelope(
        f'<{LOOK_UP} xmlns="{POPULATION}"><CongdanCollection xmlns="{CITIZENS}">'
        f"{inner}</CongdanCollection></{LOOK_UP}>"
    )


def test_each_query_names_who_asks_and_for_what(exchange, tmp_path):
    """A request number of its own, the codes, the officer within twenty characters."""
    token = tmp_path / "token"
    token.write_text("secret\n")
    registry = client(exchange, token_file=token, procedure="P1", integration="037")

    registry.confirms(QUESTION, ASKER, now=NOW)
    registry.look_up(QUESTION, ASKER, now=NOW)

    first, second = exchange.asked
    assert first["operation"] == "XacThucThongTinCongDan"
    assert second["operation"] == "TraCuuThongTinCongDan"
    assert first["MaYeuCau"] != second["MaYeuCau"]
    assert len(first["MaYeuCau"]) <= 40
    assert first["MaCanBo"] == "5f1d7c9a6f574d0e9df1"
    assert (first["MaDonVi"], first["MaDVC"], first["MaTichHop"]) == ("D1", "P1", "037")
    assert first["SoDinhDanh"] == QUESTION.number
    assert first["HoVaTen"] == QUESTION.name
    assert first["NgayThangNamSinh"] == QUESTION.birth_date
    assert exchange.headers[0]["Authorization"] == "Bearer secret"
    assert "TraCuuThongTinCongDan" in exchange.headers[1]["SOAPAction"]


def test_a_name_that_no_message_holds_is_nobodys(exchange):
    """`HoVaTen` has a hundred characters: those are asked, one more is not."""
    for length, times in ((100, 2), (101, 0)):
        asked = Question(QUESTION.number, "Ă" * length, QUESTION.birth_date)
        assert client(exchange).look_up(asked, ASKER, now=NOW) is None
        assert client(exchange).confirms(asked, ASKER, now=NOW) is False
        assert len(exchange.asked) == times
        exchange.asked.clear()


def test_nothing_of_a_message_is_logged(exchange, caplog):
    """Not even where everything is logged: messages name a person."""
    caplog.set_level(logging.DEBUG)

    assert client(exchange).look_up(QUESTION, ASKER, now=NOW)

    assert QUESTION.number not in caplog.text
    assert QUESTION.name not in caplog.text


FAULT = (
    f'<e:Fault xmlns:e="{SOAP}"><faultcode>e:Server</faultcode>'
    "<faultstring>no</faultstring></e:Fault>"
)
TRAP = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("status", "media", "body"),
    [
        (200, "text/xml", b""),
        (200, "text/xml", b"no xml"),
        (200, "text/xml", b"<html/>"),
        (200, "text/html", envelope("")),
        (200, "text/xml", envelope("")),
        (200, "text/xml", envelope("<x/>")),
        (200, "multipart/related; boundary=x", b"--x\r\n\r\n<a/>\r\n--x--"),
        (500, "text/xml", envelope(FAULT)),
        (200, "text/xml", envelope(FAULT)),
        (302, "text/xml", envelope("")),
        (401, "text/xml", envelope("")),
        (503, "text/html", b"busy"),
        (200, "text/xml", TRAP + envelope("&x;").partition(b"?>")[2]),
        (200, "text/xml", BOMB + envelope("&b;").partition(b"?>")[2]),
        (200, "text/xml", envelope("x" * 70_000)),
    ],
)
def test_nonsense_means_that_the_registry_is_down(exchange, status, media, body):
    """Also faults, redirects, entities and what is too long; with no person's data."""
    exchange.reply = lambda operation: (status, media, body)
    registry = client(exchange, max_answer_bytes=65_536)

    for ask in (registry.confirms, registry.look_up):
        with pytest.raises(RegistryDownError) as caught:
            ask(QUESTION, ASKER, now=NOW)
        assert QUESTION.number not in caught.value.detail
        assert caught.value.detail.startswith("registry: ")


@pytest.mark.parametrize(
    "broken",
    [
        lambda xml: xml.replace("<NgayThangNamSinh>", "<NgayThangNamSinh/><X>").replace(
            "</NgayThangNamSinh>", "</X>"
        ),
        lambda xml: xml.replace("<HoVaTen>", "<HoVaTen/><X>", 1).replace(
            "</HoVaTen>", "</X>", 1
        ),
    ],
)
def test_a_citizen_without_name_or_birth_date_is_no_answer(exchange, broken):
    """Better none than a record of nobody."""
    body = citizens(broken(citizen_xml(RECORD, "text")))
    exchange.reply = lambda operation: (200, "text/xml", body)

    with pytest.raises(RegistryDownError):
        client(exchange).look_up(QUESTION, ASKER, now=NOW)


def test_somebody_else_is_nobody(exchange):
    """An exchange that tells another person's record, or two, is not believed."""
    stranger = Population(2, "other").person(1)
    for inner, found in (
        (citizen_xml(stranger, "text"), False),
        (citizen_xml(stranger, "text") + citizen_xml(RECORD, "text"), True),
        (citizen_xml(RECORD, "text").replace(RECORD.person.given_name, "Khác"), False),
        ("<SoCongDan>0</SoCongDan>", False),
    ):
        body = citizens(inner)
        exchange.reply = lambda operation, body=body: (200, "text/xml", body)
        record = client(exchange).look_up(QUESTION, ASKER, now=NOW)
        assert (record is not None) is found


def test_who_answers_without_a_time_answers_now(exchange):
    """The data's own time comes first."""
    body = citizens(citizen_xml(RECORD, "text"))
    exchange.reply = lambda operation: (200, "text/xml", body)

    assert client(exchange).look_up(QUESTION, ASKER, now=NOW).as_of == NOW


def test_silence_and_absence_are_down():
    """A server that never answers, and none at all."""
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        config = RegistryConfig(source="soap", url=url, timeout=0.05)
        with pytest.raises(RegistryDownError, match="DD-POP-001"):
            SoapRegistry(config, packaged).confirms(QUESTION, ASKER, now=NOW)
    with pytest.raises(RegistryDownError):
        SoapRegistry(config, packaged).confirms(QUESTION, ASKER, now=NOW)


def test_a_token_that_cannot_be_read_is_told(exchange, tmp_path):
    """By the setting's name."""
    registry = client(exchange, token_file=tmp_path / "absent")

    with pytest.raises(ConfigError, match=r"registry\.token_file"):
        registry.confirms(QUESTION, ASKER, now=NOW)


SCRAPS = ("<", ">", "&", "</", "\x00", "é", "<CongDan>", "<!DOCTYPE x>", "<![CDATA[")


@pytest.fixture
def registry(exchange):
    """Return one client for many questions."""
    return client(exchange)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_answer_breaks_anything(exchange, registry, data):
    """However an answer is cut and mixed: a record, nobody, or down."""
    whole = citizens(citizen_xml(RECORD, "deployed"))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    scrap = data.draw(st.sampled_from(SCRAPS)).encode()
    body = whole[:start] + scrap + whole[end:]
    exchange.reply = lambda operation: (200, "text/xml", body)

    try:
        record = registry.look_up(QUESTION, ASKER, now=NOW)
    except RegistryDownError:
        return
    assert record is None or record.person.number == QUESTION.number
