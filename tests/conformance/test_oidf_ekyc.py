"""`ekyc-test-plan-oidccore`: verified claims as the Foundation's suite asks for them.

Every answer is held against discovery and against `identity_schema`.
"""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from idp.provider import Provider
from tests.conformance.identity_schema import flaws
from tests.conformance.suite import Suite, register

WELL_KNOWN = "/.well-known/openid-configuration"
FRAMEWORK = {"trust_framework": None}
EVERYTHING = {
    "trust_framework": None,
    "assurance_level": None,
    "time": None,
    "evidence": [
        {
            "type": {"value": "electronic_record"},
            "time": None,
            "record": {
                "type": None,
                "created_at": None,
                "source": {"name": None, "country_code": None},
            },
        }
    ],
}


@pytest.fixture
def suite(provider: Provider, client: FlaskClient) -> Suite:
    """Return the plan's client in a fresh browser."""
    register(provider, "suite-client", scope="openid profile residence")
    return Suite(provider, client)


def ask(suite: Suite, *elements: Any, place: str = "userinfo") -> dict[str, Any]:
    """Run a sign-in with a request for verified claims; return where they arrived."""
    asked = elements[0] if len(elements) == 1 else list(elements)
    claims = json.dumps({place: {"verified_claims": asked}})
    answer = suite.flow(claims=claims)
    arrived = {
        "userinfo": answer["userinfo"].get("verified_claims"),
        "id_token": answer["claims"].get("verified_claims"),
    }
    for value in arrived.values():
        check_verified_claims(suite, value)
    return arrived


def element(*names: str, verification: Any = FRAMEWORK, **wishes: Any) -> Any:
    """Return one element of a request."""
    claims = {**dict.fromkeys(names), **wishes}
    return {"verification": verification, "claims": claims}


def check_verified_claims(suite: Suite, value: Any) -> None:
    """Check an answer against the schema and our own metadata."""
    if value is None:
        return
    document = suite.client.get(WELL_KNOWN).get_json()
    assert flaws(value) == []
    for item in value if isinstance(value, list) else [value]:
        supported = document["claims_in_verified_claims_supported"]
        assert set(item["claims"]) <= set(supported)
        told = item["verification"]
        assert told["trust_framework"] in document["trust_frameworks_supported"]
        for evidence in told.get("evidence", ()):
            assert evidence["type"] in document["evidence_supported"]
            if "record" in evidence:
                kinds = document["electronic_records_supported"]
                assert evidence["record"]["type"] in kinds


def test_server(suite: Suite) -> None:
    """One claim of the supported ones."""
    told = ask(suite, element("name"))["userinfo"]

    assert set(told["claims"]) == {"name"}
    assert set(told["verification"]) == {"trust_framework"}


@pytest.mark.parametrize("wish", [{}, {"essential": False}, {"essential": True}])
def test_other_ways_to_ask(suite: Suite, wish: Any) -> None:
    """An empty object, or `essential`, asks as null does (§5.7.1)."""
    asked = {"verification": {"trust_framework": wish}, "claims": {"name": wish}}

    assert ask(suite, asked)["userinfo"]["claims"]["name"]


@pytest.mark.parametrize("wish", [None, {"essential": True}])
@pytest.mark.parametrize("name", ["shoe_size", "x~!@#$%^&*()_+ ú日本語"])
def test_unknown_claims_are_omitted(suite: Suite, name: str, wish: Any) -> None:
    """Essential or not, with odd characters or not; alone, nothing is left (§5.7.5)."""
    beside = ask(suite, element("name", **{name: wish}))["userinfo"]
    alone = ask(suite, element(**{name: wish}))["userinfo"]

    assert set(beside["claims"]) == {"name"}
    assert alone is None


def test_a_random_value_is_never_met(suite: Suite) -> None:
    """The claim is omitted, and with it the element that has no other."""
    asked = element(name={"value": "z8Qm"})

    assert ask(suite, asked)["userinfo"] is None


@pytest.mark.parametrize("place", ["userinfo", "id_token"])
def test_only_where_it_was_asked(suite: Suite, place: str) -> None:
    """Neither place tells what the other was asked for."""
    arrived = ask(suite, element("name"), place=place)

    assert [name for name, told in arrived.items() if told] == [place]


def test_every_supported_claim_with_everything_behind_it(suite: Suite) -> None:
    """All that discovery lists, as far as the client may have it."""
    document = suite.client.get(WELL_KNOWN).get_json()
    names = document["claims_in_verified_claims_supported"]

    told = ask(suite, element(*names, verification=EVERYTHING))["userinfo"]

    assert {"name", "birthdate", "residence"} <= set(told["claims"])
    assert set(told["verification"]) == set(EVERYTHING)
    assert len(told["verification"]["evidence"]) == 2


def test_each_element_stands_alone(suite: Suite) -> None:
    """Claim sets with requirements of their own (§5.6)."""
    high = {"assurance_level": {"values": ["very_high", "account_level_2"]}}
    never = {"trust_framework": {"value": "eidas"}}
    dated = {"time": {"max_age": 10**10}, "evidence": EVERYTHING["evidence"]}

    told = ask(
        suite,
        element("birthdate", verification=never),
        element("birthdate", verification=high),
        element("birthdate", "residence", verification=dated),
    )["userinfo"]

    assert [sorted(item["claims"]) for item in told] == [
        ["birthdate"],
        ["birthdate", "residence"],
    ]


@pytest.mark.parametrize(
    "verification",
    [
        "eidas",
        {"trust_framework": "eidas"},
        {"time": {"max_age": "1"}},
        {"evidence": [{"type": {"values": ["document"]}}]},
    ],
)
def test_what_cannot_be_read_is_an_error(suite: Suite, verification: Any) -> None:
    """`invalid_request`, since a constraint may not be ignored (§5.5.1, §5.7.6)."""
    claims = {
        "userinfo": {"verified_claims": element("name", verification=verification)}
    }

    answer = suite.silent(claims=json.dumps(claims))

    assert answer["error"] == "invalid_request"


def test_the_purpose_of_a_request_is_shown(suite: Suite) -> None:
    """Beside the registered one, as text."""
    asked = element(name={"purpose": "To open <b>your</b> account"})
    claims = json.dumps({"userinfo": {"verified_claims": asked}})
    suite.visit(claims=claims)

    page = suite.sign_in()

    assert "To open &lt;b&gt;your&lt;/b&gt; account" in page.text
    assert suite.answer_pages(page)
