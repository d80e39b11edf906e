"""`verified_claims`: what was asked, with what stands behind it (OIDC4IDA)."""

from datetime import timedelta

import pytest

from idp.claims.person import Person
from idp.claims.request import ClaimsRequest, InvalidClaimsError
from idp.claims.verified_claims import (
    TRUST_FRAMEWORK,
    VERIFIABLE,
    Verification,
    build,
    metadata,
)
from tests.unit.registry.records import AS_OF

RELEASED = {"name": "Trần Văn Thử", "birthdate": "1985", "residence": {"as_of": "x"}}
BEHIND = Verification(
    Person(proofed_on="2026-02-03", registry_as_of=AS_OF, authority="Register"), 2
)
NOW = AS_OF + timedelta(days=10)
RECORD = {"type": {"value": "electronic_record"}}


def answer(verification, claims, *, behind=BEHIND, released=RELEASED):
    asked = {"verification": verification, "claims": claims}
    request = ClaimsRequest.from_json({"userinfo": {"verified_claims": asked}})
    return build(request.userinfo, behind, released=released, now=NOW)


@pytest.mark.parametrize(
    "wish",
    [
        None,
        {},
        {"essential": False},
        {"essential": True},
        {"value": TRUST_FRAMEWORK},
        {"values": ["eidas", TRUST_FRAMEWORK]},
    ],
)
def test_the_trust_framework_is_told(wish):
    """Asked for in any way that we meet."""
    assert answer({"trust_framework": wish}, {"name": None}) == {
        "verification": {"trust_framework": TRUST_FRAMEWORK},
        "claims": {"name": "Trần Văn Thử"},
    }


def test_verification_data_are_told_when_asked():
    """Level, time, evidence with the register's authority."""
    wish = {
        "trust_framework": None,
        "assurance_level": None,
        "time": {"max_age": 864_000},
        "evidence": [{"type": {"value": "electronic_record"}, "record": None}],
        "verification_process": None,
    }

    told = answer(wish, {"residence": None})["verification"]

    assert told == {
        "trust_framework": TRUST_FRAMEWORK,
        "assurance_level": "account_level_2",
        "time": "2026-10-01T03:04:05Z",
        "evidence": [
            {
                "type": "electronic_record",
                "record": {
                    "type": "residence_register",
                    "source": {"name": "Register", "country_code": "VNM"},
                    "created_at": "2026-10-01T03:04:05Z",
                },
            }
        ],
    }


def test_each_register_is_evidence_of_its_claims():
    """Name and residence come from two registers; null asks for all of it."""
    wish = {"trust_framework": None, "evidence": None}

    evidence = answer(wish, {"name": None, "residence": None})["verification"][
        "evidence"
    ]

    assert [item["record"]["type"] for item in evidence] == [
        "population_register",
        "residence_register",
    ]
    assert evidence[0]["time"] == "2026-02-03T00:00:00+07:00"


def test_only_the_asked_members_of_evidence_are_told():
    """Verification data are personal data too."""
    template = {**RECORD, "record": {"source": {"name": None}}}
    wish = {"trust_framework": None, "evidence": [template]}

    evidence = answer(wish, {"name": None})["verification"]["evidence"]

    assert evidence == [
        {
            "type": "electronic_record",
            "record": {"type": "population_register", "source": {"name": "Register"}},
        }
    ]


@pytest.mark.parametrize(
    ("verification", "claims"),
    [
        ({"trust_framework": {"value": "eidas"}}, {"name": None}),
        ({"trust_framework": {"values": ["eidas"]}}, {"name": None}),
        ({"assurance_level": {"value": "high"}}, {"name": None}),
        ({"time": {"max_age": 86_400}}, {"residence": None}),
        ({"evidence": [{"type": {"value": "document"}}]}, {"name": None}),
        ({"evidence": [RECORD | {"record": {"value": {}}}]}, {"name": None}),
        ({"evidence": [RECORD | {"method": {"value": "pipp"}}]}, {"name": None}),
        ({"trust_framework": [{"x": None}]}, {"name": None}),
        ({"assurance_process": {"policy": {"value": "gpg45"}}}, {"name": None}),
        ({"trust_framework": None}, {"name": {"value": "Ai Khác"}}),
        ({"trust_framework": None}, {"gender": None}),
        ({"trust_framework": None}, {"email": None}),
        ({"trust_framework": None}, {}),
        ({"trust_framework": None}, None),
    ],
)
def test_an_unmet_constraint_leaves_the_whole_element_out(verification, claims):
    """No half answers, no errors: the element is simply absent."""
    assert answer(verification, claims) is None


def test_a_claim_that_does_not_match_is_left_out_alone():
    """`value`, `values` or `max_age` of a claim concern that claim (§5.7.4)."""
    asked = {
        "name": {"values": ["Ai Khác"]},
        "birthdate": {"value": "1985"},
        "residence": {"max_age": 1},
    }

    told = answer({"trust_framework": None}, asked)

    assert told["claims"] == {"birthdate": "1985"}


def test_a_register_that_does_not_match_takes_its_claims_along():
    """Evidence of one register is no evidence for the other's claims (§5.5.1)."""
    record = RECORD | {"record": {"type": {"value": "residence_register"}}}
    asked = {"name": None, "residence": None}

    filtered = answer({"evidence": [record]}, asked)
    recent = answer({"time": {"max_age": 864_000}}, asked)

    assert filtered["claims"] == recent["claims"] == {"residence": {"as_of": "x"}}
    (evidence,) = filtered["verification"]["evidence"]
    assert evidence["record"] == {"type": "residence_register"}
    assert recent["verification"]["time"] == "2026-10-01T03:04:05Z"


def test_templates_of_evidence_are_alternatives():
    """Several filters are linked by OR (§5.4)."""
    records = [
        RECORD | {"record": {"type": {"value": kind}}}
        for kind in ("no_register", "population_register", "residence_register")
    ]

    told = answer({"evidence": records}, {"name": None, "residence": None})

    assert len(told["claims"]) == len(told["verification"]["evidence"]) == 2


def test_the_time_of_two_registers_is_the_older():
    """Nothing is made to look fresher than it is."""
    told = answer({"time": None}, {"name": None, "residence": None})

    assert told["verification"]["time"] == "2026-02-03T00:00:00+07:00"


@pytest.mark.parametrize(
    ("held", "age", "is_fresh"),
    [
        ("2026-10-11", 0, True),
        ("2026-10-10", 11_045, False),
        ("2026-10-10", 11_046, True),
        ("1985", 10**12, False),
        ("not a day", 10**12, False),
    ],
)
def test_a_day_counts_from_its_last_second(held, age, is_fresh):
    """OIDC4IDA §5.5.2; what cannot be dated is never fresh."""
    asked = {"birthdate": {"max_age": age}}

    told = answer({}, asked, released={"birthdate": held})

    assert (told is not None) == is_fresh


def test_assurance_details_filter_nothing():
    """We have none; asking for a type has no effect (§5.4)."""
    process = {"assurance_details": [{"assurance_type": {"value": "x"}}]}

    assert answer({"assurance_process": process}, {"name": None})
    assert not answer({"assurance_process": {"policy": {"value": "x"}}}, {"name": None})


@pytest.mark.parametrize(
    "verification",
    [
        {"trust_framework": {"values": "eidas"}},
        {"trust_framework": "eidas"},
        {"trust_framework": {"essential": "yes"}},
        {"trust_framework": {"purpose": "x"}},
        {"trust_framework": {"purpose": "for\nyou"}},
        {"time": {"max_age": "x"}},
        {"time": {"max_age": -1}},
        {"time": {"max_age": True}},
        {"evidence": RECORD},
        {"evidence": ["x"]},
        {"evidence": []},
        {"evidence": [RECORD] * 9},
        {"evidence": [{"record": None}]},
        {"evidence": [{"type": None}]},
        {"evidence": [{"type": {"values": ["electronic_record"]}}]},
        {"evidence": [{"type": RECORD["type"] | {"values": ["document"]}}]},
        {"evidence": [RECORD | {"record": "x"}]},
    ],
)
def test_what_cannot_be_read_is_refused(verification):
    """A constraint must never be ignored, so none may be unreadable (§5.5.1)."""
    with pytest.raises(InvalidClaimsError):
        answer(verification, {"name": None})


def test_unknown_and_withheld_claims_are_left_out():
    """Even if they are essential; what may be given is given."""
    told = answer(
        {"trust_framework": None},
        {"name": None, "gender": {"essential": True}, "email": None},
    )

    assert told["claims"] == {"name": "Trần Văn Thử"}


def test_a_withheld_claim_cannot_be_guessed():
    """The value of a claim that is not released is never compared."""
    asked = {"name": None, "gender": {"value": "male"}}
    other = {"name": None, "gender": {"value": "female"}}

    first, second = (answer({"trust_framework": None}, a) for a in (asked, other))

    assert first == second


def test_elements_of_a_list_stand_alone():
    """A list is answered by a list of those that can be met."""
    wishes = [
        {
            "verification": {"trust_framework": {"value": "eidas"}},
            "claims": {"name": None},
        },
        {"verification": {"trust_framework": None}, "claims": {"birthdate": None}},
    ]
    request = ClaimsRequest.from_json({"userinfo": {"verified_claims": wishes}})

    told = build(request.userinfo, BEHIND, released=RELEASED, now=NOW)

    assert [item["claims"] for item in told] == [{"birthdate": "1985"}]


def test_an_unknown_time_is_not_made_up():
    """Without a date of proofing there is none to tell, and none is fresh."""
    behind = Verification(Person(authority="Register"), 1)
    wish = {"trust_framework": None, "time": None}

    told = answer(wish, {"name": None}, behind=behind)["verification"]

    assert told == {"trust_framework": TRUST_FRAMEWORK}
    assert answer({"time": {"max_age": 10**9}}, {"name": None}, behind=behind) is None


def test_discovery_lists_what_can_be_verified():
    """Contacts are not verified by a register."""
    assert metadata()["claims_in_verified_claims_supported"] == list(VERIFIABLE)
    assert "email" not in VERIFIABLE
    assert "household.members" not in VERIFIABLE
    assert {"name", "residence", "household", "personal_number"} <= set(VERIFIABLE)
