"""What tests of registration over HTTP start from."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp import clock
from idp.provider import Provider
from idp.relying_parties import registration_tokens

CALLBACK = "https://shop.example.vn/callback"
METADATA = {"redirect_uris": [CALLBACK]}


def initial_token(
    provider: Provider,
    *,
    uses: int = 1,
    lasting: timedelta = timedelta(days=1),
    **approved: Any,
) -> str:
    """Return an operator's token that approves these members."""
    now = clock.now()
    with provider.database.transaction() as session:
        _, token = registration_tokens.issue_initial(
            session,
            provider.audit,
            approved,
            uses=uses,
            expires_at=now + lasting,
            now=now,
        )
        return token


def post(client: FlaskClient, token: str | None, **metadata: Any) -> TestResponse:
    """Ask for a registration."""
    return send(client, "POST", "/register", token, {**METADATA, **metadata})


def registered(client: FlaskClient, token: str, **metadata: Any) -> dict[str, Any]:
    """Register a client and return the answer."""
    response = post(client, token, **metadata)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.get_json()
    return answer


def manage(
    client: FlaskClient,
    method: str,
    answer: dict[str, Any],
    *,
    token: str | None = None,
    **metadata: Any,
) -> TestResponse:
    """Do something with a registration, with its own token unless another is given."""
    parts = urlsplit(answer["registration_client_uri"])
    body = None
    if method == "PUT":
        body = {**METADATA, "client_id": answer["client_id"], **metadata}
    token = token or answer["registration_access_token"]
    return send(client, method, f"{parts.path}?{parts.query}", token, body)


def send(
    client: FlaskClient,
    method: str,
    url: str,
    token: str | None,
    body: dict[str, Any] | None = None,
) -> TestResponse:
    """Send JSON with a bearer token."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.open(
        url,
        method=method,
        headers=headers,
        data=None if body is None else json.dumps(body),
        content_type=None if body is None else "application/json",
    )
