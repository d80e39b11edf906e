"""The device authorization grant (RFC 8628): the same way in, without a browser."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from idp import clock
from idp.accounts import identifiers
from idp.app import create_app
from idp.authentication import waiting
from idp.consent import grants
from idp.provider import Provider
from idp.relying_parties.errors import InvalidMetadataError
from idp.relying_parties.metadata import validate
from tests.driver import SECRET, Browser, Portal, at, citizen, error_code
from tests.integration.token_side import assert_refused, userinfo
from tests.integration.waiting_side import (
    DEVICE,
    ask,
    begin,
    kiosk_for,
    limited,
    poll,
    type_code,
)
from tests.services import BACKENDS


@dataclass
class Scene:
    """A kiosk of a portal, and the phone of a citizen."""

    provider: Provider
    app: Flask
    portal: Portal
    kiosk: FlaskClient
    phone: Browser

    def poll(self, codes: dict[str, Any], **more: str):
        return poll(
            self.provider, self.kiosk, self.portal, codes["device_code"], **more
        )

    def approve(self, codes: dict[str, Any], **wanted: Any):
        """Type the code, go on, sign in and allow."""
        type_code(self.phone, codes["user_code"])
        page = self.phone.submit(decision="allow")
        if at(page) == "login":
            wanted = wanted or {"factors": ["pwd", "totp"], "account_level": 2}
            page = self.phone.sign_in(citizen(self.provider, state="active", **wanted))
        return self.phone.submit(decision="allow") if at(page) == "consent" else page


@pytest.fixture
def scene(provider: Provider, app: Flask) -> Scene:
    phone = Browser(app.test_client())
    phone.visit("/?lang=en")
    return Scene(provider, app, kiosk_for(provider), app.test_client(), phone)


@contextmanager
def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> Iterator[None]:
    at_that_time = clock.now() + timedelta(seconds=seconds)
    with monkeypatch.context() as patched:
        patched.setattr(clock, "now", lambda: at_that_time)
        yield


def test_the_codes(scene: Scene) -> None:
    """§3.2: codes, addresses, life and interval; digits, since keypads have no more."""
    codes = begin(scene.kiosk, scene.portal)

    assert set(codes) == {
        *("device_code", "user_code", "verification_uri"),
        *("verification_uri_complete", "expires_in", "interval"),
    }
    assert codes["verification_uri"] == f"{scene.provider.config.issuer}/device"
    assert len(codes["user_code"].replace("-", "")) == 9
    assert codes["user_code"].replace("-", "").isdigit()
    assert codes["verification_uri_complete"].endswith(codes["user_code"])
    assert (codes["expires_in"], codes["interval"]) == (600, 5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_whole_way(scene: Scene, backend: str) -> None:
    """Pending, then tokens of the citizen's own sign-in, once."""
    codes = begin(scene.kiosk, scene.portal, scope="openid profile offline_access")
    assert_refused(scene.poll(codes), "authorization_pending")

    asked = type_code(scene.phone, codes["user_code"])
    for shown in ("kiosk.example", "127.0.0.1", codes["user_code"]):
        assert shown in asked.text
    assert "Go on at the other screen" in scene.approve(codes).text

    tokens = scene.poll(codes).get_json()
    keys = KeySet.import_key_set(scene.kiosk.get("/jwks.json").get_json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["aud"], claims["acr"]) == ("kiosk", "urn:dinhdanh:acr:2.2")
    assert "nonce" not in claims
    assert "refresh_token" in tokens
    told = userinfo(scene.kiosk, tokens["access_token"]).get_json()
    assert told["sub"] == claims["sub"]
    assert_refused(scene.poll(codes), "invalid_grant")
    assert userinfo(scene.kiosk, tokens["access_token"]).status_code == 200


def test_asking_too_fast(scene: Scene) -> None:
    """§3.5: `slow_down`, and the interval grows."""
    codes = begin(scene.kiosk, scene.portal)
    form = {
        "grant_type": DEVICE,
        "device_code": codes["device_code"],
        "client_id": "kiosk",
        "client_secret": SECRET,
    }
    assert_refused(scene.kiosk.post("/token", data=form), "authorization_pending")
    assert_refused(scene.kiosk.post("/token", data=form), "slow_down")

    scene.approve(codes)
    assert scene.kiosk.post("/token", data=form).status_code == 200


def test_it_runs_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """§3.5: `expired_token`; its code is as unknown as any other."""
    codes = begin(scene.kiosk, scene.portal)

    with later(monkeypatch, 601):
        assert_refused(scene.poll(codes), "expired_token")
        page = type_code(scene.phone, codes["user_code"])

    assert error_code(page) == "DD-DEV-006"


@pytest.mark.parametrize("where", ["device", "consent", "cancel"])
def test_refusing(scene: Scene, where: str) -> None:
    """§3.5: `access_denied`, at whatever page the citizen stops."""
    codes = begin(scene.kiosk, scene.portal)
    type_code(scene.phone, codes["user_code"])
    if where == "device":
        page = scene.phone.submit(decision="deny")
    else:
        page = scene.phone.submit(decision="allow")
        name = page.request.path.split("/")[2]
        if where == "consent":
            scene.phone.sign_in(citizen(scene.provider, factors=["pwd"]))
            page = scene.phone.submit(decision="deny")
        else:
            page = scene.phone.visit("/authorize/cancel", data={"transaction": name})

    assert "Nobody was let in" in page.text
    assert_refused(scene.poll(codes), "access_denied")
    assert error_code(type_code(scene.phone, codes["user_code"])) == "DD-DEV-006"


def test_a_code_in_the_address_only_fills_the_field(scene: Scene) -> None:
    """§3.3.1, §5.4: a link that somebody sent does nothing by itself."""
    codes = begin(scene.kiosk, scene.portal)
    address = codes["verification_uri_complete"].removeprefix(
        scene.provider.config.issuer
    )

    page = scene.phone.visit(address)

    assert f'value="{codes["user_code"]}"' in page.text
    assert "kiosk.example" not in page.text
    assert_refused(scene.poll(codes), "authorization_pending")
    assert "kiosk.example" in scene.phone.submit(user_code=codes["user_code"]).text


def test_guessing_codes_is_limited(scene: Scene) -> None:
    """§5.1: ten wrong codes from a source, however many browsers it has."""
    codes = begin(scene.kiosk, scene.portal)
    for _ in range(10):
        assert error_code(type_code(scene.phone, "000-000-000")) == "DD-DEV-006"
    other = Browser(scene.app.test_client())

    page = type_code(other, codes["user_code"])

    assert (error_code(page), page.status_code) == ("DD-AUTH-002", 429)


def test_many_sources_do_not_guess_together(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """§5.1: beyond a number of wrong codes from anywhere each source waits."""
    provider = limited(provider, user_codes_from_all_sources=3)
    app = create_app(provider=provider)
    codes = begin(app.test_client(), kiosk_for(provider))["user_code"]
    first = _from(app, "192.0.2.1")
    for _ in range(5):
        assert codes in type_code(first, codes).text  # a right one does not count
    for number in range(2, 5):
        guess = type_code(_from(app, f"192.0.2.{number}"), "000-000-000")
        assert error_code(guess) == "DD-DEV-006"

    page = type_code(first, codes)
    assert (error_code(page), page.status_code) == ("DD-AUTH-002", 429)
    with later(monkeypatch, 31):
        assert codes in type_code(first, codes).text
        late = type_code(_from(app, "192.0.2.9"), codes)
        assert error_code(late) == "DD-AUTH-002"


@pytest.mark.parametrize(
    "typed", ["", "12345678", "abc-def-ghi", "٠١٩٤٥٠٧٣٠", "9" * 5000]
)
def test_what_is_no_code(scene: Scene, typed: str) -> None:
    """Whatever is typed, the answer is the same."""
    assert error_code(type_code(scene.phone, typed)) == "DD-DEV-006"


def test_the_form_belongs_to_the_page_that_showed_it(scene: Scene) -> None:
    """Nobody skips the count of guesses: the next step needs the page of that code."""
    codes = begin(scene.kiosk, scene.portal)
    first = begin(scene.kiosk, scene.portal)
    type_code(scene.phone, first["user_code"])
    token = scene.phone.page.text.partition('name="csrf_token" value="')[2][:64]

    code = codes["user_code"].replace("-", "")
    page = scene.phone.client.post(
        "/device/allow",
        data={"csrf_token": token, "user_code": code, "decision": "allow"},
    )

    assert error_code(page) == "DD-WEB-010"


def test_the_portals_level_holds(scene: Scene) -> None:
    """`minimum_acr` and an essential `acr` are asked as of every sign-in (K2)."""
    strict = kiosk_for(scene.provider, "bank", minimum_acr="urn:dinhdanh:acr:2.2")
    scene.portal = strict
    codes = begin(scene.kiosk, strict)

    page = scene.approve(codes, factors=["pwd"], account_level=1)

    assert "Nobody was let in" in page.text
    assert_refused(scene.poll(codes), "access_denied")


def test_a_locked_account_never_gets_there(scene: Scene) -> None:
    """No grant is a way around a lock (F5)."""
    codes = begin(scene.kiosk, scene.portal)
    type_code(scene.phone, codes["user_code"])
    scene.phone.submit(decision="allow")

    page = scene.phone.sign_in(citizen(scene.provider, lock="holder_request"))

    assert error_code(page) == "DD-AUTH-021"
    assert_refused(scene.poll(codes), "authorization_pending")


def test_a_grant_that_ended_meanwhile_gives_nothing(scene: Scene) -> None:
    """Consent withdrawn between approval and question (T3)."""
    codes = begin(scene.kiosk, scene.portal)
    person = citizen(scene.provider, state="active", factors=["pwd"])
    scene.approve(codes, factors=["pwd"])
    with scene.provider.database.transaction() as database:
        account_id = identifiers.find_account_id(
            database.connection(), scene.provider.sealer, person["personal_number"]
        )
        grant = grants.find_live(database, account_id, "kiosk")
        grants.end(database, scene.provider.audit, grant.id, "withdrawn", clock.now())

    assert_refused(scene.poll(codes), "invalid_grant")


def test_another_client_learns_nothing(scene: Scene) -> None:
    """§5.2: a device code is its client's; a foreign try does not spend it."""
    codes = begin(scene.kiosk, scene.portal)
    other = kiosk_for(scene.provider, "other")
    scene.approve(codes)

    foreign = poll(scene.provider, scene.kiosk, other, codes["device_code"])

    assert_refused(foreign, "invalid_grant")
    assert scene.poll(codes).status_code == 200


def test_only_registered_clients(scene: Scene, provider: Provider) -> None:
    """The grant is a client's policy, at both endpoints."""
    plain = Portal.register(provider, "plain")

    assert_refused(ask(scene.kiosk, plain), "unauthorized_client")
    assert_refused(poll(provider, scene.kiosk, plain, "x"), "unauthorized_client")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"scope": "profile"}, "invalid_scope"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"claims": "{"}, "invalid_request"),
        ({"resource": "nonsense"}, "invalid_target"),
        ({"acr_values": "x" * 5000}, "invalid_request"),
    ],
)
def test_requests_that_are_refused(
    scene: Scene, changes: dict[str, str], error: str
) -> None:
    """The same rules as at the authorization endpoint, as JSON."""
    assert_refused(ask(scene.kiosk, scene.portal, **changes), error)


@pytest.mark.parametrize("handle", ["", "unknown", "x" * 5000])
def test_handles_that_are_none(scene: Scene, handle: str) -> None:
    """A handle that was never given."""
    expected = "invalid_grant" if handle else "invalid_request"
    response = poll(scene.provider, scene.kiosk, scene.portal, handle)

    assert_refused(response, expected)


def test_a_user_code_is_no_device_code(scene: Scene) -> None:
    """What one kind is called is nothing as another kind (C5)."""
    codes = begin(scene.kiosk, scene.portal)
    kept = waiting.find_by_code(
        scene.provider.ephemeral, codes["user_code"], now=clock.now()
    )

    for handle in (codes["user_code"], kept.name):
        response = poll(scene.provider, scene.kiosk, scene.portal, handle)
        assert_refused(response, "invalid_grant")


def test_a_public_device_without_redirects(scene: Scene) -> None:
    """RFC 7591 §2: redirects belong to flows that have them."""
    scene.portal = _public_tv(scene.provider)
    response = scene.kiosk.post(
        "/device_authorization", data={"client_id": "tv", "scope": "openid profile"}
    )
    codes = response.get_json()
    scene.approve(codes)

    tokens = scene.kiosk.post(
        "/token",
        data={
            "grant_type": DEVICE,
            "device_code": codes["device_code"],
            "client_id": "tv",
        },
    )

    assert tokens.status_code == 200, tokens.text
    assert error_code(scene.phone.visit("/authorize?client_id=tv")) == "DD-OIDC-003"


def test_a_public_device_asks_each_time(scene: Scene) -> None:
    """§5.6: whoever knows the client's id could wait for what was once allowed."""
    scene.portal = _public_tv(scene.provider)
    form = {"client_id": "tv", "scope": "openid profile"}
    first = scene.kiosk.post("/device_authorization", data=form).get_json()
    assert "Go on at the other screen" in scene.approve(first).text

    again = scene.kiosk.post("/device_authorization", data=form).get_json()
    type_code(scene.phone, again["user_code"])
    page = scene.phone.submit(decision="allow")

    assert at(page) == "consent"
    assert "cannot prove" in page.text


def test_a_device_that_proves_itself_asks_once(scene: Scene) -> None:
    """What was allowed to a client with a secret is remembered."""
    scene.approve(begin(scene.kiosk, scene.portal))

    type_code(scene.phone, begin(scene.kiosk, scene.portal)["user_code"])
    page = scene.phone.submit(decision="allow")

    assert "Go on at the other screen" in page.text


@pytest.mark.parametrize(
    "metadata",
    [
        {"grant_types": [DEVICE]},
        {"grant_types": ["refresh_token"], "sector": "tv.example"},
        {"grant_types": ["authorization_code", DEVICE], "sector": "tv.example"},
    ],
)
def test_registrations_that_are_refused(metadata: dict[str, Any]) -> None:
    """Without redirects the sector is named; a code flow has redirects."""
    with pytest.raises(InvalidMetadataError):
        validate({"client_name": "TV", **metadata}, sandbox=True)


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_of_many_collects(scene: Scene, backend: str) -> None:
    """Of 20 parallel questions after the approval one gets tokens."""
    codes = begin(scene.kiosk, scene.portal)
    scene.approve(codes)
    form = {
        "grant_type": DEVICE,
        "device_code": codes["device_code"],
        "client_id": "kiosk",
        "client_secret": SECRET,
    }

    def once(_number: int) -> int:
        return scene.app.test_client().post("/token", data=form).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(once, range(20)))

    assert sorted(statuses) == [200] + [400] * 19


def test_decided_once(scene: Scene) -> None:
    """Whoever goes on in a second browser comes too late."""
    codes = begin(scene.kiosk, scene.portal)
    other = Browser(scene.app.test_client())
    other.visit("/?lang=en")
    type_code(other, codes["user_code"])
    late = other.submit(decision="allow")
    assert at(late) == "login"
    scene.approve(codes)

    other.sign_in(citizen(scene.provider, state="active", factors=["pwd"]))
    page = other.submit(decision="allow") if at(other.page) == "consent" else other.page

    assert error_code(page) == "DD-DEV-006"


def test_the_history_tells(scene: Scene) -> None:
    """The approval stands in the citizen's history (F12)."""
    codes = begin(scene.kiosk, scene.portal)
    scene.approve(codes)

    page = scene.phone.visit("/account/history")

    assert "Approved a sign-in on another device" in page.text


def _from(app: Flask, address: str) -> Browser:
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    browser = Browser(client)
    browser.visit("/?lang=en")
    return browser


def _public_tv(provider: Provider) -> Portal:
    document = {
        "client_id": "tv",
        "client_name": "TV",
        "token_endpoint_auth_method": "none",
        "grant_types": [DEVICE],
        "scope": "openid profile",
        "sector": "tv.example",
    }
    with provider.database.transaction() as session:
        provider.relying_parties.add(
            session, provider.audit, document, sandbox=True, now=clock.now()
        )
    return Portal(provider, "tv", "")
