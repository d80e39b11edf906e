"""For each attack a provider that has just this weakness, and lets it through."""

from functools import partial

import pytest

from idp.factors.throttle import Admission, Throttle
from idp.oidc import errors
from idp.oidc.logout import _Endpoint
from idp.oidc.pkce import CodeChallenge
from idp.oidc.revocation import RevocationEndpoint
from idp.storage.embedded import EmbeddedStore
from tests.attacks import (
    weak_people,
    weak_proofs,
    weak_registering,
    weak_requests,
    weak_senders,
    weak_ways,
)
from tests.attacks.weakening import WEAKNESSES, always, weakness

__all__ = [
    "WEAKNESSES", "weak_people", "weak_proofs", "weak_registering", "weak_requests",
    "weak_senders", "weak_ways",
]  # fmt: skip


def _answer(place: tuple, value: object, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(*place, always(value))


# What needs no more than a check that says yes, or does nothing.
_SIMPLE = {
    "logout_redirect_near_miss": (
        _Endpoint, "_is_valid_post_logout_redirect_uri", True
    ),
    "code_race": (EmbeddedStore, "claim", True),
    "assertion_replayed": (EmbeddedStore, "claim", True),
    "code_replayed": ("idp.oidc.codes._end_grant", None),
    "verifier_wrong": ("idp.oidc.pkce.check_verifier", None),
    "code_injected": ("idp.oidc.pkce.check_verifier", None),
    "challenge_downgraded": (CodeChallenge, "validate_code_challenge", None),
    "code_guessed": ("idp.oidc.codes._digest", "same"),
    "assertion_forged": ("idp.oidc.assertions.is_signed_by", True),
    "request_object_forged": ("idp.oidc.assertions.is_signed_by", True),
    "pushed_request_reused": ("idp.oidc.pushed.consume", True),
    "pushed_request_race": ("idp.oidc.pushed.consume", True),
    "refresh_token_reused": ("idp.consent.grants.end", None),
    "refresh_after_revocation": (RevocationEndpoint, "revoke_token", None),
    "use_after_withdrawal": ("idp.consent.grants.end", None),
    "session_after_logout": ("idp.oidc.logout.sign_out", None),
    "form_from_another_site": ("idp.web.csrf.check", None),
    "another_person_after_prompt_login": ("idp.authentication.session.sid", "same"),
    "logout_without_question": ("idp.oidc.logout._is_of_session", True),
    "code_brute_forced": (Throttle, "admit", Admission(allowed=True)),
    "password_brute_forced": (Throttle, "admit", Admission(allowed=True)),
    "victim_locked_out": ("idp.factors.devices.find_known", None),
    "residence_below_level": (
        "idp.oidc.person_claims.for_userinfo", {"residence": {}}
    ),
    "consent_borrowed": ("idp.consent.policy._could_be_anyone", False),
    "code_used_by_many": ("idp.factors.totp._use", True),
    "code_reused": ("idp.factors.totp._use", True),
    "minimum_stripped": ("idp.authentication.steps._assurance", None),
    "consent_skipped": ("idp.oidc.authorization.unconsented", None),
    "claims_beyond_the_scope": ("idp.oidc.person_claims.for_userinfo", {"name": "x"}),
    "consent_tampered": ("idp.oidc.person_claims.for_userinfo", {"name": "x"}),
    "device_approved_unseen": ("idp.web.csrf.check", None),
    "user_code_guessed": (Throttle, "admit_user_code", Admission(allowed=True)),
    "factor_added_with_an_old_proof": (
        "idp.authentication.steps.unmet_action", None
    ),
    "activation_race": ("idp.enrolment.activation.activate", None),
    "consent_race": ("idp.consent.grants.end", None),
    "one_token_for_another": (
        "idp.oidc.userinfo.userinfo", errors.json_answer(200, {"sub": "x"})
    ),
}  # fmt: skip
for _name, (*_place, _value) in _SIMPLE.items():
    weakness(_name)(partial(_answer, tuple(_place), _value))
