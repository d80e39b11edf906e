"""When a citizen is asked, what they are shown, and what their answer means."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.claims.catalogue import CLAIMS, SCOPES
from idp.claims.release import Recipient
from idp.consent import policy
from idp.consent.grants import GrantView
from tests.unit.relying_parties.parties import CALLBACK, party, purpose
from tests.unit.world import NOW

ALL = party(scope=" ".join(SCOPES))
PROFILE = frozenset(n for n in SCOPES["profile"])
STARTED = NOW - timedelta(minutes=1)


@dataclass(frozen=True)
class Asking:
    """An authorization request as far as consent sees it."""

    scopes: tuple[str, ...] = ("openid", "profile")
    claims: dict[str, Any] = field(default_factory=dict)
    prompt: tuple[str, ...] = ()
    redirect_uri: str = CALLBACK
    waiting: str | None = None


def grant(**values) -> GrantView:
    """Return a grant for the profile."""
    return GrantView(
        **{
            "id": uuid4(),
            "account_id": uuid4(),
            "client_id": "portal",
            "subject": "s",
            "scopes": ("openid", "profile"),
            "claims": PROFILE,
            "refused": frozenset(),
            "granted_at": STARTED,
            "expires_at": NOW + timedelta(days=1),
        }
        | values
    )


def reason(request, given, *, recipient=None, consented_at=None):
    step = policy.unmet(
        request,
        recipient or Recipient(ALL, 2, 2),
        given,
        now=NOW,
        consented_at=consented_at,
        txn_created=STARTED,
    )
    return step.reason if step else None


def wishing(**claims):
    return {"userinfo": claims}


@pytest.mark.parametrize(
    ("request_", "given", "expected"),
    [
        (Asking(), None, "never_asked"),
        (Asking(scopes=("openid",)), None, "never_asked"),
        (Asking(), grant(), None),
        (Asking(scopes=("openid",)), grant(), None),
        (Asking(), grant(expires_at=NOW), "expired"),
        (Asking(prompt=("consent",)), grant(), "prompt_consent"),
        (Asking(prompt=("login",)), grant(), None),
        (Asking(scopes=("openid", "profile", "email")), grant(), "wider_than_before"),
        (Asking(scopes=("openid", "offline_access")), grant(), "wider_than_before"),
        (Asking(claims=wishing(email=None)), grant(), "wider_than_before"),
        (Asking(claims={"id_token": {"email": None}}), grant(), "wider_than_before"),
        (Asking(claims=wishing(email=None)), grant(refused={"email"}), None),
        (
            Asking(claims=wishing(email={"essential": True})),
            grant(refused={"email"}),
            None,
        ),
        (Asking(claims=wishing(shoe_size=None, sub=None)), grant(), None),
        (
            Asking(
                claims=wishing(
                    verified_claims={
                        "verification": {"trust_framework": None},
                        "claims": {"personal_number": None},
                    }
                )
            ),
            grant(),
            "wider_than_before",
        ),
    ],
)
def test_the_table_of_asking(request_, given, expected):
    """Only what was never decided, has run out or is asked anew asks again."""
    assert reason(request_, given) == expected


def test_a_consent_of_this_transaction_is_enough():
    """`prompt=consent` is met once the citizen has just answered."""
    request = Asking(prompt=("consent",))

    assert reason(request, grant(), consented_at=NOW) is None
    before = STARTED - timedelta(seconds=1)
    assert reason(request, grant(), consented_at=before) == "prompt_consent"


def test_what_a_level_withholds_is_asked_when_the_level_is_reached():
    """Nobody allows what they were not shown."""
    request, given = (
        Asking(scopes=("openid", "residence")),
        grant(scopes=("openid", "residence"), claims=frozenset()),
    )

    assert reason(request, given, recipient=Recipient(ALL, 1, 1)) is None
    assert reason(request, given, recipient=Recipient(ALL, 2, 1)) == "wider_than_before"


def test_a_newly_registered_purpose_widens_the_request():
    """Other members of the household are asked for once there is a purpose."""
    request = Asking(scopes=("openid", "household"))
    given = grant(scopes=request.scopes, claims=frozenset({"household"}))
    permitted = party(
        scope="openid household", claims_policy=[purpose("household.members")]
    )

    assert reason(request, given) is None
    assert (
        reason(request, given, recipient=Recipient(permitted, 2, 2))
        == "wider_than_before"
    )


@pytest.mark.parametrize(
    ("redirect_uri", "members", "expected"),
    [
        ("vn.example.app:/back", {"application_type": "native"}, "unproven_client"),
        ("http://127.0.0.1/back", {"application_type": "native"}, "unproven_client"),
        (CALLBACK, {"application_type": "native"}, None),
        ("http://127.0.0.1/back", {}, None),
    ],
)
def test_an_app_that_anyone_could_pose_as_asks_each_time(
    redirect_uri, members, expected
):
    """RFC 8252 §8.6: remembered consent is not for unproven native clients."""
    portal = party(
        redirect_uris=[redirect_uri], token_endpoint_auth_method="none", **members
    )
    request, recipient = Asking(redirect_uri=redirect_uri), Recipient(portal, 2, 2)

    assert reason(request, grant(), recipient=recipient) == expected
    assert reason(request, grant(), recipient=recipient, consented_at=NOW) is None


@pytest.mark.parametrize("kind", ["web", "native"])
@pytest.mark.parametrize(
    ("method", "expected"), [("none", "unproven_client"), ("client_secret_basic", None)]
)
def test_a_device_without_a_secret_asks_each_time(kind, method, expected):
    """RFC 8628 §5.6: no redirect proves whom the tokens reach."""
    portal = party(token_endpoint_auth_method=method, application_type=kind)
    request = Asking(redirect_uri="", waiting="name")
    recipient = Recipient(portal, 2, 2)

    assert reason(request, grant(), recipient=recipient) == expected
    assert reason(request, grant(), recipient=recipient, consented_at=NOW) is None


def test_the_question_shows_the_values_that_will_be_given():
    """Companions go with their claim; what cannot be given is listed apart."""
    recipient = Recipient(ALL, 1, 1)
    request = Asking(scopes=("openid", "email", "residence", "offline_access"))

    question = policy.question(
        request, recipient, None, values={"email": "a@b.vn", "email_verified": False}
    )

    (item,) = question.items
    assert (item.claim, item.names) == ("email", ("email", "email_verified"))
    assert item.values == {"email": "a@b.vn", "email_verified": False}
    assert not item.voluntary
    assert question.withheld == {"residence": "account_level"}
    assert question.offline
    assert policy.wanted(request, recipient) == ("email", "email_verified")


def test_a_companion_alone_is_an_item_of_its_own():
    """Whoever asks only whether the phone was verified is shown just that."""
    request = Asking(("openid",), wishing(phone_number_verified=None))

    question = policy.question(request, Recipient(ALL, 2, 2), None, values={})

    assert [item.claim for item in question.items] == ["phone_number_verified"]


@pytest.mark.parametrize(
    ("registered", "request_", "is_voluntary"),
    [
        (None, Asking(("openid", "email")), False),
        (None, Asking(("openid",), wishing(email=None)), True),
        (None, Asking(("openid",), wishing(email={"essential": True})), False),
        (None, Asking(("openid", "email"), wishing(email=None)), False),
        (True, Asking(("openid", "email")), True),
        (True, Asking(("openid",), wishing(email={"essential": True})), True),
        (False, Asking(("openid",), wishing(email=None)), False),
    ],
)
def test_who_says_that_a_claim_is_voluntary(registered, request_, is_voluntary):
    """The registered policy; where it is silent, the request's own words."""
    items = [purpose("email", voluntary=registered)]
    portal = party(scope="openid email", claims_policy=items)

    question = policy.question(request_, Recipient(portal, 2, 2), None, values={})

    assert [item.voluntary for item in question.items] == [is_voluntary]


def test_voluntary_claims_are_ticked_only_if_they_were_allowed_before():
    """Silence is not consent (Law 91/2025)."""
    request = Asking(("openid",), wishing(email=None, name=None, gender=None))
    given = grant(claims=frozenset({"name"}), refused=frozenset({"gender"}))

    question = policy.question(request, Recipient(ALL, 2, 2), given, values={})

    ticked = {item.claim: item.ticked for item in question.items}
    assert ticked == {"name": True, "gender": False, "email": False}


def test_the_decision_follows_the_ticks():
    """What was not asked, and what is not voluntary, cannot be ticked or unticked."""
    request = Asking(("openid", "profile"), wishing(email=None, phone_number=None))
    question = policy.question(request, Recipient(ALL, 2, 2), None, values={})

    decision = policy.decide(question, ["email", "household", "name", "", "email"])

    assert decision.claims == PROFILE | {"email"}
    assert decision.refused == {"phone_number"}
    assert decision.scopes == ("openid", "profile")


WISHES = st.dictionaries(
    st.sampled_from(sorted(CLAIMS)),
    st.sampled_from([None, {"essential": True}]),
)


@given(
    scopes=st.lists(st.sampled_from(sorted(SCOPES)), unique=True),
    wishes=WISHES,
    ticks=st.lists(st.sampled_from(sorted(CLAIMS))),
    levels=st.tuples(st.sampled_from([1, 2]), st.sampled_from([1, 2])),
)
def test_an_answered_question_is_not_asked_again(scopes, wishes, ticks, levels):
    """Whatever was ticked, the same request then passes; nothing unasked is allowed."""
    request = Asking(tuple(scopes), wishing(**wishes))
    recipient = Recipient(ALL, *levels)
    question = policy.question(request, recipient, None, values={})

    decision = policy.decide(question, ticks)
    given = grant(
        scopes=decision.scopes, claims=decision.claims, refused=decision.refused
    )

    assert reason(request, given, recipient=recipient) is None
    assert not decision.claims & decision.refused
    assert decision.claims | decision.refused == set(policy.wanted(request, recipient))
