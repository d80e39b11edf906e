"""The `claims` parameter: what is read, what is refused, what is left out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.claims.request import ClaimsRequest, InvalidClaimsError, parse_claims

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NAMES = st.sampled_from(
    ["name", "household", "sub", "acr", "x", "verified_claims", "verification"]
)
NEAR = st.dictionaries(
    st.sampled_from(["userinfo", "id_token", "other"]),
    st.none() | st.dictionaries(NAMES, JSON),
)


def test_no_parameter_asks_nothing():
    """An absent parameter is an empty request."""
    assert parse_claims(None) == ClaimsRequest()
    assert parse_claims("{}").to_json() == {}


def test_known_claims_are_read_and_others_left_out():
    """OIDC Core §5.5: members that are not understood are ignored."""
    request = parse_claims(
        json.dumps(
            {
                "userinfo": {
                    "name": None,
                    "email": {"essential": True, "reason": "x"},
                    "shoe_size": {"essential": True},
                    "name#ja": None,
                },
                "id_token": {"acr": {"essential": True, "values": ["a", "b"]}},
                "other": {"name": None},
            }
        )
    )

    assert request.to_json() == {
        "userinfo": {"name": None, "email": {"essential": True}},
        "id_token": {"acr": {"essential": True, "values": ["a", "b"]}},
    }


@pytest.mark.parametrize("is_list", [True, False])
def test_verified_claims_are_read(is_list):
    """One element or a list of them (OIDC4IDA §5)."""
    element = {
        "verification": {"trust_framework": None},
        "claims": {"name": {"value": "Trần Thử"}, "shoe_size": None, "sub": None},
    }
    kept = {**element, "claims": {"name": {"value": "Trần Thử"}}}
    asked = [element, element] if is_list else element

    request = parse_claims(json.dumps({"userinfo": {"verified_claims": asked}}))

    expected = [kept, kept] if is_list else kept
    assert request.to_json() == {"userinfo": {"verified_claims": expected}}
    assert request.userinfo.verified_names == {"name"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "null",
        "[]",
        '"x"',
        "1",
        "{",
        "\udcff",
        '{"userinfo": []}',
        '{"userinfo": "name"}',
        '{"userinfo": {"name": true}}',
        '{"userinfo": {"name": "x"}}',
        '{"userinfo": {"name": []}}',
        '{"userinfo": {"name": {"essential": "true"}}}',
        '{"userinfo": {"name": {"values": []}}}',
        '{"userinfo": {"name": {"values": "x"}}}',
        '{"userinfo": {"name": null, "name": null}}',
        '{"userinfo": {"name": {"value": NaN}}}',
        '{"userinfo": {"verified_claims": []}}',
        '{"userinfo": {"verified_claims": "x"}}',
        '{"userinfo": {"verified_claims": {}}}',
        '{"userinfo": {"verified_claims": {"verification": {}, "claims": []}}}',
        '{"userinfo": {"verified_claims": {"verification": null, "claims": {}}}}',
        json.dumps({"userinfo": {"name": {"value": "x" * 17_000}}}),
        '{"userinfo": ' * 5000,
        "[" * 16_000,
        json.dumps({"userinfo": {f"c{n}": None for n in range(201)}}),
        '{"userinfo": {"name": {"value": ' + "[" * 20 + "]" * 20 + "}}}",
    ],
)
def test_what_cannot_be_read_is_refused(text):
    """Wrong JSON, wrong types, doubled members, too much of anything."""
    with pytest.raises(InvalidClaimsError) as refused:
        parse_claims(text)

    assert refused.value.description


@given(JSON | NEAR)
def test_any_json_is_read_or_refused(value):
    """Nothing else happens, and what was read survives its own JSON."""
    try:
        request = parse_claims(json.dumps(value))
    except InvalidClaimsError:
        return

    assert ClaimsRequest.from_json(request.to_json()) == request
    assert parse_claims(json.dumps(request.to_json())) == request


@given(st.text())
def test_any_text_is_read_or_refused(text):
    """Nothing else happens."""
    try:
        parse_claims(text)
    except InvalidClaimsError:
        return
