"""Providers that are careless with requests, answers and codes."""

import base64
import contextlib
import json
import re
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
import requests

from idp.authentication import transaction
from idp.authentication.transaction import AuthorizationRequest
from idp.oidc import authorization_request, codes, pushed, requested
from idp.oidc.request_guard import Form
from idp.oidc.visit import Visit, returning
from tests.attacks.rewriting import Exchange, rewrite
from tests.attacks.weakening import always, weakness


@weakness("redirect_uri_near_miss", "hostile_redirect_in_a_broken_request")
def any_redirect_uri(patch: pytest.MonkeyPatch) -> None:
    for module in ("authorization_request", "authorization"):
        patch.setattr(f"idp.oidc.{module}.redirect_uri_allowed", always(True))


@weakness("unsigned_request_object")
def request_objects_unread(patch: pytest.MonkeyPatch) -> None:
    def parse(server, params, **rest):
        if "request" in params:
            payload = params.pop("request").split(".")[1]
            params |= json.loads(base64.urlsafe_b64decode(payload + "=="))
        return original(server, params, **rest)

    original = authorization_request.parse_request
    any_redirect_uri(patch)
    patch.setattr("idp.oidc.authorization.parse_request", parse)


@weakness("cancel_from_another_site")
def cancel_leads_anywhere(patch: pytest.MonkeyPatch) -> None:
    def change(seen: Exchange) -> None:
        if seen.path == "/authorize/cancel" and seen.asked("redirect_uri"):
            seen.redirect(seen.asked("redirect_uri"))

    rewrite(patch, change)


@weakness("parameter_given_twice")
def last_value_wins(patch: pytest.MonkeyPatch) -> None:
    lenient = lambda body: Form(parse_qsl(body.decode()))  # noqa: E731
    patch.setattr("idp.oidc.visit.parse_form", lenient)


@weakness("issuer_in_every_answer")
def no_issuer(patch: pytest.MonkeyPatch) -> None:
    def strip(location: str) -> str:
        return re.sub(r"&iss=[^&]*", "", location)

    rewrite(patch, lambda seen: seen.change_header("Location", strip))


@weakness("next_page_elsewhere")
def next_page_anywhere(patch: pytest.MonkeyPatch) -> None:
    def change(seen: Exchange) -> None:
        if seen.asked("next"):
            seen.redirect(seen.asked("next"))

    rewrite(patch, change)


@weakness("code_of_another_client")
def code_of_anybody(patch: pytest.MonkeyPatch) -> None:
    def redeem(provider, code, *, client_id, **rest):
        kept = provider.ephemeral.get(f"code:{codes._digest(code)}")
        owner = kept["sign_in"]["client_id"] if kept else client_id
        return original(provider, code, client_id=owner, **rest)

    original = codes.redeem
    patch.setattr(codes, "redeem", redeem)


@weakness("one_id_for_another")
def one_store_for_all(patch: pytest.MonkeyPatch) -> None:
    def find(provider, transaction_id, *, now):
        kept = provider.ephemeral.get(f"par:{transaction_id}")
        if kept is None:
            return returning(provider, transaction_id, now=now)
        asked = AuthorizationRequest.from_json(kept)
        started = transaction.prepare("browser", now=now, request=asked)
        return Visit(provider, started, now, is_stored=False)

    patch.setattr("idp.oidc.authorization.returning", find)


@weakness("sign_in_in_another_browser")
def any_browser(patch: pytest.MonkeyPatch) -> None:
    equal = SimpleNamespace(compare_digest=always(True))
    patch.setattr("idp.authentication.transaction.hmac", equal)


@weakness("parameters_beside_a_pushed_request")
def parameters_mixed(patch: pytest.MonkeyPatch) -> None:
    def find(provider, params):
        asked = original(provider, params)
        return replace(asked, state=params.get("state", asked.state))

    original = pushed.find
    patch.setattr(pushed, "find", find)


@weakness("request_not_pushed")
def plain_is_pushed(patch: pytest.MonkeyPatch) -> None:
    def check(server, party, params, *, is_pushed):
        original(server, party, params, is_pushed=True)

    original = authorization_request._check_protocol
    patch.setattr(authorization_request, "_check_protocol", check)


@weakness("two_tabs")
def states_swapped(patch: pytest.MonkeyPatch) -> None:
    def swap(location: str) -> str:
        return re.sub(r"state=[^&]*", "state=other", location)

    rewrite(patch, lambda seen: seen.change_header("Location", swap))


@weakness("address_fetched")
def addresses_fetched(patch: pytest.MonkeyPatch) -> None:
    def check(server, party, params, **rest):
        if params.get("request_uri", "").startswith("http://127."):
            with contextlib.suppress(requests.RequestException):
                requests.get(params["request_uri"], timeout=0.05)
        original(server, party, params, **rest)

    original = authorization_request._check_protocol
    patch.setattr(authorization_request, "_check_protocol", check)


@weakness("input_unbounded")
def deep_input_read(patch: pytest.MonkeyPatch) -> None:
    def parse(text):
        json.loads(text or "{}")
        return original(None)

    original = requested.parse_claims
    patch.setattr(requested, "parse_claims", parse)
