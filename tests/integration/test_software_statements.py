"""Software statements (RFC 7591 §2.3) of trusted issuers, and of nobody else."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwk, jwt

from idp import clock
from idp.config import Config
from idp.errors import ConfigError
from idp.relying_parties.statement_issuers import read_issuers
from tests.integration.registering import (
    CALLBACK,
    initial_token,
    manage,
    post,
    registered,
)
from tests.integration.token_side import ISSUER, assert_refused

AUTHORITY = "https://portals.example.vn"
KEY = jwk.ECKey.generate_key("P-256", {"kid": "authority-1"})
OTHER_KEY = jwk.ECKey.generate_key("P-256", {"kid": "authority-1"})
STATED = {"software_id": "cua-hang", "client_name": "Cửa hàng được chứng nhận"}


@pytest.fixture
def config(config: Config, tmp_path: Path) -> Config:
    """Trust one issuer."""
    file = tmp_path / "issuers.json"
    file.write_text(json.dumps({AUTHORITY: {"keys": [KEY.as_dict(private=False)]}}))
    limits = replace(config.registration, statement_issuers_file=file)
    return replace(config, registration=limits)


def statement(key=KEY, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """Return a signed statement; a change of None leaves a claim out."""
    now = clock.timestamp(clock.now())
    claims = {"iss": AUTHORITY, "iat": now, "exp": now + 60, **STATED, **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "ES256", **(header or {})}, claims, key)


def test_what_is_stated_prevails(client, provider):
    """§2.3: over the client's own words; the answer has the statement unmodified."""
    text = statement()

    answer = registered(
        client,
        initial_token(provider),
        software_statement=text,
        client_name="Ngân hàng",
        **{"client_name#en": "Bank"},
    )

    assert answer["client_name"] == STATED["client_name"]
    assert "client_name#en" not in answer
    assert answer["software_id"] == "cua-hang"
    assert answer["software_statement"] == text
    assert "iss" not in answer


def test_what_was_approved_prevails_over_what_is_stated(client, provider):
    """The operator of this server has the last word, and bounds the scope."""
    token = initial_token(provider, scope="openid email", client_name="Đã duyệt")

    answer = registered(
        client, token, software_statement=statement(scope="openid email household")
    )

    assert answer["client_name"] == "Đã duyệt"
    assert answer["scope"] == "openid email"


def test_it_states_no_identity_and_no_purpose(client, provider):
    """What is never the client's to choose is not the issuer's either."""
    answer = registered(
        client,
        initial_token(provider),
        software_statement=statement(
            client_id="chosen",
            sector="bank.example.vn",
            claims_policy=[{"claim": "name", "purpose": "x"}],
        ),
    )

    assert answer["client_id"] != "chosen"
    assert answer["sector"] == "shop.example.vn"
    assert answer["claims_policy"] == []


@pytest.mark.parametrize(
    "text",
    [
        lambda: "x",
        lambda: ["x"],
        lambda: statement(OTHER_KEY),
        lambda: statement(header={"typ": "at+jwt"}),
        lambda: statement(header={"kid": "another"}),
        lambda: statement(aud="https://another.example"),
        lambda: statement(exp=1),
        lambda: statement(exp="soon"),
        lambda: statement(nbf=clock.timestamp(clock.now()) + 120),
        lambda: statement(iat=clock.timestamp(clock.now()) + 120),
        lambda: statement().rpartition(".")[0] + ".",
        lambda: statement() + "A" * 9000,
    ],
)
def test_a_wrong_statement_registers_nobody(client, provider, text):
    """§3.2.2: invalid_software_statement."""
    response = post(client, initial_token(provider), software_statement=text())

    assert_refused(response, "invalid_software_statement")


@pytest.mark.parametrize("issuer", ["https://stranger.example", None, 7, ["x"]])
def test_a_stranger_states_nothing(client, provider, issuer):
    """§3.2.2: unapproved_software_statement."""
    text = statement(iss=issuer)

    response = post(client, initial_token(provider), software_statement=text)

    assert_refused(response, "unapproved_software_statement")


def test_a_statement_may_name_us_among_others(client, provider):
    """An audience is one server or several."""
    text = statement(aud=["https://another.example", ISSUER])

    registered(client, initial_token(provider), software_statement=text)


def test_an_update_without_it_keeps_what_was_stated(client, provider):
    """It may have expired since: it was proven when it came."""
    text = statement(exp=clock.timestamp(clock.now()) - 30)  # within the leeway
    answer = registered(client, initial_token(provider), software_statement=text)

    stands = manage(client, "PUT", answer, client_name="Ngân hàng").get_json()

    assert stands["client_name"] == STATED["client_name"]
    assert stands["software_statement"] == text


def test_an_update_may_bring_a_newer_one(client, provider):
    """Proven like the first."""
    answer = registered(client, initial_token(provider), software_statement=statement())
    newer = statement(client_name="Cửa hàng mới")

    forged = manage(client, "PUT", answer, software_statement=statement(OTHER_KEY))
    renewed = manage(client, "PUT", answer, software_statement=newer)

    assert_refused(forged, "invalid_software_statement")
    assert renewed.get_json()["client_name"] == "Cửa hàng mới"


def test_stated_addresses_are_checked_as_any(client, provider):
    """A trusted issuer errs, too."""
    text = statement(redirect_uris=[CALLBACK, "http://shop.example.vn/"])

    response = post(client, initial_token(provider), software_statement=text)

    assert_refused(response, "invalid_redirect_uri")


class TestWhereItIsRequired:
    """The operator lets nobody register without one."""

    @pytest.fixture
    def config(self, config: Config) -> Config:
        """Require it."""
        limits = replace(config.registration, require_statement=True)
        return replace(config, registration=limits)

    def test_nobody_registers_without_it(self, client, provider):
        """With it, as ever; and an update goes on under the one that is kept."""
        token = initial_token(provider)
        assert_refused(post(client, token), "invalid_software_statement")

        answer = registered(client, token, software_statement=statement())

        assert manage(client, "PUT", answer).status_code == 200


@pytest.mark.parametrize("text", ["", "[]", '{"https://a.example": {"keys": []}}'])
def test_an_unsound_file_stops_the_start(tmp_path, text):
    """The setting is named."""
    file = tmp_path / "issuers.json"
    file.write_text(text)

    with pytest.raises(ConfigError, match="statement_issuers_file"):
        read_issuers(file)
