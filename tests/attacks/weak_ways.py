"""Providers that are careless with waiting devices and with ways around a sign-in."""

import pytest
from flask import request

from idp.authentication import cross_device, waiting
from idp.factors import recovery_codes
from idp.factors.results import VerifiedFactor
from idp.factors.throttle import Throttle
from idp.oidc import authorization, codes
from idp.storage.embedded import EmbeddedStore
from tests.attacks.weakening import always, claiming_again, weakness

weakness("device_code_race")(claiming_again("collected:", "code-used:"))
weakness("user_code_race")(claiming_again("decided:"))


@weakness("code_expired")
def nothing_expires(patch: pytest.MonkeyPatch) -> None:
    def put(store, key, value, *, ttl, **rest):
        original(store, key, value, ttl=ttl * 100, **rest)

    original = EmbeddedStore.put
    patch.setattr(EmbeddedStore, "put", put)


@weakness("encrypted_request_object")
def encrypted_requests_unread(patch: pytest.MonkeyPatch) -> None:
    def parse(server, params, **rest):
        params.pop("request", None)
        return original(server, params, **rest)

    original = authorization.parse_request
    patch.setattr(authorization, "parse_request", parse)


@weakness("device_code_of_another")
def collected_by_anybody(patch: pytest.MonkeyPatch) -> None:
    def collect(ephemeral, handle, *, client_id, **rest):
        kept = ephemeral.get(f"waiting:{waiting._name(handle)}")
        owner = kept["request"]["client_id"] if kept else client_id
        return original(ephemeral, handle, client_id=owner, **rest)

    def redeem(provider, code, *, client_id, **rest):
        kept = provider.ephemeral.get(f"code:{codes._digest(code)}")
        owner = kept["sign_in"]["client_id"] if kept else client_id
        return redeem_own(provider, code, client_id=owner, **rest)

    original, redeem_own = waiting.collect, codes.redeem
    patch.setattr("idp.oidc.clients.Client.require_grant", always(None))
    patch.setattr(waiting, "collect", collect)
    patch.setattr(codes, "redeem", redeem)


@weakness("approval_relayed")
def any_number(patch: pytest.MonkeyPatch) -> None:
    def decide(ephemeral, asked, member, *, number, ttl):
        return original(ephemeral, asked, member, number=asked.number, ttl=ttl)

    original = cross_device.decide
    patch.setattr(cross_device, "decide", decide)


@weakness("throttle_stepped_around")
def counted_by_sign_in(patch: pytest.MonkeyPatch) -> None:
    def admit(throttle, kind, *, subject, **rest):
        return original(throttle, kind, subject=f"{subject}{request.path}", **rest)

    original = Throttle.admit
    patch.setattr(Throttle, "admit", admit)


@weakness("reset_link_misused")
def links_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(EmbeddedStore, "take", EmbeddedStore.get)


@weakness("recovery_code_race")
def recovery_codes_stay(patch: pytest.MonkeyPatch) -> None:
    def verify(*args, now, **rest):
        return VerifiedFactor("recovery", now)

    patch.setattr(recovery_codes, "verify", verify)
