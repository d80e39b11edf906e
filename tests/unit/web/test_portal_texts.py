"""What an approver reads of a portal: every changed value is a changed line."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk

from idp.oidc import openapi_members
from idp.relying_parties import messages, sender
from idp.relying_parties.metadata import validate
from idp.web.staff.portal_texts import LABELS, differences, label
from idp.web.staff.portal_values import value_text

KEYS = [
    jwk.ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}, private=False),
    jwk.ECKey.generate_key("P-384", {"kid": "two", "use": "enc"}, private=False),
]
POLICY = {
    "claim": "name",
    "purpose": "To write to you",
    "purpose#vi": "Để viết thư cho bạn",
    "purpose#en": "To write a letter to you",
    "legal_basis": "Law 26",
    "legal_basis#vi": "Luật 26",
    "voluntary": False,
}
METADATA = {
    "client_name": "Library",
    "client_name#vi": "Thư viện",
    "redirect_uris": ["https://library.example/back"],
    "jwks": {"keys": [key.as_dict(private=False) for key in KEYS]},
    "claims_policy": [POLICY],
    "policy_uri#vi": "https://library.example/vi",
    "allowed_resources": [],
    "scope": "openid profile",
    "backchannel_logout_uri": "https://library.example/bye",
    "security_certificate": {
        "number": "7",
        "issued_by": "Bộ",
        "valid_until": "2027-01-31",
    },
}


def registered() -> dict[str, Any]:
    """Return what becomes of the metadata: every member that is registered."""
    document, policy = validate(METADATA, sandbox=True)
    return document | policy


def leaves(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each single value."""
    inside = value.items() if isinstance(value, dict) else None
    if isinstance(value, list):
        inside = enumerate(value)
    if not inside:
        yield path
        return
    for name, part in inside:
        yield from leaves(part, *path, name)


def changed(document: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """Return a copy in which this one value is another."""
    copy = deepcopy(document)
    place: Any = copy
    for step in path[:-1]:
        place = place[step]
    was = place[path[-1]]
    other = not was if isinstance(was, bool) else "2028-02-28"
    place[path[-1]] = [other] if isinstance(was, list) else other
    return copy


def test_each_single_value_is_a_line_of_its_own() -> None:
    """Also inside a key or a claim's policy, beside another change that is seen."""
    document = registered()
    ways = list(leaves(document))
    assert ("claims_policy", 0, "purpose#vi") in ways

    for path in ways:
        after = changed(document, path)
        (line,) = differences(document, after)
        assert line.label == label(path[0])
        assert line.before == value_text(document[path[0]]) != line.after, path
        assert line.after == value_text(after[path[0]]), path


def test_members_have_words_beside_their_own_names() -> None:
    """Who approves need not know the RFCs; who knows them finds their names."""
    told = {one for one in openapi_members.JSON["registration"] if "client_" not in one}
    told |= {*messages.PROTECTIONS, *sender.SUBJECTS, *sender.BOUND, *registered()}

    for member in told - {"client_id"}:
        words, _, name = label(member).partition(" — ")
        assert words.partition(" (")[0] != name == member
    assert label("redirect_uris").endswith(" sign-in — redirect_uris")
    assert label("client_name#vi") == "Name of the portal (vi) — client_name#vi"


@pytest.mark.parametrize(
    "member", ["tls_client_auth_san_dns", "sector_identifier_uri", "jwks_uri"]
)
def test_who_could_pass_for_the_portal_is_marked(member: str) -> None:
    """Another key, another certificate, another list of addresses of its own."""
    (line,) = differences({member: "https://one.example"}, {member: "https://two"})

    assert line.is_risky


def test_another_key_under_the_same_kid_is_seen() -> None:
    """A key is told by its RFC 7638 thumbprint; its kid is its owner's choice."""
    mine = jwk.ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}, private=False)
    after = registered() | {"client_name": "City library"}
    after["jwks"] = {"keys": [mine.as_dict(private=False), *after["jwks"]["keys"][1:]]}

    first, second = differences(registered(), after)

    assert (first.label, first.is_risky) == (label("jwks"), True)
    assert KEYS[0].thumbprint() in first.before
    assert mine.thumbprint() in first.after
    assert second.label == label("client_name")


@pytest.mark.parametrize(
    ("member", "before"), [("allowed_resources", []), ("claims_policy", [POLICY])]
)
def test_what_falls_away_is_seen(member: str, before: Any) -> None:
    """To name no API is less than to name none in particular."""
    (line,) = differences({member: before}, {})

    assert line.before
    assert not line.after


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "yes", "1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["claim", "kty", "keys", "purpose#vi", *POLICY]), inner
        )
    ),
    max_leaves=5,
)


@settings(max_examples=20)
@given(
    st.sampled_from([*LABELS, "client_name#vi", "tls_client_auth_san_dns"]), JSON, JSON
)
def test_no_two_values_read_the_same(member: str, before: Any, after: Any) -> None:
    """Whatever JSON the values are, a line tells them apart, or they are equal."""
    lines = differences({member: before}, {member: after})

    # In JSON true is not 1, which Python takes for equal.
    if repr(before) == repr(after):
        assert not lines
    for line in lines:
        assert line.label == label(member)
        assert line.before != line.after
    if type(before) is not type(after) or before != after:
        assert len(lines) == 1
