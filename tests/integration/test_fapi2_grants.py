"""No grant goes round the FAPI 2.0 profile: assertion, algorithm and key, each time."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from cryptography import x509
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp import clock
from idp.app import create_app
from idp.config import MtlsConfig
from idp.consent import grants
from idp.consent.grants import Consent
from idp.provider import Provider
from idp.relying_parties import metadata
from tests.certificates import Authority, header
from tests.conformance.fapi2_suite import RSA
from tests.driver import Browser, at, citizen
from tests.holder import Holder
from tests.integration.acting import CHILD, GUARDIAN, account, press, subject
from tests.integration.token_side import (
    KEY,
    SCOPES,
    Portal,
    assert_refused,
    authorize,
    claims_of,
    register,
)
from tests.integration.waiting_side import CIBA, DEVICE, type_code
from tests.integration.wallets.asking import holder
from tests.integration.wallets.test_offers import offered

EXCHANGE, OWN = metadata.EXCHANGE, metadata.CLIENT_CREDENTIALS
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SECTOR = "bank.example"
MTLS = "tls_client_certificate_bound_access_tokens"
PROFILE = {
    "profile": "fapi2",
    "redirect_uris": ["https://bank.example/back"],
    "jwks": {"keys": [key.as_dict(private=False) for key in (KEY, RSA)]},
    "grant_types": list(metadata.GRANTS),
    "resources": ["https://api.bank.example"],
    "sector": SECTOR,
    "scope": f"{SCOPES} residence_credential",
}


@dataclass
class Scene:
    """A bank under the profile, with the key or the certificate of its tokens."""

    provider: Provider
    client: FlaskClient
    phone: Browser
    portal: Portal
    is_mtls: bool
    holder: Holder = field(default_factory=Holder)
    certificate: x509.Certificate = field(default_factory=Authority().issue)

    def key(self, path: str = "/token", token: str | None = None) -> dict[str, str]:
        """Return the headers that show the key."""
        if self.is_mtls:
            return header(self.certificate)
        method = "GET" if token else "POST"
        return {"DPoP": self.holder.proof(method, path, token=token)}

    def post(
        self,
        form: dict[str, str],
        path: str = "/token",
        *,
        headers: dict[str, str] | None = None,
        **assertion: Any,
    ) -> TestResponse:
        """Post as the bank, with its key unless other headers are given."""
        credentials, _ = self.portal.credentials(**assertion)
        shown = self.key(path) if headers is None else headers
        return self.client.post(path, data=credentials | form, headers=shown)

    def userinfo(self, token: str, *, with_key: bool) -> int:
        """Ask userinfo; return the status."""
        scheme = "Bearer" if self.is_mtls else "DPoP"
        shown = self.key("/userinfo", token) if with_key else {}
        headers = {"Authorization": f"{scheme} {token}", **shown}
        return self.client.get("/userinfo", headers=headers).status_code


@pytest.fixture(params=["dpop", "mtls"])
def scene(provider: Provider, request: pytest.FixtureRequest) -> Scene:
    server = replace(provider.config.server, trusted_proxies=("127.0.0.1/32",))
    credentials = replace(provider.config.credentials, enabled=True)
    config = replace(
        provider.config,
        server=server,
        mtls=MtlsConfig(enabled=True),
        credentials=credentials,
    )
    behind_proxy = replace(provider, config=config)
    app, is_mtls = create_app(provider=behind_proxy), request.param == "mtls"
    portal = register(provider, "private_key_jwt", **PROFILE, **{MTLS: is_mtls})
    phone = Browser(app.test_client())
    return Scene(behind_proxy, app.test_client(), phone, portal, is_mtls)


def by_code(scene: Scene) -> dict[str, str]:
    return authorize(scene.provider, scene.portal).form()


def by_refresh(scene: Scene) -> dict[str, str]:
    scopes = "openid offline_access"
    made = authorize(scene.provider, scene.portal, scopes=scopes)
    token = scene.post(made.form()).get_json()["refresh_token"]
    return {"grant_type": "refresh_token", "refresh_token": token}


def by_device(scene: Scene) -> dict[str, str]:
    asked = {"scope": "openid profile"}
    codes = scene.post(asked, "/device_authorization", headers={}).get_json()
    type_code(scene.phone, codes["user_code"])
    scene.phone.submit(decision="allow")
    consent_of(scene, person_of(scene.provider))
    return {"grant_type": DEVICE, "device_code": codes["device_code"]}


def by_call(scene: Scene) -> dict[str, str]:
    person = person_of(scene.provider)
    scene.phone.visit("/account")
    scene.phone.sign_in(person)
    asked = {"scope": "openid profile", "login_hint": person["personal_number"]}
    called = scene.post(asked, "/backchannel_authentication", headers={}).get_json()
    scene.phone.visit("/account/requests")
    action, number = "/account/requests/[0-9a-f]{64}", called["binding_number"]
    page = press(scene.phone, action, number=number, decision="allow")
    if at(page) == "consent":
        scene.phone.submit(decision="allow")
    return {"grant_type": CIBA, "auth_req_id": called["auth_req_id"]}


def by_exchange(scene: Scene) -> dict[str, str]:
    provider, now = scene.provider, clock.now()
    guardian, child = account(provider, GUARDIAN), account(provider, CHILD)
    given = Consent(
        account_id=child,
        actor_id=guardian,
        since=now,
        client_id=scene.portal.client_id,
        sector=SECTOR,
        scopes=["openid"],
        claims=(),
        refused=(),
        lifetime=86_400,
    )
    with provider.database.transaction() as database:
        grants.give(database, provider.audit, given, now=now)
    own = authorize(provider, scene.portal, scopes="openid", account_id=guardian)
    return {
        "grant_type": EXCHANGE,
        "subject_token": scene.post(own.form()).get_json()["access_token"],
        "subject_token_type": ACCESS_TOKEN,
        "requested_subject": subject(provider, child, SECTOR) or "",
    }


def by_offer(scene: Scene) -> dict[str, str]:
    scene.phone.visit("/account/wallet")
    scene.phone.sign_in(holder(scene.provider))
    code, number = offered(scene.provider, scene.phone, scene.portal)
    handles = {"pre-authorized_code": code, "tx_code": number}
    return {"grant_type": metadata.PRE_AUTHORIZED, **handles}


def by_itself(scene: Scene) -> dict[str, str]:
    return {"grant_type": OWN}


def person_of(provider: Provider) -> dict[str, Any]:
    return citizen(provider, state="active", factors=["pwd"], account_level=2)


def consent_of(scene: Scene, person: dict[str, Any]) -> None:
    if at(scene.phone.sign_in(person)) == "consent":
        scene.phone.submit(decision="allow")


WAYS = [by_code, by_refresh, by_device, by_call, by_exchange, by_offer, by_itself]
NO_USERINFO = (by_offer, by_itself)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_a_token_obeys(
    scene: Scene, way: Callable[[Scene], dict[str, str]]
) -> None:
    """§5.3.2.1, §5.4.1: what is refused costs nothing, and the token is bound."""
    form = way(scene)
    unsound = {
        "aud must be one string": {"aud": "http://localhost:8000/token"},
        "Client authentication failed": {"alg": "RS256", "key": RSA},
    }

    keyless = scene.post(form, headers={})
    for said, assertion in unsound.items():
        refused = scene.post(form, **assertion)
        assert_refused(refused, "invalid_client")
        assert refused.get_json()["error_description"].startswith(said)
    given = scene.post(form)

    assert_refused(keyless, "invalid_client" if scene.is_mtls else "invalid_dpop_proof")
    assert given.status_code == 200, given.text
    body = given.get_json()
    assert body["token_type"] == ("Bearer" if scene.is_mtls else "DPoP")
    bound = claims_of(body["access_token"])["cnf"]
    assert set(bound) == {"x5t#S256" if scene.is_mtls else "jkt"}
    if way not in NO_USERINFO:
        assert scene.userinfo(body["access_token"], with_key=True) == 200
        assert scene.userinfo(body["access_token"], with_key=False) == 401


def test_a_bound_token_is_not_exchanged_without_its_key(scene: Scene) -> None:
    """RFC 8693 §2.1: what is exchanged stays with whom it was given to."""
    form = by_exchange(scene)
    scene.holder, scene.certificate = Holder(), Authority().issue()

    refused = scene.post(form)

    assert_refused(refused, "invalid_request")
    assert "another key" in refused.get_json()["error_description"]
