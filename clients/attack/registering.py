"""Lines X1, X5, X6 and S9: what a client may say of itself, and where it is told."""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

from requests import Response

from clients.attack.portal import Portal, enter
from clients.attack.suite import NotTriedError, attack, expect
from clients.attack.target import Target

_INSIDE = (
    "http://169.254.169.254/latest/", "http://10.0.0.1/", "http://[fd00::1]/",
    "file:///etc/passwd", "gopher://127.0.0.1:6379/x", "javascript:alert(1)",
    "https://user@inside.example/",
)  # fmt: skip
_LOOK_ALIKES = (
    "Định Danh", "Dinh Danh", "\u0414inh Danh", "B\u1ed9 C\u00f4ng \u0410n",
    "Tax\u202egro.live", "Ta\u200bx", "Tax\r\nX: 1", "Tax\x00",
)  # fmt: skip


def _fresh(**changes: Any) -> dict[str, Any]:
    name = secrets.token_hex(8)  # two clients with names alike are not registered
    host = f"https://r{name}.attack.example"
    metadata = {
        "client_name": f"Attack suite {name}",
        "redirect_uris": [f"{host}/back"],
        "post_logout_redirect_uris": [f"{host}/bye"],
        "token_endpoint_auth_method": "client_secret_post",
    }
    return metadata | changes


def _send(
    target: Target, method: str, url: str, token: str, body: dict[str, Any] | None
) -> Response:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body)
    return target.open(method, url, data=data, headers=headers)


def _post(target: Target, token: str, **changes: Any) -> Response:
    url = target.endpoints["registration_endpoint"]
    return _send(target, "POST", url, token, _fresh(**changes))


def _token(target: Target) -> str:
    if not target.registration_tokens:
        raise NotTriedError("needs fresh registration tokens: make the target anew")
    return target.registration_tokens.pop()


def _register(target: Target, **changes: Any) -> dict[str, Any]:
    answered = _post(target, _token(target), **changes)
    if answered.status_code == 401:
        raise NotTriedError("a registration token was used: make the target anew")
    registered: dict[str, Any] = answered.json()
    if answered.status_code != 201:
        raise ValueError(f"registration: {registered}")
    return registered


def _asked(target: Target, token: str, **changes: Any) -> int:
    """Return how a registration is answered, with a token that is good for one."""
    status = _post(target, token, **changes).status_code
    if status == 401:
        raise NotTriedError("a registration token was used: make the target anew")
    return status


def _manage(
    target: Target, method: str, of: dict[str, Any], by: dict[str, Any], **changes: Any
) -> Response:
    """Send what `by` manages itself with to the address of `of`."""
    body = None
    if method == "PUT":
        body = {"client_id": of["client_id"], "redirect_uris": of["redirect_uris"]}
        body |= changes
    url, token = of["registration_client_uri"], by["registration_access_token"]
    return _send(target, method, url, token, body)


@attack("X5", "CWE-639", "CVE-2026-116672")
def client_managed_by_another(target: Target) -> None:
    """A registration token of one client neither reads, changes nor removes another."""
    own, other = _register(target), _register(target)
    for method in ("GET", "PUT", "DELETE"):
        refused = _manage(target, method, other, own)
        told = f"{method} of another client was answered {refused.status_code}"
        expect(refused.status_code in (401, 403), told)
    expect(_manage(target, "GET", other, other).status_code == 200, "it is gone")
    renamed = _manage(target, "PUT", own, own, client_id=other["client_id"])
    expect(renamed.status_code in (400, 401, 403), "a client took another's id")


@attack("X5", "CWE-862", "CVE-2026-107623")
def protection_left_out(target: Target) -> None:
    """An update that leaves a protection out does not switch it off."""
    asked = {
        "require_pushed_authorization_requests": True,
        "dpop_bound_access_tokens": True,
        "minimum_acr": "urn:dinhdanh:acr:2.1",
        "token_endpoint_auth_method": "client_secret_post",
    }
    own = _register(target, **asked)
    answered = _manage(target, "PUT", own, own)
    expect(answered.status_code == 200, f"the update: {answered.status_code}")
    registered = _manage(target, "GET", own, own).json()
    for name, value in asked.items():
        told = f"{name} became {registered.get(name)!r}"
        expect(registered.get(name) == value, told)


@attack("X5", "CWE-306", "CWE-362")
def registration_race(target: Target) -> None:
    """Nobody registers without a token, and a token for one client makes one."""
    for token in ("", "guess", secrets.token_urlsafe(32)):
        expect(_post(target, token).status_code == 401, "a guessed token was taken")
    token = _token(target)
    answers = target.at_once(lambda _: _post(target, token))
    won = sum(answered.status_code == 201 for answered in answers)
    if won == 0:
        raise NotTriedError("a registration token was used: make the target anew")
    expect(won == 1, f"{won} of {target.parallel} were registered")


@attack("X1", "CWE-918", "CVE-2022-24129")
def inner_address_registered(target: Target) -> None:
    """An address that is not plainly a web site's outside is not registered."""
    token = _token(target)
    for uri in _INSIDE:
        for member in (
            "jwks_uri", "sector_identifier_uri", "logo_uri", "client_uri",
            "policy_uri", "backchannel_logout_uri", "frontchannel_logout_uri",
        ):  # fmt: skip
            status = _asked(target, token, **{member: uri})
            expect(status == 400, f"{member} {uri} was answered {status}")
        status = _asked(target, token, redirect_uris=[uri])
        expect(status == 400, f"redirect_uris {uri} was answered {status}")


@attack("X6", "CWE-1007", "CWE-451")
def look_alike_registered(target: Target) -> None:
    """No client bears a name that reads like another's, ours, or not as it is."""
    token = _token(target)
    for name in _LOOK_ALIKES:
        status = _asked(target, token, client_name=name)
        expect(status == 400, f"{name!a} was answered {status}")


@attack("S9", "CWE-918", "CVE-2026-4874")
def logout_notice_led_away(target: Target) -> None:
    """A portal cannot lead the notice of a sign-out to another address."""
    with _listener() as inside, _listener(inside.address) as portals:
        own = _register(target, backchannel_logout_uri=portals.address)
        visit = enter(Portal(target, own), scope="openid").redeem()
        hint = {"id_token_hint": visit.tokens["id_token"]}
        visit.browser.visit(f"/end_session?{urlencode(hint)}")
        if not portals.calls:
            raise NotTriedError("this deployment calls no portal on this machine")
        expect(not inside.calls, "the notice followed a redirect")


class _Listener(ThreadingHTTPServer):
    def __init__(self, elsewhere: str | None) -> None:
        self.calls: list[str] = []
        self.elsewhere = elsewhere
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/told"


class _Handler(BaseHTTPRequestHandler):
    server: _Listener

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.calls.append(self.path)
        self.send_response(307 if self.server.elsewhere else 200)
        if self.server.elsewhere:
            self.send_header("Location", self.server.elsewhere)
        self.end_headers()

    do_GET = do_POST = _answer  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def _listener(elsewhere: str | None = None) -> Iterator[_Listener]:
    with _Listener(elsewhere) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
