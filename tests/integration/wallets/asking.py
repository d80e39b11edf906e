"""What a wallet and a service ask of us, by HTTP."""

from joserfc.jwk import KeySet

from clients.sdk import credentials as sdk
from clients.sdk.credentials import Expected
from idp import clock
from tests.driver import citizen
from tests.integration.token_side import ISSUER

GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
CONFIGURATION = "residence_sd_jwt"
SCOPES = "openid residence_credential profile"


def holder(provider):
    return citizen(provider, state="active", account_level=2, factors=["pwd", "totp"])


def fresh_nonce(client):
    response = client.post("/credentials/nonce")
    assert response.headers["Cache-Control"] == "no-store"
    return response.get_json()["c_nonce"]


def ask(client, token, *proofs, headers=None, **changes):
    body = {
        "credential_configuration_id": CONFIGURATION,
        "proofs": {"jwt": list(proofs)},
        **changes,
    }
    body = {name: value for name, value in body.items() if value is not None}
    bearer = {"Authorization": f"Bearer {token}"}
    return client.post("/credentials", json=body, headers=headers or bearer)


def issued(client, token, wallet):
    proof = wallet.proof(audience=ISSUER, nonce=fresh_nonce(client))
    response = ask(client, token, proof)
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    (entry,) = response.get_json()["credentials"]
    return entry["credential"]


def verified(client, wallet, credential, *show):
    """Return what a service learns, which asks us for keys and status by HTTP."""
    nonce, audience = "n-1", "https://bank.example"
    keys = client.get("/.well-known/jwt-vc-issuer").get_json()
    assert keys["issuer"] == ISSUER

    def fetch(uri):
        response = client.get(uri.removeprefix(ISSUER))
        assert response.content_type == "application/statuslist+jwt"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        return response.text

    return sdk.verify(
        wallet.present(credential, show=show, audience=audience, nonce=nonce),
        expected=Expected(
            issuer=ISSUER,
            vct="urn:dinhdanh:vct:residence:1",
            audience=audience,
            nonce=nonce,
        ),
        keys=KeySet.import_key_set(
            client.get(keys["jwks_uri"].removeprefix(ISSUER)).get_json()
        ),
        fetch_status=fetch,
        now=clock.now(),
    )
