"""Portals call a citizen (OpenID Connect CIBA), who answers on their own page."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from idp import clock
from idp.provider import Provider
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.metadata import validate
from tests.driver import SECRET, Browser, Portal, at, citizen, error_code
from tests.integration.acting import press
from tests.integration.token_side import KEY, assert_refused, userinfo
from tests.integration.waiting_side import CIBA, poll
from tests.services import BACKENDS

GRANTS = ["authorization_code", "refresh_token", CIBA]
KEYS = {"keys": [KEY.as_dict(private=False)]}


@dataclass
class Scene:
    """A portal that calls, a citizen, and the phone on which they are signed in."""

    provider: Provider
    app: Flask
    portal: Portal
    machine: FlaskClient
    phone: Browser
    person: dict[str, Any]

    def ask(self, **changes: str) -> TestResponse:
        form = {
            "client_id": self.portal.client_id,
            "client_secret": SECRET,
            "scope": "openid profile",
            "login_hint": self.person["personal_number"],
        } | changes
        form = {name: value for name, value in form.items() if value}
        return self.machine.post("/backchannel_authentication", data=form)

    def call(self, **changes: str) -> dict[str, Any]:
        response = self.ask(**changes)
        assert response.status_code == 200, response.text
        called: dict[str, Any] = response.get_json()
        return called

    def poll(self, called: dict[str, Any]) -> TestResponse:
        handle = called["auth_req_id"]
        return poll(self.provider, self.machine, self.portal, handle)

    def look(self) -> TestResponse:
        return self.phone.visit("/account/requests")

    def answer(self, number: str, decision: str = "allow") -> TestResponse:
        """Type the number on the page of calls, and consent if that is asked."""
        self.look()
        action = "/account/requests/[0-9a-f]{64}"
        page = press(self.phone, action, number=number, decision=decision)
        return self.phone.submit(decision="allow") if at(page) == "consent" else page


@pytest.fixture
def scene(provider: Provider, app: Flask) -> Scene:
    return scene_of(
        provider, app, Portal.register(provider, "bank", grant_types=GRANTS)
    )


def scene_of(provider: Provider, app: Flask, portal: Portal) -> Scene:
    person = citizen(
        provider, state="active", factors=["pwd", "totp"], account_level=2, lock=None
    )
    phone = Browser(app.test_client())
    phone.visit("/?lang=en")
    phone.visit("/account")
    assert at(phone.sign_in(person)) == "account"
    return Scene(provider, app, portal, app.test_client(), phone, person)


def wrong(called: dict[str, Any]) -> str:
    return "10" if called["binding_number"] != "10" else "11"


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_whole_way(scene: Scene, backend: str) -> None:
    """§7.3, §10.1.1: an acknowledgement, pending, then the tokens once."""
    called = scene.call(binding_message="Quầy số 5")
    assert (called["expires_in"], called["interval"]) == (600, 5)
    assert_refused(scene.poll(called), "authorization_pending")

    page = scene.look()
    for shown in ("bank.example", "Quầy số 5"):
        assert shown in page.text
    assert called["auth_req_id"] not in page.text
    assert "Go on at the other" in scene.answer(called["binding_number"]).text

    tokens = scene.poll(called).get_json()
    keys = KeySet.import_key_set(scene.machine.get("/jwks.json").get_json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["aud"], claims["acr"]) == ("bank", "urn:dinhdanh:acr:2.2")
    assert userinfo(scene.machine, tokens["access_token"]).status_code == 200
    assert_refused(scene.poll(called), "invalid_grant")
    assert "No portal waits" in scene.look().text


def test_the_citizen_is_told_without_a_link(scene: Scene) -> None:
    """A message names the portal; nothing in it is to be tapped."""
    scene.call()
    scene.provider.courier.wait()

    phone = scene.person["phone"].replace("+", "%2B")
    sent = scene.machine.get(f"/sandbox/outbox.json?phone={phone}").get_json()[0]

    assert "bank" in sent["text"]
    assert "://" not in sent["text"]


@pytest.mark.parametrize("typed", ["wrong", "", "٤٢", "100"])
def test_a_wrong_number_ends_the_call(scene: Scene, typed: str) -> None:
    """Number matching: one guess, and then nothing is left to approve (F12)."""
    called = scene.call()

    page = scene.answer(wrong(called) if typed == "wrong" else typed)

    assert error_code(page) == "DD-DEV-008"
    assert_refused(scene.poll(called), "access_denied")
    assert "No portal waits" in scene.look().text


def test_refusing(scene: Scene) -> None:
    """§11: the portal hears no more than that it is denied."""
    called = scene.call()

    page = scene.answer(called["binding_number"], decision="deny")

    assert "Nobody was let in" in page.text
    assert_refused(scene.poll(called), "access_denied")


def test_only_whom_it_calls_sees_it(scene: Scene) -> None:
    """Another citizen finds nothing, nor the form of somebody else's page."""
    called = scene.call()
    scene.look()
    form = scene.phone.page
    other = Browser(scene.app.test_client())
    other.visit("/?lang=en")
    other.visit("/account")
    other.sign_in(citizen(scene.provider, state="active", factors=["pwd"], lock=None))
    assert "No portal waits" in other.visit("/account/requests").text

    other.page = form
    page = press(
        other,
        "/account/requests/[0-9a-f]{64}",
        number=called["binding_number"],
        decision="allow",
    )

    assert error_code(page) == "DD-WEB-010"
    assert_refused(scene.poll(called), "authorization_pending")


def test_somebody_else_who_signs_in_meanwhile_gets_nowhere(scene: Scene) -> None:
    """The account that is called is the one that is answered for."""
    called = scene.call()
    scene.look()
    page = press(
        scene.phone,
        "/account/requests/[0-9a-f]{64}",
        number=called["binding_number"],
        decision="allow",
    )
    assert at(page) == "consent"
    name = page.request.path.split("/")[2]
    theirs = citizen(scene.provider, state="active", factors=["pwd"], lock=None)
    scene.phone.client.delete_cookie("dd_session")
    page = scene.phone.visit(f"/login/{name}")
    page = scene.phone.sign_in(theirs)
    if at(page) == "choose":
        account = page.text.partition('name="account" value="')[2].partition('"')[0]
        page = scene.phone.submit(account=account)
    if at(page) == "consent":
        page = scene.phone.submit(decision="allow")

    assert "Nobody was let in" in page.text
    assert_refused(scene.poll(called), "access_denied")


def test_unknown_numbers_are_answered_alike(scene: Scene) -> None:
    """§13 has `unknown_user_id`; it would tell who has an account (E1)."""
    known = scene.ask()
    for hint in ("999099999999", "nobody", "0" * 4000):
        unknown = scene.ask(login_hint=hint)
        assert unknown.status_code == known.status_code
        assert set(unknown.get_json()) == set(known.get_json())
        assert_refused(scene.poll(unknown.get_json()), "authorization_pending")


def test_an_id_token_says_whom(scene: Scene) -> None:
    """§7.1: `id_token_hint` of our own; another client's is refused."""
    called = scene.call()
    scene.answer(called["binding_number"])
    id_token = scene.poll(called).get_json()["id_token"]

    again = scene.call(login_hint="", id_token_hint=id_token)
    scene.answer(again["binding_number"])
    assert scene.poll(again).status_code == 200

    other = Portal.register(scene.provider, "other", grant_types=GRANTS)
    scene.portal = other
    assert_refused(scene.ask(login_hint="", id_token_hint=id_token), "invalid_request")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"login_hint": ""}, "invalid_request"),
        ({"id_token_hint": "a.b.c"}, "invalid_request"),
        ({"login_hint": "", "login_hint_token": "a.b.c"}, "invalid_request"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"binding_message": "x" * 101}, "invalid_binding_message"),
        ({"binding_message": "safe\u202eknab"}, "invalid_binding_message"),
        ({"requested_expiry": "0"}, "invalid_request"),
        ({"requested_expiry": "soon"}, "invalid_request"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"client_secret": "wrong" * 8}, "invalid_client"),
    ],
)
def test_requests_that_are_refused(
    scene: Scene, changes: dict[str, str], error: str
) -> None:
    """§13: each with its error."""
    assert_refused(scene.ask(**changes), error)


def test_it_runs_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """`requested_expiry` makes it shorter, never longer; then it is over (§11)."""
    called = scene.call(requested_expiry="60")
    assert scene.call(requested_expiry="99999")["expires_in"] == 600
    assert called["expires_in"] == 60

    late = clock.now() + timedelta(seconds=61)
    monkeypatch.setattr(clock, "now", lambda: late)

    assert_refused(scene.poll(called), "expired_token")


def test_nobody_is_buried_in_calls(scene: Scene) -> None:
    """Five wait at a time; what is more is not shown, and the portal is not told."""
    for name in ("bank", "tax", "post"):
        scene.portal = Portal.register(scene.provider, name, grant_types=GRANTS)
        for _ in range(2):
            scene.call()

    shown = scene.look().text.count("Number that the portal shows")

    assert shown == 5


def test_the_portals_level_holds(provider: Provider, app: Flask) -> None:
    """What the session lacks is asked on the phone, before anything is given (K2)."""
    portal = Portal.register(
        provider, "strict", grant_types=GRANTS, minimum_acr="urn:dinhdanh:acr:2.2"
    )
    scene = scene_of(provider, app, portal)
    weak = citizen(provider, state="active", factors=["pwd"], lock=None)
    scene.phone = Browser(app.test_client())
    scene.phone.visit("/?lang=en")
    scene.phone.visit("/account")
    scene.phone.sign_in(weak)
    called = scene.call(login_hint=weak["personal_number"])

    page = scene.answer(called["binding_number"])

    assert "Nobody was let in" in page.text
    assert_refused(scene.poll(called), "access_denied")


def test_handles_of_one_kind_are_nothing_to_the_other(scene: Scene) -> None:
    """A call's handle collects no device's decision, nor another client's (C5, §11)."""
    called = scene.call()
    scene.answer(called["binding_number"])
    other = Portal.register(scene.provider, "other", grant_types=GRANTS)

    handle = called["auth_req_id"]
    foreign = poll(scene.provider, scene.machine, other, handle)

    assert_refused(foreign, "invalid_grant")
    assert scene.poll(called).status_code == 200


def test_only_registered_clients(scene: Scene) -> None:
    """The grant is a client's policy."""
    scene.portal = Portal.register(scene.provider, "plain")

    assert_refused(scene.ask(), "unauthorized_client")


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_of_many_collects(scene: Scene, backend: str) -> None:
    """Of 20 parallel questions one gets the tokens."""
    called = scene.call()
    scene.answer(called["binding_number"])
    form = {
        "grant_type": CIBA,
        "auth_req_id": called["auth_req_id"],
        "client_id": "bank",
        "client_secret": SECRET,
    }

    def once(_number: int) -> int:
        return scene.app.test_client().post("/token", data=form).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(once, range(20)))

    assert sorted(statuses) == [200] + [400] * 19


@dataclass
class Ear:
    """What a portal's notification endpoint heard."""

    uri: str = ""
    pings: list[tuple[str | None, Any]] = field(default_factory=list)


@contextmanager
def listening(status: int = 204) -> Iterator[Ear]:
    """Answer every ping with `status`, and with a body and another address."""
    ear = Ear()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ear.pings.append((self.headers["Authorization"], json.loads(body)))
            self.send_response(status)
            text = b"" if status == 204 else b'{"heard": true}'
            self.send_header("Location", f"{ear.uri}/elsewhere")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ear.uri = f"http://127.0.0.1:{server.server_port}/ping"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield ear
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_ping_says_that_it_is_decided(
    provider: Provider, app: Flask, decision: str
) -> None:
    """§10.2: the handle, with the portal's own bearer token, and nothing else."""
    with listening() as ear:
        portal = Portal.register(
            provider,
            "bank",
            grant_types=GRANTS,
            backchannel_token_delivery_mode="ping",
            backchannel_client_notification_endpoint=ear.uri,
        )
        scene = scene_of(provider, app, portal)
        assert_refused(scene.ask(), "invalid_request")
        called = scene.call(client_notification_token="n" * 32)
        scene.answer(called["binding_number"], decision)
        provider.courier.wait()

    expected = {"auth_req_id": called["auth_req_id"]}
    assert ear.pings == [(f"Bearer {'n' * 32}", expected)]
    answered = scene.poll(called)
    assert answered.status_code == (200 if decision == "allow" else 400)


@pytest.mark.parametrize(
    "changes",
    [
        {"token_endpoint_auth_method": "none"},
        {"backchannel_token_delivery_mode": "push"},
        {"backchannel_token_delivery_mode": "ping"},
        {
            "backchannel_token_delivery_mode": "ping",
            "backchannel_client_notification_endpoint": "http://bank.example/x",
        },
        {"backchannel_user_code_parameter": True},
        {"backchannel_authentication_request_signing_alg": "ES256"},  # without a key
        {"backchannel_authentication_request_signing_alg": "HS256", "jwks": KEYS},
    ],
)
def test_registrations_that_are_refused(changes: dict[str, Any]) -> None:
    """§4: what is not given is not promised."""
    metadata = {"redirect_uris": ["https://bank.example/back"], "grant_types": GRANTS}

    with pytest.raises(InvalidMetadataError):
        validate(metadata | changes, sandbox=True)
