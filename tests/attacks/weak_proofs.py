"""Providers that are careless with proofs of clients and with tokens."""

import base64
import json
from urllib.parse import parse_qsl

import pytest

from idp.consent import refresh_tokens
from idp.oidc import access_tokens, client_auth, codes, introspection
from idp.oidc.id_token_hint import Hint
from idp.oidc.protected import Presented
from idp.oidc.request_guard import parse_form
from tests.attacks.weakening import weakness


@weakness("assertion_misshapen")
def lenient_json(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("idp.strict_json.unique_members", dict)


@weakness("hint_forged")
def hint_unread(patch: pytest.MonkeyPatch) -> None:
    def verify(provider, unverified, *, now):
        claims = access_claims(unverified)
        return Hint(claims["aud"], claims["sub"], claims.get("sid", ""))

    patch.setattr("idp.oidc.logout.verify_hint", verify)


@weakness("assertion_for_another")
def any_assertion(patch: pytest.MonkeyPatch) -> None:
    def check(claims, *, now, **rest):
        return now.timestamp() + 60

    patch.setattr("idp.oidc.assertions.check_claims", check)


@weakness("two_proofs_at_once")
def first_proof_counts(patch: pytest.MonkeyPatch) -> None:
    def method(request, form):
        return (
            "client_secret_post" if "client_secret" in form else original(request, form)
        )

    original = client_auth._method_used
    patch.setattr(client_auth, "_method_used", method)


@weakness("secret_in_the_address")
def address_read(patch: pytest.MonkeyPatch) -> None:
    def read(request):
        return parse_form(f"{request.query}&".encode() + request.body)

    patch.setattr("idp.oidc.server.form", read)


@weakness("refresh_race")
def refresh_spends_nothing(patch: pytest.MonkeyPatch) -> None:
    def rotate(database, audit, token, **rest):
        kept = refresh_tokens.find(database, token)
        snapshot = dict(kept.snapshot)
        found = ("rotated", kept.grant_id, kept.chain_id, "x" * 43, snapshot)
        return refresh_tokens.Rotation(*found)

    patch.setattr(refresh_tokens, "rotate", rotate)


@weakness("scope_widened")
def any_scope_at_refresh(patch: pytest.MonkeyPatch) -> None:
    def narrowed(sign_in, asked):
        return tuple((asked or " ".join(sign_in.scopes)).split())

    patch.setattr("idp.oidc.grants.narrowed_scopes", narrowed)


@weakness("token_of_another_client")
def introspection_for_all(patch: pytest.MonkeyPatch) -> None:
    def look(provider, token, client_id, *, now):
        claims = access_tokens.verified_claims(provider, token, now=now)
        owner = claims["client_id"] if claims else client_id
        return original(provider, token, owner, now=now)

    original = introspection._access_token
    patch.setattr(introspection, "_access_token", look)


@weakness("token_in_the_address")
def token_read_from_address(patch: pytest.MonkeyPatch) -> None:
    def token(request):
        return Presented("Bearer", dict(parse_qsl(request.query))["access_token"])

    patch.setattr("idp.oidc.protected.presented", token)


@weakness("scope_not_registered")
def scope_added(patch: pytest.MonkeyPatch) -> None:
    def given(request, grant, party):
        return [*request.scopes, "admin"]

    patch.setattr(codes, "_given_scopes", given)


@weakness("client_enumerated")
def clients_told_apart(patch: pytest.MonkeyPatch) -> None:
    def authenticate(provider, request, form):
        if provider.relying_parties.find(form.get("client_id", "")) is None:
            raise client_auth.failed("client_secret_post", "There is no such client")
        return original(provider, request, form)

    original = client_auth.authenticate
    patch.setattr(client_auth, "authenticate", authenticate)


def access_claims(token: str) -> dict:
    """Return the payload of a JWT that nobody has verified."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
