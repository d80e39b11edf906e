"""Clients with certificates, and tokens bound to them (RFC 8705, RFC 9440)."""

import ipaddress
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idp.app import create_app
from idp.config import MtlsConfig
from idp.oidc.endpoints import MACHINE_ENDPOINTS
from tests.certificates import NAME, Authority, encoded, header, self_signed
from tests.integration.token_side import (
    assert_refused,
    authorize,
    claims_of,
    post,
    register,
    userinfo,
)
from tests.serving import serving

REFRESH = {"grant_type": "refresh_token", "refresh_token": "unknown"}
# Whoever gets this far was authenticated: the token is what is wrong.
ACCEPTED = "invalid_grant"
BOUND = {"tls_client_certificate_bound_access_tokens": True}
DN = {"tls_client_auth_subject_dn": NAME}


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def behind_proxy(provider, authority):
    """Return the provider as it serves behind a proxy that ends TLS."""
    server = replace(provider.config.server, trusted_proxies=("127.0.0.1/32",))
    config = replace(provider.config, server=server, mtls=MtlsConfig(enabled=True))
    return replace(provider, config=config, client_authorities=(authority.certificate,))


@pytest.fixture
def client(behind_proxy):
    return create_app(provider=behind_proxy).test_client()


def tls_portal(provider, method="tls_client_auth", **metadata):
    """Register a client that proves itself by certificate; it sends its `client_id`."""
    return replace(register(provider, method, **metadata), method="none")


def attempt(client, portal, certificate=None, **form):
    headers = header(certificate) if certificate else {}
    return post(client, "/token", portal, {**REFRESH, **form}, **headers)


def thumbprint(certificate):
    digest = sha256(certificate.public_bytes(Encoding.DER)).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


SUBJECTS = [
    ("tls_client_auth_subject_dn", NAME, ()),
    ("tls_client_auth_san_dns", "cong.example", (x509.DNSName("Cong.Example"),)),
    (
        "tls_client_auth_san_uri",
        "https://cong.example/a",
        (x509.UniformResourceIdentifier("https://cong.example/a"),),
    ),
    (
        "tls_client_auth_san_ip",
        "2001:db8:0::1",
        (x509.IPAddress(ipaddress.ip_address("2001:db8::1")),),
    ),
    ("tls_client_auth_san_email", "a@b.example", (x509.RFC822Name("a@b.example"),)),
]


@pytest.mark.parametrize(("member", "name", "sans"), SUBJECTS)
def test_a_certificate_with_the_registered_name(
    client, provider, authority, member, name, sans
):
    """RFC 8705 §2.1: the one registered name, of an authority of ours."""
    portal = tls_portal(provider, **{member: name})
    named, other = authority.issue(sans=sans), authority.issue("CN=other", sans=())
    foreign = Authority().issue(sans=sans)

    assert_refused(attempt(client, portal, named), ACCEPTED)
    for wrong in (other, foreign, None):
        assert_refused(attempt(client, portal, wrong), "invalid_client")


def test_a_certificate_must_be_good_now_and_for_clients(client, provider, authority):
    """Expired ones and those of servers prove nothing."""
    portal = tls_portal(provider, **DN)

    for wrong in (authority.issue(days=1), authority.issue(is_server=True)):
        assert_refused(attempt(client, portal, wrong), "invalid_client")


def test_a_self_signed_certificate_that_is_registered(client, provider, authority):
    """RFC 8705 §2.2: exactly the certificate that stands in `jwks`."""
    certificate, key = self_signed()
    method = "self_signed_tls_client_auth"
    portal = tls_portal(provider, method, jwks={"keys": [key]})

    assert_refused(attempt(client, portal, certificate), ACCEPTED)
    for wrong in (self_signed()[0], authority.issue(), None):
        assert_refused(attempt(client, portal, wrong), "invalid_client")


class TestAtAnAddress:
    """The certificate stands at the portal's `jwks_uri`."""

    @pytest.fixture
    def config(self, config):
        """Let what is unknown be looked for at once."""
        limits = replace(config.registration, keys_refresh_after=0)
        return replace(config, registration=limits)

    def test_a_certificate_is_found_and_renewed_there(self, client, provider):
        """RFC 8705 §2.2.2; one that is not of its key proves nothing."""
        (first, key), (renewed, new_key), (third, _) = (self_signed() for _ in "123")
        forged = {**new_key, "kid": "3", "x5c": [encoded(third)]}
        method = "self_signed_tls_client_auth"
        with serving({"keys": [key]}) as place:
            portal = tls_portal(provider, method, jwks_uri=place.uri)
            assert_refused(attempt(client, portal, renewed), "invalid_client")
            assert_refused(attempt(client, portal, first), ACCEPTED)

            place.show({"keys": [new_key, forged, {**key, "x5c": "AAAA"}]})

            assert_refused(attempt(client, portal, renewed), ACCEPTED)
            for wrong in (first, third):
                assert_refused(attempt(client, portal, wrong), "invalid_client")


def test_unknown_and_wrong_have_one_answer(client, provider, authority):
    """Nobody learns which clients exist."""
    portal = tls_portal(provider, **DN)
    certificate = authority.issue("CN=other")

    wrong = attempt(client, portal, certificate)
    unknown = attempt(client, replace(portal, client_id="nobody"), certificate)

    assert wrong.get_json() == unknown.get_json()
    for answer in (wrong, unknown):
        del answer.headers["X-Request-ID"]  # its own in each
    assert dict(wrong.headers) == dict(unknown.headers)


def test_one_method_in_each_request(client, provider, authority):
    """RFC 6749 §2.3: a certificate does not help beside another proof, or instead."""
    with_secret = register(provider)
    with_certificate = tls_portal(provider, **DN)
    certificate = authority.issue()

    instead = attempt(client, replace(with_secret, method="none"), certificate)
    beside = attempt(client, with_certificate, certificate, client_secret="s" * 40)

    assert_refused(instead, "invalid_client")
    assert_refused(beside, "invalid_client")


def test_only_our_proxy_tells_of_certificates(behind_proxy, provider, app, authority):
    """RFC 9440 §4: from anybody else the header is refused, whoever sends it."""
    portal, told = tls_portal(provider, **DN), header(authority.issue())
    direct = create_app(provider=behind_proxy).test_client()
    direct.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    switched_off = app.test_client()

    for client in (direct, switched_off):
        for answered in (
            post(client, "/token", portal, REFRESH, **told),
            post(client, "/token", register(provider), REFRESH, **told),
            post(client, "/par", portal, {}, **told),
        ):
            assert_refused(answered, "invalid_request")
        for endpoint in MACHINE_ENDPOINTS:
            answered = client.open(
                endpoint.path, method=endpoint.methods[0], headers=told
            )
            assert_refused(answered, "invalid_request")
    assert_refused(post(direct, "/token", register(provider), REFRESH), ACCEPTED)


@pytest.mark.parametrize(
    "value", ["", "x", ":x:", "::", ":AAAA:", ":!:", '"a"', ":AAAA:, :AAAA:"]
)
def test_what_is_no_certificate_is_refused(client, provider, value):
    """RFC 9440 §2.2: one byte sequence that holds one certificate."""
    portal = tls_portal(provider, **DN)

    refused = post(client, "/token", portal, REFRESH, **{"Client-Cert": value})

    assert_refused(refused, "invalid_request")


@pytest.mark.parametrize("method", ["private_key_jwt", "none"])
def test_tokens_bound_to_a_certificate(client, provider, authority, method):
    """§3: `cnf` names it, and a resource takes the token with it alone."""
    portal, mine = register(provider, method, **BOUND), authority.issue()
    made = authorize(provider, portal)

    given = post(client, "/token", portal, made.form(), **header(mine)).get_json()
    token = given["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}

    assert given["token_type"] == "Bearer"
    assert claims_of(token)["cnf"] == {"x5t#S256": thumbprint(mine)}
    with_it = client.get("/userinfo", headers={**bearer, **header(mine)})
    other = client.get("/userinfo", headers={**bearer, **header(authority.issue())})
    assert with_it.status_code == 200
    for refused in (other, userinfo(client, token)):
        assert_refused(refused, "invalid_token", 401)
    if method == "private_key_jwt":
        told = post(client, "/introspect", portal, {"token": token}, **header(mine))
        assert told.get_json()["cnf"] == {"x5t#S256": thumbprint(mine)}


def test_no_token_without_the_certificate(client, provider):
    """§3: who registered for bound tokens gets no other."""
    portal = register(provider, **BOUND)

    refused = post(client, "/token", portal, authorize(provider, portal).form())

    assert_refused(refused, "invalid_client")


def test_the_refresh_of_a_public_client_is_bound(client, provider, authority):
    """§4: its certificate is all that it is known by."""
    portal, mine = register(provider, "none", **BOUND), authority.issue()
    made = authorize(provider, portal, scopes="openid offline_access")
    given = post(client, "/token", portal, made.form(), **header(mine)).get_json()
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}

    other = post(client, "/token", portal, form, **header(authority.issue()))
    again = post(client, "/token", portal, form, **header(mine))

    assert_refused(other, "invalid_grant")
    assert again.status_code == 200


def test_the_whole_flow_by_certificate_alone(client, provider, authority):
    """A client of `tls_client_auth` with bound tokens redeems its code."""
    portal, mine = tls_portal(provider, **DN, **BOUND), authority.issue()

    given = post(
        client, "/token", portal, authorize(provider, portal).form(), **header(mine)
    )

    assert given.status_code == 200, given.text


def test_what_is_told_of_it(client, app, behind_proxy):
    """§3.3, §5: in the metadata where it works, and only there."""
    address = "/.well-known/openid-configuration"
    told = client.get(address).get_json()
    off = app.test_client().get(address).get_json()
    mtls = MtlsConfig(enabled=True, endpoints="https://mtls.example")
    config = replace(behind_proxy.config, mtls=mtls)
    aliased = create_app(provider=replace(behind_proxy, config=config)).test_client()

    methods = told["token_endpoint_auth_methods_supported"]
    assert "self_signed_tls_client_auth" in methods
    assert "tls_client_auth" not in methods  # no authorities_file is configured
    assert told["tls_client_certificate_bound_access_tokens"] is True
    assert "mtls_endpoint_aliases" not in told
    assert "tls" not in str(off)
    aliases = aliased.get(address).get_json()["mtls_endpoint_aliases"]
    assert aliases["token_endpoint"] == "https://mtls.example/token"
    assert set(aliases) == {
        name
        for name in told
        if name.endswith("_endpoint")
        and name.removesuffix("_endpoint")
        not in ("authorization", "end_session", "registration", "nonce")
    }
