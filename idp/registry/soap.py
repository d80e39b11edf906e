"""The population database as provincial exchanges give it: SOAP by QCVN 109:2017/BTTTT.

`XacThucThongTinCongDan` says whether a person exists, `TraCuuThongTinCongDan` tells the
record. There is no public message for households or cards, so neither is claimed.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from importlib.resources import files
from typing import Any
from uuid import uuid4

from lxml import etree
from zeep import Client, Plugin, Settings
from zeep.exceptions import Error

from idp.config.registry import RegistryConfig
from idp.registry import soap_messages
from idp.registry.divisions import Divisions
from idp.registry.person import PersonRecord
from idp.registry.port import Asker, Question, RegistryDownError, is_about
from idp.registry.soap_messages import UnreadableAnswerError
from idp.registry.soap_transport import BoundedTransport

_DESCRIPTION = "population.wsdl"
_SERVICE = "{http://dancuquocgia.bca}"
_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_BODY = f"{_SOAP}Body"
_CITIZENS = "{http://www.mic.gov.vn/dancu/1.0}"
_LONGEST_OFFICER, _LONGEST_UNIT, _LONGEST_NAME = 20, 35, 100
# zeep meets nonsense with its own errors, lxml's, or those of a value that is missing.
_UNREADABLE = (
    Error,
    etree.LxmlError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)


class SoapRegistry:
    """Asks one exchange, once; every failure is `RegistryDownError`."""

    authority = "Cơ sở dữ liệu quốc gia về dân cư"
    capabilities = frozenset({"representatives"})

    def __init__(
        self, config: RegistryConfig, divisions: Callable[[], Divisions]
    ) -> None:
        self._config = config
        self._divisions = divisions

    def confirms(self, question: Question, asker: Asker, *, now: datetime) -> bool:
        """Ask whether number, name and birth date belong to one person."""
        del now  # the exchange has its own clock
        return bool(self._ask("XacThucThongTinCongDan", question, asker))

    def look_up(
        self, question: Question, asker: Asker, *, now: datetime
    ) -> PersonRecord | None:
        """Ask for the record; what is told of somebody else is nobody's."""
        found = self._ask("TraCuuThongTinCongDan", question, asker)
        for citizen in (found and found.CongDan) or ():
            if str(citizen.SoDinhDanh).strip() != question.number:
                continue
            try:
                record = soap_messages.record(
                    citizen,
                    asked_at=now,
                    as_of=found.ThoiDiemDuLieu,
                    places=self._places,
                )
            except UnreadableAnswerError as error:
                raise RegistryDownError(detail=f"registry: {error}") from None
            if record.person is not None and is_about(question, record.person):
                return record
        return None

    @cached_property
    def _places(self) -> Divisions:
        return self._divisions()

    @cached_property
    def _service(self) -> Any:
        settings = Settings(forbid_dtd=True, forbid_entities=True, forbid_external=True)
        description = files("idp.registry").joinpath(_DESCRIPTION)
        client = Client(
            str(description),
            transport=BoundedTransport(self._config),
            settings=settings,
        )
        citizen = client.wsdl.types.get_type(f"{_CITIZENS}CongDan")
        client.plugins.append(_Reading({name for name, _ in citizen.elements}))
        return client.create_service(f"{_SERVICE}DanCu", self._config.url)

    def _ask(self, operation: str, question: Question, asker: Asker) -> Any:
        if len(question.name) > _LONGEST_NAME:
            return None  # HoVaTen has a hundred characters: nobody is registered so
        request = {
            "MaYeuCau": uuid4().hex,
            "MaDVC": self._config.procedure,
            "MaTichHop": self._config.integration,
            "MaDonVi": _code(asker.unit, _LONGEST_UNIT),
            "MaCanBo": _code(asker.officer, _LONGEST_OFFICER),
            "SoDinhDanh": question.number,
            "HoVaTen": question.name,
            "NgayThangNamSinh": question.birth_date,
        }
        try:
            return self._service[operation](**request)
        except _UNREADABLE as error:
            # The class only: messages repeat what was told of a person.
            why = type(error).__name__
            raise RegistryDownError(detail=f"registry: {why}") from None


class _Reading(Plugin):
    """Takes the answer to what was asked, without what a later version adds to it."""

    def __init__(self, known: set[str]) -> None:
        self._known = {f"{_CITIZENS}{name}" for name in known}

    def ingress(self, envelope: Any, http_headers: Any, operation: Any) -> Any:
        """Return the envelope without unknown parts of a citizen."""
        expected = f"{_SERVICE}{operation.name}Response"
        if envelope.find(f"{_BODY}/{expected}") is None and not _is_fault(envelope):
            raise ValueError(expected)
        for citizen in envelope.iter(f"{_CITIZENS}CongDan"):
            for part in list(citizen):
                if part.tag not in self._known:
                    citizen.remove(part)
        return envelope, http_headers


def _is_fault(envelope: Any) -> bool:
    return envelope.find(f"{_BODY}/{_SOAP}Fault") is not None


def _code(text: str, longest: int) -> str:
    """Return a code that fits; the identifiers of our officers lose their dashes."""
    return (text if len(text) <= longest else text.replace("-", ""))[:longest]
