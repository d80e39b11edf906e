"""Apache's mod_auth_openidc signs in, asks about tokens and signs out, as it comes."""

import pytest
import requests

from tests.e2e.driving import finish
from tests.e2e.interop import apache
from tests.e2e.people import told
from tests.e2e.running import free_block

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SETTINGS = """\
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID            {client_id}
OIDCClientSecret        {client_secret}
OIDCRedirectURI         {home}/protected/callback
OIDCCryptoPassphrase    only-of-this-test
OIDCScope               "openid profile"
OIDCPKCEMethod          S256
OIDCPassClaimsAs        environment
<Location /protected>
  AuthType openid-connect
  Require valid-user
  Header set Told "%{{OIDC_CLAIM_sub}}e %{{OIDC_CLAIM_family_name}}e"
  Header set Token "%{{OIDC_access_token}}e"
</Location>

OIDCOAuthServerMetadataURL         {issuer}/.well-known/openid-configuration
OIDCOAuthIntrospectionEndpointAuth client_secret_basic
OIDCOAuthClientID                  {client_id}
OIDCOAuthClientSecret              {client_secret}
OIDCOAuthRemoteUserClaim           sub
<Location /api>
  AuthType oauth20
  Require valid-user
</Location>
"""


def test_sign_in_api_and_sign_out(page, demo, citizens, services):
    """Code flow with PKCE, our tokens at its API, and a back-channel sign-out."""
    port = free_block(1)
    home = f"http://127.0.0.1:{port}"
    party = demo.register(
        redirect_uris=[f"{home}/protected/callback"],
        backchannel_logout_uri=f"{home}/protected/callback?logout=backchannel",
        scope="openid profile",
        sector="apache.test",
    )
    named = {name: party[name] for name in ("client_id", "client_secret")}
    settings = SETTINGS.format(issuer=demo.issuer, home=home, **named)
    with apache.serving(services.folder / "apache", port, settings):
        page.goto(f"{home}/protected")
        finish(page, demo, told(citizens, "birth year"))
        inside = page.reload()
        assert inside.status == 200
        subject, _, name = inside.headers["told"].partition(" ")
        assert len(subject) > 10
        assert name not in ("", "(null)")

        token = inside.headers["token"]
        assert call(home, token).status_code == 200
        assert call(home, f"{token}x").status_code == 401

        page.goto(f"{demo.issuer}/end_session")
        page.locator("[name=decision][value=yes]").click()
        page.wait_for_url("**/logged-out/**")
        page.goto(f"{home}/protected")
        assert page.url.startswith(demo.issuer), "Apache's own session is over too"
        assert call(home, token).status_code == 401


def call(home: str, token: str) -> requests.Response:
    """Ask the API with a token."""
    bearer = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{home}/api", headers=bearer, timeout=10)
