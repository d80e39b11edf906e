"""A client as the FAPI-CIBA plan has it: signed calls, tokens of its certificate."""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any
from uuid import uuid4

from cryptography import x509
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp import clock
from idp.app import create_app
from idp.config import MtlsConfig
from idp.provider import Provider
from tests.certificates import Authority, header
from tests.conformance.fapi2_suite import RSA, ec_key, signed, stamp
from tests.conformance.suite import ISSUER
from tests.driver import Browser, at, citizen
from tests.integration.acting import press
from tests.integration.token_side import ASSERTION_TYPE
from tests.integration.waiting_side import CIBA

SCOPE = "openid profile"
SIGNED = {
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "ES256",
    "backchannel_authentication_request_signing_alg": "ES256",
    "id_token_signed_response_alg": "ES256",
    "tls_client_certificate_bound_access_tokens": True,
    "grant_types": [CIBA, "refresh_token"],
    "scope": "openid profile offline_access",
    "sector": "suite.example",
}


def behind_proxy(provider: Provider) -> Provider:
    """Return the provider as it serves behind a proxy that tells of certificates."""
    server = replace(provider.config.server, trusted_proxies=("127.0.0.1/32",))
    config = replace(provider.config, server=server, mtls=MtlsConfig(enabled=True))
    return replace(provider, config=config)


@dataclass
class CibaSuite:
    """One client of the plan, and the phone of the citizen whom it calls."""

    provider: Provider
    app: Flask = field(init=False)
    client: FlaskClient = field(init=False)
    client_id: str = "ciba-client"
    key: Any = field(default_factory=lambda: ec_key("client"))
    certificate: x509.Certificate = field(default_factory=lambda: Authority().issue())
    metadata: dict[str, Any] = field(default_factory=dict)
    person: dict[str, Any] = field(init=False)
    phone: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(provider=behind_proxy(self.provider))
        self.client = self.app.test_client()
        wanted = {"state": "active", "factors": ["pwd"], "account_level": 2}
        self.person = citizen(self.provider, **wanted)
        self.phone = Browser(self.app.test_client())
        keys = [key.as_dict(private=False) for key in (self.key, RSA)]
        document = {"client_id": self.client_id, "jwks": {"keys": keys}}
        with self.provider.database.transaction() as session:
            self.provider.relying_parties.add(
                session,
                self.provider.audit,
                {**SIGNED, **document, **self.metadata},
                sandbox=True,
                now=clock.now(),
            )

    def assertion(
        self, *, alg: str = "ES256", key: Any = None, **changes: Any
    ) -> dict[str, str]:
        """Return the form parameters of a client assertion."""
        own = {"iss": self.client_id, "sub": self.client_id, "aud": ISSUER}
        times = {"iat": stamp(), "exp": stamp(60), "jti": uuid4().hex}
        token = signed({**own, **times, **changes}, key or self.key, alg=alg)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return what a signed call says; the times are seconds from now."""
        times = {"iat": 0, "nbf": 0, "exp": 300} | {
            name: changes.pop(name) for name in ("iat", "nbf", "exp") if name in changes
        }
        said = {
            name: stamp(later) for name, later in times.items() if later is not None
        }
        return {
            "iss": self.client_id,
            "aud": ISSUER,
            "jti": uuid4().hex,
            "scope": SCOPE,
            "login_hint": self.person["personal_number"],
            **said,
            **changes,
        }

    def ask(
        self,
        request: str | None = None,
        *,
        credentials: dict[str, str] | None = None,
        beside: dict[str, str] | None = None,
        **changes: Any,
    ) -> TestResponse:
        """Call the citizen by a request object, by default a sound one."""
        if request is None:
            request = signed(self.claims(**changes), self.key)
        proof = self.assertion() if credentials is None else credentials
        form = {"request": request, **proof, **(beside or {})}
        return self.client.post("/backchannel_authentication", data=form)

    def call(self, **changes: Any) -> dict[str, Any]:
        """Call the citizen; return the acknowledgement (CIBA §7.3)."""
        response = self.ask(**changes)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.get_json()
        assert len(body["auth_req_id"]) >= 22
        assert body["expires_in"] > 0
        return body

    def answer(self, called: dict[str, Any], decision: str = "allow") -> None:
        """Let the citizen type the number, and consent if that is asked."""
        self.phone.visit("/account")
        assert self.phone.page is not None
        if at(self.phone.page) == "login":
            self.phone.sign_in(self.person)
        self.phone.visit("/account/requests")
        action, number = "/account/requests/[0-9a-f]{64}", called["binding_number"]
        page = press(self.phone, action, number=number, decision=decision)
        if at(page) == "consent":
            self.phone.submit(decision="allow")

    def token(
        self,
        form: dict[str, str],
        *,
        credentials: dict[str, str] | None = None,
        certificate: x509.Certificate | None = None,
        with_certificate: bool = True,
    ) -> TestResponse:
        """Post a token request with assertion and certificate."""
        proof = self.assertion() if credentials is None else credentials
        shown = header(certificate or self.certificate) if with_certificate else {}
        return self.client.post("/token", data={**form, **proof}, headers=shown)

    def poll(self, called: dict[str, Any], **how: Any) -> TestResponse:
        """Ask for the tokens, the interval having passed."""
        handle = called["auth_req_id"]
        digest = sha256(handle.encode()).hexdigest()
        self.provider.ephemeral.drop(f"polled:{digest}")
        return self.token({"grant_type": CIBA, "auth_req_id": handle}, **how)

    def flow(self, **changes: Any) -> dict[str, Any]:
        """Call, approve and collect."""
        called = self.call(**changes)
        self.answer(called)
        response = self.poll(called)
        assert response.status_code == 200, response.text
        tokens: dict[str, Any] = response.get_json()
        return tokens

    def userinfo(self, token: str, certificate: x509.Certificate) -> int:
        """Ask userinfo with a certificate; return the status."""
        headers = {"Authorization": f"Bearer {token}", **header(certificate)}
        return self.client.get("/userinfo", headers=headers).status_code
