"""The register of organisations: one contract for the sandbox and HTTP."""

import json
import socket
from collections.abc import Iterator

import pytest

from idp.config import OrganisationsConfig
from idp.enrolment.organisation_source import (
    HttpOrganisations,
    NoOrganisations,
    OrganisationSource,
    SandboxOrganisations,
    SourceDownError,
    open_organisations,
    sandbox_organisations,
)
from tests.unit.factors.partners import partner


def config(url: str) -> OrganisationsConfig:
    return OrganisationsConfig(source="http", url=url, timeout=0.5)


@pytest.fixture(params=["sandbox", "http"])
def source(request: pytest.FixtureRequest) -> Iterator[OrganisationSource]:
    """Yield a register that knows the invented organisations."""
    if request.param == "sandbox":
        yield SandboxOrganisations()
        return
    known = {item.details.tax_code: item for item in sandbox_organisations()}

    def reply(asked: dict[str, str]) -> tuple[int, bytes]:
        item = known.get(asked["tax_code"])
        if item is None:
            return 200, b"{}"
        answer = {
            "name": item.details.name,
            "head_office": item.details.head_office,
            "founded_on": item.details.founded_on,
            "legal_representative": item.legal_representative,
            "state": "dissolved" if item.is_dissolved else "active",
        }
        return 200, json.dumps(answer).encode()

    with partner(reply) as server:
        yield HttpOrganisations(config(server.url))


def test_a_known_one_a_dissolved_one_and_a_stranger(source: OrganisationSource) -> None:
    """What is told of each; nobody's number is shown by accident."""
    known, gone = source.find("9990000001"), source.find("9990000003")

    assert known is not None
    assert known == sandbox_organisations()[0]
    assert known.legal_representative not in repr(known)
    assert gone is not None
    assert gone.is_dissolved
    assert source.find("0123456789") is None


NO_TEXT = {
    "name": 1,
    "head_office": "B",
    "founded_on": "C",
    "legal_representative": "D",
}


@pytest.mark.parametrize(
    "answer", [b"nonsense", b'{"name": "A"}', json.dumps(NO_TEXT).encode()]
)
def test_an_answer_that_cannot_be_read_is_none(answer: bytes) -> None:
    """The register is then down, as when it is silent."""
    with partner(lambda _: (200, answer)) as server, pytest.raises(SourceDownError):
        HttpOrganisations(config(server.url)).find("0123456789")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        with pytest.raises(SourceDownError):
            HttpOrganisations(config(url)).find("0123456789")


def test_the_configuration_chooses() -> None:
    """Off knows nobody."""
    assert open_organisations(OrganisationsConfig()).find("9990000001") is None
    assert isinstance(open_organisations(OrganisationsConfig()), NoOrganisations)
    chosen = open_organisations(OrganisationsConfig(source="sandbox"))
    assert isinstance(chosen, SandboxOrganisations)
    assert isinstance(open_organisations(config("http://127.0.0.1")), HttpOrganisations)
