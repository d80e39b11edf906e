"""Providers that are careless with keys that tokens are bound to."""

import pytest

from tests.attacks.weakening import always, claiming_again, weakness

weakness("proof_replayed")(claiming_again("dpop:"))


@weakness("proof_for_another")
def any_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("idp.oidc.dpop._check_claims", always(None))


@weakness("bound_token_without_key")
def key_not_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("idp.oidc.binding.check", always(None))


@weakness("code_of_another_key")
def code_unbound(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("idp.oidc.binding.check_code", always(None))
