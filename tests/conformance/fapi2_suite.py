"""A client as the Foundation's FAPI 2.0 plans have it: private_key_jwt and DPoP."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey, Key, RSAKey
from werkzeug.test import TestResponse

from idp import clock
from idp.provider import Provider
from tests.conformance.suite import CALLBACK, ISSUER, Suite
from tests.holder import Holder
from tests.integration.token_side import ASSERTION_TYPE

SCOPE = "openid profile email offline_access"
MADE = "a proof that fits"
# Made once: generating RSA keys is slow.
RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
_ALGORITHMS = ["ES256", "PS256", "RS256", "HS256"]


def ec_key(kid: str) -> ECKey:
    """Return a fresh signing key."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


def register(provider: Provider, client_id: str, *keys: Key, **metadata: Any) -> None:
    """Register a client with the profile switched on; nothing else is asked for."""
    document = {
        "client_id": client_id,
        "profile": "fapi2",
        "redirect_uris": [CALLBACK, f"{CALLBACK}?dummy1=lorem&dummy2=ipsum"],
        "jwks": {"keys": [key.as_dict(private=False) for key in keys]},
        "scope": SCOPE,
        "sector": "suite.example",
        **metadata,
    }
    with provider.database.transaction() as session:
        provider.relying_parties.add(
            session, provider.audit, document, sandbox=True, now=clock.now()
        )


def signed(claims: dict[str, Any], key: Any, *, alg: str = "ES256") -> str:
    """Sign what is said, whether it makes sense or not; None leaves a claim out."""
    payload = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": alg, "kid": key.kid}
    text = json.dumps(payload).encode()
    return jws.serialize_compact(header, text, key, algorithms=_ALGORITHMS)


def stamp(later: float = 0) -> float:
    """Return the time in so many seconds."""
    return clock.timestamp(clock.now()) + later


@dataclass
class Fapi2Suite(Suite):
    """One client of the plan, its signing key and what it proves its tokens with."""

    client_id: str = "fapi2-client"
    token_type: str = "dpop"
    id_token_alg: str = "ES256"
    key: Any = field(default_factory=lambda: ec_key("client"))
    holder: Holder = field(default_factory=Holder)
    metadata: dict[str, Any] = field(default_factory=dict)
    verifier: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        register(self.provider, self.client_id, self.key, RSA, **self.metadata)

    def request(self, **changes: str | None) -> dict[str, str]:
        """Return a request with a challenge; None leaves a parameter out."""
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        proof = {"code_challenge": challenge, "code_challenge_method": "S256"}
        return super().request(**{**proof, **changes})

    def assertion(
        self, *, alg: str = "ES256", key: Any = None, **changes: Any
    ) -> dict[str, str]:
        """Return the form parameters of a client assertion."""
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": ISSUER,
            "iat": stamp(),
            "exp": stamp(60),
            "jti": uuid4().hex,
            **changes,
        }
        token = signed(claims, key or self.key, alg=alg)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}

    def push(
        self,
        *,
        proof: str | None = None,
        credentials: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        **changes: str | None,
    ) -> TestResponse:
        """Push a request, or the `form` instead of one."""
        asked = self.request(**changes) if form is None else form
        credentials = self.assertion() if credentials is None else credentials
        headers = {"DPoP": proof} if proof else {}
        return self.client.post("/par", data={**asked, **credentials}, headers=headers)

    def pushed(self, **changes: Any) -> str:
        """Push a sound request; return its `request_uri`."""
        response = self.push(**changes)
        assert response.status_code == 201, response.text
        assert response.content_type == "application/json"
        body = response.get_json()
        assert 0 < body["expires_in"] < 600
        return str(body["request_uri"])

    def load(self, request_uri: str, **beside: str) -> TestResponse:
        """Send the browser with the two parameters that suffice."""
        sent = {"client_id": self.client_id, "request_uri": request_uri, **beside}
        return self.browser.visit(f"/authorize?{urlencode(sent)}")

    def visit(self, **changes: Any) -> TestResponse:
        """Push a request and send the browser with it."""
        return self.load(self.pushed(**changes))

    def post_token(  # type: ignore[override]
        self,
        *,
        proof: str | None = MADE,
        credentials: dict[str, str] | None = None,
        **form: str,
    ) -> TestResponse:
        """Post a token request with assertion and proof."""
        if proof == MADE:
            proof = self.holder.proof("POST", "/token")
        credentials = self.assertion() if credentials is None else credentials
        headers = {"DPoP": proof} if proof else {}
        return self.client.post("/token", data={**credentials, **form}, headers=headers)

    def redeem(self, code: str, **extra: Any) -> TestResponse:
        """Present a code with its verifier."""
        return super().redeem(code, **{"code_verifier": self.verifier, **extra})

    def bearing(self, token: str, method: str) -> dict[str, str]:
        """Return the headers that bring a bound token to userinfo."""
        return self.holder.headers(method, "/userinfo", token)
