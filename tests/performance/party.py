"""A lean relying party and browser in one, for putting load on a provider."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pyotp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from idp import clock

FORM = "application/x-www-form-urlencoded"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_STEPS = 12


class UnexpectedAnswerError(Exception):
    """The provider answered otherwise than the flow needs."""


def encode(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass(frozen=True)
class Citizen:
    """Who signs in; `totp_secret` is None for a password alone."""

    personal_number: str
    password: str
    totp_secret: str | None


@dataclass
class Party:
    """The registered client under whose name the load is made."""

    issuer: str
    client_id: str
    redirect_uri: str
    scope: str
    key: ec.EllipticCurvePrivateKey
    kid: str
    endpoints: dict[str, str] = field(default_factory=dict)

    def assertion(self) -> dict[str, str]:
        """Return the form fields of a fresh private_key_jwt (RFC 7523 §2.2)."""
        now = clock.timestamp(clock.now())
        header = {"alg": "ES256", "typ": "JWT", "kid": self.kid}
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + 60,
        }
        signed = ".".join(
            encode(json.dumps(part).encode()) for part in (header, claims)
        )
        der = self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(der)
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return {
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION,
            "client_assertion": f"{signed}.{encode(signature)}",
        }


@dataclass
class Answer:
    """An HTTP answer, as much of it as the flows need."""

    status: int
    location: str | None
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the JSON body of a 200, or raise with what came instead."""
        if self.status != 200:
            raise UnexpectedAnswerError(f"{self.status} {self.body[:200]!r}")
        value: dict[str, Any] = json.loads(self.body)
        return value


class _FirstForm(HTMLParser):
    """Collects the first POST form of a page: its action, fields and buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self._inside = given.get("method", "").lower() == "post"
            self.action = given.get("action", "") if self._inside else None
        elif self._inside and tag == "input" and given.get("name"):
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.fields[given["name"]] = given.get("value", "")
        elif self._inside and tag == "button" and given.get("name"):
            self.buttons.append((given["name"], given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


class Browser:
    """One person's browser and portal: a connection, a cookie jar, the flows."""

    def __init__(self, party: Party) -> None:
        self.party = party
        self._origin = urlsplit(party.issuer)
        self._connection: HTTPConnection | None = None
        self._cookies: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    def request(
        self,
        method: str,
        url: str,
        form: dict[str, str] | None = None,
        **headers: str,
    ) -> Answer:
        """Send one request on the kept connection; retry once if it was closed."""
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        body = urlencode(form).encode() if form is not None else None
        sent = dict(headers)
        if body is not None:
            sent["Content-Type"] = FORM
        if self._cookies:
            sent["Cookie"] = "; ".join(f"{k}={v}" for k, v in self._cookies.items())
        for attempt in (1, 2):
            if self._connection is None:
                host, port = self._origin.hostname, self._origin.port
                self._connection = HTTPConnection(host or "", port, timeout=30)
            try:
                self._connection.request(method, path, body, sent)
                response = self._connection.getresponse()
                answer = Answer(
                    response.status, response.getheader("Location"), response.read()
                )
            except OSError:
                self._connection.close()
                self._connection = None
                if attempt == 2:
                    raise
                continue
            for line in response.msg.get_all("Set-Cookie") or ():
                self._keep_cookie(line)
            return answer
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _keep_cookie(self, line: str) -> None:
        pair, _, attributes = line.partition(";")
        name, _, value = pair.partition("=")
        if "max-age=0" in attributes.lower().replace(" ", ""):
            self._cookies.pop(name, None)
        else:
            self._cookies[name] = value

    def sign_in(self, citizen: Citizen) -> None:
        """First login: an empty cookie jar, every page, then token and userinfo."""
        self._cookies.clear()
        self._complete(citizen, prompt="consent")

    def sso_round(self) -> None:
        """Sign in once more on the live session and the remembered consent."""
        self._complete(None)

    def _complete(self, citizen: Citizen | None, **extra: str) -> None:
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(12)
        query = {
            "response_type": "code",
            "client_id": self.party.client_id,
            "redirect_uri": self.party.redirect_uri,
            "scope": self.party.scope,
            "state": state,
            "nonce": secrets.token_urlsafe(12),
            "code_challenge": encode(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
            **extra,
        }
        url = self.party.endpoints["authorization_endpoint"] + "?" + urlencode(query)
        code = self._follow(url, state, citizen)
        answer = self.request(
            "POST",
            self.party.endpoints["token_endpoint"],
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.party.redirect_uri,
                "code_verifier": verifier,
                **self.party.assertion(),
            },
        )
        self.tokens.update(answer.json())
        self.userinfo()

    def _follow(self, url: str, state: str, citizen: Citizen | None) -> str:
        answer = self.request("GET", url)
        for _ in range(MAX_STEPS):
            if answer.location is not None:
                if answer.location.startswith(self.party.redirect_uri):
                    back = dict(parse_qsl(urlsplit(answer.location).query))
                    if back.get("state") != state or "code" not in back:
                        raise UnexpectedAnswerError(str(back))
                    return back["code"]
                url = urljoin(url, answer.location)
                answer = self.request("GET", url)
                continue
            if citizen is None or answer.status != 200:
                raise UnexpectedAnswerError(f"{answer.status} at {urlsplit(url).path}")
            page = _FirstForm()
            page.feed(answer.body.decode())
            if page.action is None:
                raise UnexpectedAnswerError(f"no form at {urlsplit(url).path}")
            url = urljoin(url, page.action or url)
            answer = self.request("POST", url, self._fill(page, citizen))
        raise UnexpectedAnswerError("too many steps")

    @staticmethod
    def _fill(page: _FirstForm, citizen: Citizen) -> dict[str, str]:
        agreed = {n: v for n, v in page.buttons if v in ("allow", "yes")}
        form = page.fields | agreed
        if "personal_number" in form:
            form["personal_number"] = citizen.personal_number
            form["password"] = citizen.password
        if "otp" in form:
            form["otp"] = pyotp.TOTP(citizen.totp_secret or "").now()
        return form

    def discovery(self) -> None:
        """Read the discovery document."""
        path = "/.well-known/openid-configuration"
        self.request("GET", self.party.issuer + path).json()

    def jwks(self) -> None:
        """Read the key set."""
        self.request("GET", self.party.endpoints["jwks_uri"]).json()

    def userinfo(self) -> None:
        """Read the claims with the present access token."""
        bearer = f"Bearer {self.tokens['access_token']}"
        url = self.party.endpoints["userinfo_endpoint"]
        answer = self.request("GET", url, Authorization=bearer)
        if answer.status != 200:
            raise UnexpectedAnswerError(f"userinfo {answer.status}")

    def introspection(self) -> None:
        """Ask whether the present access token is active."""
        form = {"token": self.tokens["access_token"], **self.party.assertion()}
        url = self.party.endpoints["introspection_endpoint"]
        if not self.request("POST", url, form).json()["active"]:
            raise UnexpectedAnswerError("inactive")

    def refresh(self) -> None:
        """Rotate the refresh token."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.tokens["refresh_token"],
            **self.party.assertion(),
        }
        url = self.party.endpoints["token_endpoint"]
        self.tokens.update(self.request("POST", url, form).json())
