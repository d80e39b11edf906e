"""Release: never more than request, purpose, consent and both levels allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.claims.catalogue import CLAIMS, SCOPES, SUPPORTED
from idp.claims.release import Recipient, asked, release
from idp.claims.request import ClaimsRequest
from tests.unit.relying_parties.parties import party, purpose

ALL_SCOPES = " ".join(SCOPES)
EVERYTHING = frozenset(CLAIMS)
VALUES = {name: f"value of {name}" for name in CLAIMS} | {
    "household": {"relation": "child"},
    "household.members": [{"name": "Trần B."}],
}
SANDBOXED = party(scope=ALL_SCOPES)
PERMITTED = party(scope=ALL_SCOPES, claims_policy=[purpose("household.members")])


def test_catalogue_and_scopes_agree():
    """Each claim of a scope is in the catalogue under that scope."""
    wallets = {"residence_credential"}  # another way to what `residence` asks
    for scope, names in SCOPES.items():
        if scope in wallets:
            continue
        assert {n for n, claim in CLAIMS.items() if claim.scope == scope} == set(names)
    assert "household.members" not in SUPPORTED


def test_scopes_ask_for_userinfo_only():
    """The ID token gets what `claims.id_token` names (OIDC Core §5.4)."""
    request = ClaimsRequest.from_json(
        {
            "id_token": {"email": {"essential": True}, "acr": None},
            "userinfo": {"household": None, "sub": None},
        }
    )

    wishes = asked(("openid", "phone", "unheard_of"), request)

    assert wishes.id_token == {"email"}
    assert wishes.userinfo == {
        "phone_number",
        "phone_number_verified",
        "household",
        "household.members",
    }
    assert wishes.essential == {"email"}
    assert wishes.by_scope == {"phone_number", "phone_number_verified"}


@pytest.mark.parametrize(
    ("portal", "account_level", "authentication_level", "household"),
    [
        (SANDBOXED, 2, 2, {"relation": "child"}),
        (PERMITTED, 2, 2, {"relation": "child", "members": [{"name": "Trần B."}]}),
        (PERMITTED, 2, 1, {"relation": "child"}),
        (PERMITTED, 1, 2, None),
        (party(scope="openid"), 2, 2, None),
    ],
)
def test_household_needs_purpose_and_levels(
    portal, account_level, authentication_level, household
):
    """Other members need a registered purpose and two factors (anchors K8)."""
    recipient = Recipient(portal, account_level, authentication_level)

    released = release(EVERYTHING, recipient, allowed=EVERYTHING, values=VALUES)

    assert released.claims.get("household") == household


@pytest.mark.parametrize(
    ("name", "recipient", "allowed", "values", "reason"),
    [
        (
            "name",
            Recipient(party(scope="openid"), 2, 2),
            {"name"},
            VALUES,
            "no_purpose",
        ),
        (
            "residence",
            Recipient(SANDBOXED, 1, 2),
            {"residence"},
            VALUES,
            "account_level",
        ),
        ("address", Recipient(SANDBOXED, 1, 2), {"address"}, VALUES, "account_level"),
        (
            "household.members",
            Recipient(PERMITTED, 2, 1),
            EVERYTHING,
            VALUES,
            "authentication_level",
        ),
        ("name", Recipient(SANDBOXED, 2, 2), set(), VALUES, "not_consented"),
        ("email", Recipient(SANDBOXED, 2, 2), {"email"}, {}, "not_held"),
    ],
)
def test_what_is_withheld_has_its_reason(name, recipient, allowed, values, reason):
    """The citizen is told why; the portal sees nothing."""
    released = release([name], recipient, allowed=frozenset(allowed), values=values)

    assert released.claims == {}
    assert released.withheld == {name: reason}


def test_outside_a_sandbox_nothing_goes_without_a_registered_purpose():
    """Also for a client that was registered while the sandbox was on."""
    from idp.relying_parties.stored import build_party
    from tests.unit.relying_parties.parties import metadata, validate
    from tests.unit.world import NOW

    document, policy = validate(metadata(scope=ALL_SCOPES), sandbox=True)
    real = build_party("portal", document, policy, sandbox=False, now=NOW)

    released = release(
        EVERYTHING, Recipient(real, 2, 2), allowed=EVERYTHING, values=VALUES
    )

    assert released.claims == {}
    assert set(released.withheld.values()) == {"no_purpose"}


SETS = st.frozensets(st.sampled_from(sorted(CLAIMS)))


@given(
    names=SETS,
    allowed=SETS,
    held=SETS,
    purposes=SETS,
    account_level=st.sampled_from([1, 2]),
    authentication_level=st.sampled_from([1, 2, 3, 4]),
)
def test_nothing_outside_the_intersection_is_released(
    names, allowed, held, purposes, account_level, authentication_level
):
    """Every claim that leaves passed each of the six conditions by itself."""
    portal = party(scope="openid", claims_policy=[purpose(name) for name in purposes])
    recipient = Recipient(portal, account_level, authentication_level)
    values = {name: VALUES[name] for name in held}

    released = release(names, recipient, allowed=allowed, values=values)

    told = set(released.claims)
    if "members" in released.claims.get("household", {}):
        told.add("household.members")
    assert told <= names & allowed & held & portal.purposes.keys()
    for name in told:
        assert CLAIMS[name].account_level <= account_level
        assert CLAIMS[name].authentication_level <= authentication_level
    assert released.withheld.keys() <= names
    assert not told & released.withheld.keys()
