"""What tests of the machine endpoints start from: portals, codes, requests.

Codes are minted by `codes.issue`, as the authorization endpoint does at its end, so
that these tests need no pages.
"""

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask.testing import FlaskClient
from joserfc import jwk, jwt
from werkzeug.test import TestResponse

from idp import clock
from idp.accounts import identifiers
from idp.authentication import assurance
from idp.authentication.session import (
    AuthenticationEvent,
    Session,
    SignedIn,
    SignInAccount,
)
from idp.authentication.transaction import AuthorizationRequest
from idp.claims import release
from idp.claims.request import ClaimsRequest
from idp.consent import grants
from idp.consent.grants import Consent, GrantView
from idp.oidc import codes
from idp.provider import Provider
from idp.sandbox import loader

ISSUER = "http://localhost:8000"
REDIRECT_URI = "http://127.0.0.1:8001/callback"
SCOPES = "openid profile email phone address offline_access residence household"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = jwk.ECKey.generate_key("P-256", {"kid": "portal-1", "use": "sig"})


@dataclass(frozen=True)
class Portal:
    """A registered client and what it keeps to itself."""

    client_id: str
    secret: str | None = None
    key: Any = None
    method: str = "client_secret_basic"

    def credentials(self, **claims: Any) -> tuple[dict[str, str], dict[str, str]]:
        """Return the form parameters and headers by which the client proves itself."""
        if self.method == "client_secret_basic":
            return {}, {"Authorization": basic(self.client_id, str(self.secret))}
        if self.method == "client_secret_post":
            return {"client_id": self.client_id, "client_secret": str(self.secret)}, {}
        if self.method == "none":
            return {"client_id": self.client_id}, {}
        form = {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(**claims),
        }
        return form, {}

    def assertion(self, *, alg: str = "ES256", key: Any = None, **changes: Any) -> str:
        """Return a client assertion; a change of None leaves the claim out."""
        now = clock.timestamp(clock.now())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "iat": now,
            "exp": now + 60,
            "jti": uuid4().hex,
            **changes,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": alg}, claims, key or self.key, algorithms=[alg])


@dataclass(frozen=True)
class Authorization:
    """A code that was just issued, and what its owner needs to redeem it."""

    code: str
    grant: GrantView
    verifier: str = "v" * 43
    extra: dict[str, str] = field(default_factory=dict)

    def form(self, **changes: str | None) -> dict[str, str]:
        """Return the token request; a change of None leaves the parameter out."""
        form = {
            "grant_type": "authorization_code",
            "code": self.code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": self.verifier,
            **self.extra,
            **changes,
        }
        return {name: value for name, value in form.items() if value is not None}


def register(
    provider: Provider, method: str = "client_secret_basic", **metadata: Any
) -> Portal:
    """Register a client for `method`, with every scope."""
    document: dict[str, Any] = {
        "client_name": "Cổng thử nghiệm",
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": method,
        "grant_types": ["authorization_code", "refresh_token"],
        "scope": SCOPES,
        "sector": f"portal-{secrets.token_hex(4)}.example",
        **metadata,
    }
    if method == "private_key_jwt":
        document.setdefault("jwks", {"keys": [KEY.as_dict(private=False)]})
    with provider.database.transaction() as database:
        answer = provider.relying_parties.add(
            database, provider.audit, document, sandbox=True, now=clock.now()
        )
    key = KEY if method == "private_key_jwt" else None
    return Portal(answer["client_id"], answer.get("client_secret"), key, method)


def account_of(provider: Provider, *, level: int = 2) -> UUID:
    """Return an active sandbox citizen's account."""
    citizen = next(
        item
        for item in loader.citizens(provider)
        if item["state"] == "active" and item["account_level"] == level
    )
    with provider.database.read() as connection:
        found = identifiers.find_account_id(
            connection, provider.sealer, citizen["personal_number"]
        )
    assert found is not None
    return found


def consent_to(
    provider: Provider, portal: Portal, account_id: UUID, *, scopes: str = SCOPES
) -> GrantView:
    """Give the grant that covers `scopes` with every claim of theirs."""
    party = provider.relying_parties.find(portal.client_id)
    assert party is not None
    names = release.asked(scopes.split(), ClaimsRequest()).names
    with provider.database.transaction() as database:
        return grants.give(
            database,
            provider.audit,
            Consent(
                account_id=account_id,
                client_id=portal.client_id,
                sector=party.sector,
                scopes=scopes.split(),
                claims=names,
                refused=(),
                lifetime=86_400,
            ),
            now=clock.now(),
        )


def authorize(
    provider: Provider,
    portal: Portal,
    *,
    scopes: str = "openid profile",
    account_id: UUID | None = None,
    now: datetime | None = None,
    **request: Any,
) -> Authorization:
    """Issue a code for a password-and-TOTP sign-in of a minute ago."""
    now = now or clock.now()
    account_id = account_id or account_of(provider)
    grant = consent_to(provider, portal, account_id, scopes=scopes)
    then = now - timedelta(minutes=1)
    events = (AuthenticationEvent("pwd", then), AuthenticationEvent("totp", then))
    earned = assurance.earned(events, 2)
    verifier = secrets.token_urlsafe(48)
    values = {
        "nonce": "n-0S6_WzA2Mj",
        "code_challenge": create_s256_code_challenge(verifier),
        **request,
    }
    asked = AuthorizationRequest(
        client_id=portal.client_id,
        redirect_uri=REDIRECT_URI,
        scopes=tuple(scopes.split()),
        **values,
    )
    code = codes.issue(
        provider,
        request=asked,
        signed_in=SignedIn(
            Session(uuid4(), account_id, events, (), then, then),
            SignInAccount(account_id, 2, "active", (), frozenset({"pwd", "totp"})),
        ),
        earned=earned,
        grant=grant,
        answer_acr=assurance.answer(asked.acr_values, earned),
        now=now,
    )
    return Authorization(code, grant, verifier)


def post(
    client: FlaskClient,
    path: str,
    portal: Portal,
    form: dict[str, str],
    **headers: str,
) -> TestResponse:
    """Post a form as `portal`, with its own way of proof."""
    credentials, proof = portal.credentials()
    return client.post(path, data={**credentials, **form}, headers={**proof, **headers})


def redeem(client: FlaskClient, portal: Portal, made: Authorization) -> dict[str, Any]:
    """Redeem a code and return the tokens."""
    response = post(client, "/token", portal, made.form())
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def refresh(
    client: FlaskClient, portal: Portal, token: str, **changes: str
) -> TestResponse:
    """Use a refresh token."""
    form = {"grant_type": "refresh_token", "refresh_token": token, **changes}
    return post(client, "/token", portal, form)


def userinfo(client: FlaskClient, token: str) -> TestResponse:
    """Ask userinfo with a bearer token."""
    return client.get("/userinfo", headers={"Authorization": f"Bearer {token}"})


def claims_of(token: str) -> dict[str, Any]:
    """Return the payload of a JWT of ours, unverified."""
    payload = token.split(".")[1]
    decoded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return dict(json.loads(decoded))


def basic(client_id: str, secret: str) -> str:
    """Return an Authorization header; both parts form-encoded (RFC 6749 §2.3.1)."""
    pair = urlencode({client_id: secret}).replace("=", ":", 1)
    return "Basic " + base64.b64encode(pair.encode()).decode()


def assert_refused(response: TestResponse, error: str, status: int = 400) -> None:
    """Check an error answer in all its parts (RFC 6749 §5.2)."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert body["error"] == error
    description = body.get("error_description", "")
    assert all(0x20 <= ord(char) <= 0x7E and char not in '"\\' for char in description)
