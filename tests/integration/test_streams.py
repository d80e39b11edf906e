"""The streams of security events, and who may have them (SSF 1.0 §7, §8)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from idp import clock
from idp.provider import Provider
from idp.signals import kinds
from idp.signals.streams import POLL, PUSH, InvalidStreamError, change, new
from tests.driver import SECRET, Portal, citizen
from tests.holder import Holder
from tests.integration.ssf_side import GRANTS, SCOPES, Streams, sign_in
from tests.integration.token_side import claims_of
from tests.services import BACKENDS
from tests.story import press


@pytest.fixture
def portal(provider: Provider) -> Portal:
    return Portal.register(provider, "tax", grant_types=GRANTS)


@pytest.fixture
def person(provider: Provider) -> dict[str, Any]:
    return citizen(provider, account_level=2, state="active", factors=["pwd"])


def test_a_stream_is_changed_replaced_and_ended(client, portal) -> None:
    """One for each client (SSF §8.1.1)."""
    streams = Streams(client, "tax")
    made = streams.create(description="tax office")
    name = made["stream_id"]
    assert streams.call("POST", "stream", {}).status_code == 409
    assert streams.call("GET", f"stream?stream_id={name}").get_json() == made
    assert streams.call("GET", "stream").get_json() == [made]
    assert streams.call("GET", "stream?stream_id=other").status_code == 404
    asked = {"stream_id": name, "events_requested": [kinds.ENABLED, "unknown"]}
    changed = streams.call("PATCH", "stream", asked).get_json()
    assert changed["events_delivered"] == [kinds.ENABLED]
    assert changed["description"] == "tax office"
    replaced = streams.call("PUT", "stream", asked).get_json()
    assert "description" not in replaced
    assert streams.call("DELETE", f"stream?stream_id={name}").status_code == 204
    assert streams.call("GET", "stream").get_json() == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_many_at_once_one_stream_comes(app, portal) -> None:
    """SSF §8.1.1.1: the others are refused, and nothing breaks."""
    streams = Streams(app.test_client(), "tax")
    each = [Streams(app.test_client(), "tax", token=streams.token) for _ in range(10)]
    with ThreadPoolExecutor(len(each)) as pool:
        answers = pool.map(lambda one: one.call("POST", "stream", {}), each)
        codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 9


def test_a_removed_client_comes_back_without_its_stream(
    provider, client, portal
) -> None:
    """Nothing of before is valid again."""
    Streams(client, "tax").create()
    with provider.database.transaction() as session:
        provider.relying_parties.remove(
            session, provider.audit, portal.client_id, now=clock.now()
        )
    Portal.register(provider, "tax", grant_types=GRANTS)
    assert Streams(client, "tax").call("GET", "stream").get_json() == []


def test_a_client_without_the_grant_hears_no_more(
    provider, client, portal, person
) -> None:
    """Nobody is told who may not ask for it."""
    streams = Streams(client, "tax")
    streams.create()
    browser, _ = sign_in(client, portal, person)
    Portal.register(provider, "tax")
    press(browser, "/account", "sign-out")
    assert streams.call("POST", "poll", {}).status_code == 401
    Portal.register(provider, "tax", grant_types=GRANTS)

    assert Streams(client, "tax").poll()["sets"] == {}


def test_a_stream_is_verified(client, portal) -> None:
    """With the portal's `state`, and not again at once (SSF §8.1.4)."""
    streams = Streams(client, "tax")
    name = streams.create()["stream_id"]
    asked = {"stream_id": name, "state": "s"}
    assert streams.call("POST", "verify", asked).status_code == 204
    (token,) = streams.poll()["sets"].values()
    claims = claims_of(token)
    assert claims["sub_id"] == {"format": "opaque", "id": name}
    assert claims["events"] == {kinds.VERIFICATION: {"state": "s"}}
    assert streams.call("POST", "verify", asked).status_code == 429


@pytest.mark.parametrize(
    "asked",
    [
        {"delivery": {"method": "pigeon"}},
        {"delivery": "push"},
        {"delivery": {"method": PUSH}},
        {"delivery": {"method": PUSH, "endpoint_url": "http://tax.example/"}},
        {
            "delivery": {
                "method": PUSH,
                "endpoint_url": "https://tax.example/",
                "authorization_header": "a\r\nb: c",
            }
        },
        {"events_requested": "all"},
        {"description": "x" * 301},
        {"description": "x\x00"},
        {"description": "\ud800"},
        [],
    ],
)
def test_what_cannot_be_given_is_refused(client, portal, asked) -> None:
    """And leaves no stream behind."""
    streams = Streams(client, "tax")
    assert streams.call("POST", "stream", asked).status_code == 400
    assert streams.call("GET", "stream").get_json() == []


@pytest.mark.parametrize("host", ["10.0.0.1", "127.0.0.1", "localhost", "mail.corp"])
def test_nothing_is_pushed_to_inside_machines(provider, host) -> None:
    """CWE-918; a sandbox lives on the loopback host."""
    delivery = {"method": PUSH, "endpoint_url": f"https://{host}/events"}
    stream = new("tax", now=clock.now())
    with pytest.raises(InvalidStreamError, match="inside network"):
        change(
            stream,
            {"delivery": delivery},
            provider.sealer,
            is_whole=True,
            sandbox=False,
        )


def test_a_token_is_for_its_own_streams_alone(provider, client, portal, person) -> None:
    """Neither a citizen's token here, nor this one elsewhere; `ssf.read` reads."""
    _, tokens = sign_in(client, portal, person)
    reader = Streams(client, "tax", scope="ssf.read")
    assert reader.call("POST", "stream", {}).status_code == 403
    assert "refresh_token" not in reader.answer
    bearer = {"Authorization": f"Bearer {reader.token}"}
    assert client.get("/userinfo", headers=bearer).status_code == 401
    own = {"client_id": "tax", "client_secret": SECRET, "token": reader.token}
    assert client.post("/introspect", data=own).get_json()["scope"] == "ssf.read"
    assert reader.call("GET", "stream").get_json() == []
    assert client.post("/revoke", data=own).status_code == 200
    for token in (reader.token, tokens["access_token"], tokens["id_token"], "", "a.b"):
        reader.token = token
        assert reader.call("GET", "stream").status_code == 401
    assert Streams(client, "tax", scope="openid").answer["error"] == "invalid_scope"
    Portal.register(provider, "plain")
    assert Streams(client, "plain").answer["error"] == "unauthorized_client"


def test_a_bound_token_needs_its_proof(client, portal) -> None:
    """RFC 9449 §7.1 holds at the streams too."""
    holder, streams = Holder(), Streams(client, "tax")
    own = {"client_id": "tax", "client_secret": SECRET, "scope": SCOPES}
    answered = client.post(
        "/token",
        data={"grant_type": "client_credentials", **own},
        headers={"DPoP": holder.proof("POST", "/token")},
    ).get_json()
    assert answered["token_type"] == "DPoP"
    streams.create()
    streams.token = answered["access_token"]

    assert streams.call("GET", "stream").status_code == 401
    proven = holder.headers("GET", "/ssf/stream", streams.token)
    assert client.get("/ssf/stream", headers=proven).status_code == 200
    assert client.get("/ssf/stream", headers=proven).status_code == 401, "replayed"


def test_the_configuration_tells_what_there_is(client) -> None:
    """SSF §7.1; every address answers."""
    told = client.get("/.well-known/ssf-configuration").get_json()
    assert told["issuer"] == "http://localhost:8000"
    assert told["delivery_methods_supported"] == [PUSH, POLL]
    for name in ("configuration", "status", "verification"):
        path = told[f"{name}_endpoint"].removeprefix(told["issuer"])
        assert client.post(path).status_code == 401
