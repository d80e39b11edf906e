"""A provincial exchange of our own: SOAP by QCVN 109:2017/BTTTT over invented people.

It compares as the national one does and tells records in either way of writing: `text`
as the regulation has it, `deployed` as services do.
"""

import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from idp.registry.codes import ETHNIC_GROUPS
from idp.registry.person import PersonRecord, Stay
from idp.registry.port import Question, is_about

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
POPULATION = "http://dancuquocgia.bca"
CITIZENS = "http://www.mic.gov.vn/dancu/1.0"
_DESCRIPTION = Path("idp/registry/population.wsdl")

Records = Callable[[str], PersonRecord | None]


@dataclass
class Exchange:
    """What the server knows, how it writes, and what it was asked."""

    records: Records
    style: str = "text"
    reply: Callable[[str], tuple[int, str, bytes]] | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, body: bytes) -> tuple[int, str, bytes]:
        """Return status, media type and envelope for a request."""
        (request,) = etree.fromstring(body).find(f"{{{SOAP}}}Body")
        operation = etree.QName(request).localname
        _schema(POPULATION).assertValid(request)
        told = {etree.QName(part).localname: part.text or "" for part in request}
        self.asked.append({"operation": operation, **told})
        if self.reply is not None:
            return self.reply(operation)
        question = Question(
            told["SoDinhDanh"], told["HoVaTen"], told["NgayThangNamSinh"]
        )
        record = self.records(question.number)
        if record is not None and not is_about(question, record.person):
            record = None
        return 200, "text/xml; charset=utf-8", self._envelope(operation, record)

    def _envelope(self, operation: str, record: PersonRecord | None) -> bytes:
        if operation == "XacThucThongTinCongDan":
            inner = f"<TonTai>{'true' if record else 'false'}</TonTai>"
        else:
            inner = self._collection(record)
        return envelope(f'<{operation}Response xmlns="{POPULATION}">{inner}'
                        f"</{operation}Response>")  # fmt: skip

    def _collection(self, record: PersonRecord | None) -> str:
        citizen = "" if record is None else citizen_xml(record, self.style)
        count = 0 if record is None else 1
        when = "" if record is None else _element(
            "ThoiDiemDuLieu", record.as_of.isoformat()
        )  # fmt: skip
        return (
            f'<CongdanCollection xmlns="{CITIZENS}">{when}'
            f"<SoCongDan>{count}</SoCongDan>{citizen}</CongdanCollection>"
        )


def envelope(body: str) -> bytes:
    """Return a SOAP 1.1 envelope."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{SOAP}">'
        f"<e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def citizen_xml(record: PersonRecord, style: str) -> str:
    """Return `CongDan` of a record."""
    person = record.person
    day = person.birth_date.replace("-", "") if style == "deployed" else (
        person.birth_date
    )  # fmt: skip
    has_day = len(person.birth_date) > len("YYYY")
    codes = {name: code for code, name in ETHNIC_GROUPS.items()}
    stays = record.residence
    parts = [
        _element("SoDinhDanh", person.number),
        _element("SoCMND", next(iter(person.former_numbers), "")),
        _name(person.family_name, person.middle_name, person.given_name, style),
        _element("GioiTinh", {"male": "1", "female": "2"}.get(person.gender, "0")),
        _element("DanToc", codes.get(person.ethnicity or "", "")),
        _wrap(
            "NgayThangNamSinh",
            _element("NgayThangNam" if has_day else "Nam", day),
        ),
        _address("ThuongTru", stays and stays.permanent, style),
        _address(
            "NoiOHienNay" if style == "deployed" else "NoiOHienTai",
            stays and stays.present,
            style,
        ),
        _element("QuocTich", person.nationality),
    ]
    kinds = {"father": "Cha", "mother": "Me", "guardian": "NguoiDaiDien"}
    for one in person.representatives:
        name = _name(*_split(one.name), style)
        parts.append(
            _wrap(kinds[one.relation], _element("SoDinhDanh", one.number) + name)
        )
    if style == "deployed":
        # Another order than the text's, and something that we do not know.
        parts = [*reversed(parts), _element("MaDinhDanhMoi", "x")]
    return _wrap("CongDan", "".join(parts))


def _address(name: str, stay: Stay | None, style: str) -> str:
    if stay is None:
        return ""
    address, code = stay.address, _element
    parts = code("MaDonViHanhChinh", address.commune_code)
    if style == "deployed":
        parts = (
            code("MaTinhThanh", address.province_code)
            + code("MaQuanHuyen", address.district_code or "")
            + code("MaPhuongXa", address.commune_code)
        )
    return _wrap(name, parts + code("ChiTiet", address.detail) + code("QuocGia", "VN"))


def _name(family: str, middle: str, given: str, style: str) -> str:
    if style == "deployed":
        whole = " ".join(part for part in (family, middle, given) if part)
        family, middle, given = "", "", whole.upper()
    parts = (("Ho", family), ("ChuDem", middle), ("Ten", given))
    return _wrap("HoVaTen", "".join(_element(name, text) for name, text in parts))


def _split(name: str) -> tuple[str, str, str]:
    words = name.split()
    if len(words) == 1:
        return "", "", words[0]
    return words[0], " ".join(words[1:-1]), words[-1]


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _wrap(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>"


def _schema(namespace: str) -> etree.XMLSchema:
    """Return the description's own types, to hold requests against."""
    text = _DESCRIPTION.read_bytes()
    for schema in etree.fromstring(text).iter(
        "{http://www.w3.org/2001/XMLSchema}schema"
    ):
        if schema.get("targetNamespace") == namespace:
            alone = re.sub(
                rb'<xs:import[^>]*/>|<xs:element ref="dc:[^>]*/>',
                b"",
                etree.tostring(schema),
            )
            return etree.XMLSchema(etree.fromstring(alone))
    raise AssertionError(namespace)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        exchange: Any = self.server.exchange
        exchange.headers.append(dict(self.headers))
        status, media, answer = exchange.answer(body)
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        with suppress(OSError):  # the caller may have had enough
            self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def running_exchange(
    records: Records, *, tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[Exchange]:
    """Run an exchange on loopback, over TLS if a context is given."""
    exchange = Exchange(records, **options)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        server.exchange = exchange
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        exchange.url = f"{scheme}://127.0.0.1:{server.server_port}/population"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield exchange
        finally:
            server.shutdown()
            thread.join()
