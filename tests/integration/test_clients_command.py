"""`idp clients`: RFC 7591 metadata in, RFC 7591 response out."""

import json

import pytest
from click.testing import CliRunner

from idp import clock
from idp.authentication.models import LogoutNotice
from idp.cli.clients import group
from idp.cli.context import CliContext
from idp.consent import live_grants
from idp.relying_parties.errors import UnknownClientError
from tests.integration.registering import manage, post, registered
from tests.integration.token_side import (
    KEY,
    Portal,
    account_of,
    assert_refused,
    consent_to,
)

CALLBACK = "https://portal.example.vn/callback"
SECRET = "moved-from-another-provider-0123456789"
METADATA = {
    "client_id": "moved-portal",
    "client_secret": SECRET,
    "client_name": "Cổng đã chuyển",
    "redirect_uris": [CALLBACK],
    "scope": "openid profile",
}


@pytest.fixture
def idp(provider):
    """Return a function that runs `idp clients …` and returns its result."""
    cli = CliContext(None)
    vars(cli).update(config=provider.config, provider=provider)

    def run(*arguments, stdin=""):
        return CliRunner().invoke(group, arguments, obj=cli, input=stdin)

    return run


def added(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_metadata_from_a_file_is_registered(idp, provider, tmp_path):
    """The whole answer on standard output is one JSON object."""
    file = tmp_path / "metadata.json"
    file.write_text(json.dumps(METADATA), encoding="utf-8")

    response = added(idp("add", str(file)))

    assert response["client_id"] == "moved-portal"
    assert response["client_secret"] == SECRET
    assert response["client_name"] == "Cổng đã chuyển"
    assert provider.relying_parties.check_secret("moved-portal", SECRET)


def test_metadata_from_standard_input_is_registered(idp, provider):
    """`-` reads standard input; identifier and secret are made where none is given."""
    response = added(idp("add", "-", stdin=json.dumps({"redirect_uris": [CALLBACK]})))

    assert provider.relying_parties.check_secret(
        response["client_id"], response["client_secret"]
    )


# What a registration looks like when a widespread provider hands it out.
EXPORTS = {
    "realms": {
        "registration_access_token": "eyJ.eyJ.sig",
        "registration_client_uri": "https://other.example/clients/moved-portal",
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "response_types": ["code", "none"],
        "scope": "address phone offline_access web-origins acr profile roles email",
        "subject_type": "public",
        "request_uris": [],
        "tls_client_certificate_bound_access_tokens": False,
        "dpop_bound_access_tokens": False,
        "client_id_issued_at": 1_700_000_000,
        "client_secret_expires_at": 0,
        "backchannel_logout_session_required": False,
        "frontchannel_logout_session_required": False,
    },
    "written out": {
        "client_name": "",
        "logo_uri": "",
        "policy_uri": "",
        "tos_uri": "",
        "client_uri": "",
        "contacts": [],
        "audience": [],
        "jwks": {},
        "metadata": {},
        "scope": "openid offline",
        "userinfo_signed_response_alg": "none",
        "created_at": "2023-01-01T00:00:00Z",
    },
    "with nulls": {
        "application_type": "web",
        "id_token_signed_response_alg": "RS256",
        "introspection_endpoint_auth_method": "client_secret_basic",
        "default_max_age": None,
        "userinfo_signed_response_alg": None,
        "jwks": None,
        "contacts": None,
    },
}


@pytest.mark.parametrize("export", EXPORTS.values(), ids=EXPORTS)
def test_exports_of_other_providers_are_taken(idp, provider, export):
    """Identifier and secret are kept; the answer tells what was replaced."""
    given = {**METADATA, **export}

    response = added(idp("add", "-", stdin=json.dumps(given)))

    assert (response["client_id"], response["client_secret"]) == (
        METADATA["client_id"],
        SECRET,
    )
    assert response["client_secret_expires_at"] == 0
    assert response["redirect_uris"] == [CALLBACK]
    assert response["response_types"] == ["code"]
    assert response["subject_type"] == "pairwise"
    assert set(response["grant_types"]) <= {"authorization_code", "refresh_token"}
    assert set(response["scope"].split()) <= set(given["scope"].split()) | {"openid"}
    assert "userinfo_signed_response_alg" not in response
    assert provider.relying_parties.check_secret("moved-portal", SECRET)


def test_a_replaced_secret_can_end_at_once(idp, provider):
    """`--overlap-hours 0` is for a secret that leaked."""
    added(idp("add", "-", stdin=json.dumps(METADATA)))
    other = {**METADATA, "client_secret": SECRET[::-1]}

    added(idp("add", "-", "--overlap-hours", "0", stdin=json.dumps(other)))

    assert not provider.relying_parties.check_secret("moved-portal", SECRET)
    assert provider.relying_parties.check_secret("moved-portal", SECRET[::-1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("\ud83d", "not JSON"),
        ('{"redirect_uris": [], "redirect_uris": []}', "twice"),
        ("[" * 60_000, "not JSON"),
        (" " * 70_000, "longer than"),
        ("[]", "JSON object"),
        ('{"redirect_uris": ["http://portal.example.vn/"]}', "invalid_redirect_uri"),
        ('{"redirect_uris": []}', "invalid_redirect_uri"),
    ],
)
def test_bad_metadata_is_refused_in_words(idp, text, said):
    """A message and an exit code, never a traceback."""
    result = idp("add", "-", stdin=text.encode(errors="surrogatepass"))

    assert result.exit_code == 1
    assert said in result.output
    assert isinstance(result.exception, SystemExit)


def test_a_refusal_is_json_too(idp):
    """RFC 7591 §3.2.2, for scripts."""
    result = idp("add", "-", stdin='{"redirect_uris": ["/relative"]}')

    assert json.loads(result.stdout)["error"] == "invalid_redirect_uri"


def test_a_missing_file_is_named(idp):
    """The one who mistyped sees what."""
    result = idp("add", "no-such-file.json")

    assert result.exit_code == 1
    assert "no-such-file.json" in result.output


def test_clients_are_listed_and_shown_without_secrets(idp):
    """As a table, as JSON, one by one."""
    added(idp("add", "-", stdin=json.dumps(METADATA)))

    table = idp("list").output
    (listed,) = [
        item
        for item in json.loads(idp("list", "--json").stdout)
        if item["client_id"] == "moved-portal"
    ]
    shown = json.loads(idp("show", "moved-portal").stdout)

    assert "moved-portal" in table
    assert listed == shown
    assert SECRET not in table + json.dumps(shown)
    assert isinstance(idp("show", "nobody").exception, UnknownClientError)


def test_removal_ends_every_permission(idp, provider):
    """Grants, secret and registration go together; doing it twice is an error."""
    added(idp("add", "-", stdin=json.dumps(METADATA)))
    grant = consent_to(provider, Portal("moved-portal"), account_of(provider))

    result = idp("remove", "moved-portal")

    assert "1 permissions ended" in result.output
    assert provider.relying_parties.find("moved-portal") is None
    with provider.database.read() as connection:
        assert live_grants.live_for_token(connection, grant.id, clock.now()) is None
    assert isinstance(idp("remove", "moved-portal").exception, UnknownClientError)


def test_what_portals_have_not_heard_is_listed(idp, provider):
    """Each with its attempts and what came back last."""
    assert idp("waiting", "--json").stdout == "[]\n"
    sandboxed = account_of(provider)
    with provider.database.transaction() as session:
        session.add(
            LogoutNotice(
                account_id=sandboxed,
                client_id="moved-portal",
                attempts=3,
                due_at=clock.now(),
                last_answer="answered 500",
            )
        )

    (row,) = json.loads(idp("waiting", "--json").stdout)

    assert (row["kind"], row["client_id"]) == ("logout", "moved-portal")
    assert (row["notices"], row["attempts"]) == (1, 3)
    assert row["last_answer"] == "answered 500"
    assert idp("waiting").exit_code == 0


def test_a_portal_registers_with_a_token_of_the_command(idp, client):
    """`initial-token` approves; the scope does not go beyond it."""
    approved = {"scope": "openid profile"}
    printed = added(idp("initial-token", "-", stdin=json.dumps(approved)))

    answer = registered(
        client, printed["initial_access_token"], scope="openid profile household"
    )

    assert printed["uses"] == 1
    assert printed["registration_endpoint"].endswith("/register")
    assert answer["scope"] == "openid profile"


def test_a_token_that_leaked_is_ended(idp, client):
    """It is found by its id, and nobody registers with it any more."""
    printed = added(idp("initial-token", "--uses", "3"))
    (listed,) = added(idp("initial-tokens", "--json"))

    ended = idp("end-initial-token", printed["id"])
    again = idp("end-initial-token", printed["id"])

    assert (listed["id"], listed["uses"]) == (printed["id"], 3)
    assert printed["initial_access_token"] not in str(listed)
    assert (ended.exit_code, again.exit_code) == (0, 1)
    assert post(client, printed["initial_access_token"]).status_code == 401
    assert added(idp("initial-tokens", "--json")) == []
    assert idp("initial-tokens").exit_code == 0


@pytest.mark.parametrize(
    "approved",
    [[], {"client_id": "x"}, {"jwks": {}}, {"scope": 7}, {"minimum_acr": "high"}],
)
def test_nothing_unsound_is_approved(idp, approved):
    """Better now than when the portal comes."""
    result = idp("initial-token", "-", stdin=json.dumps(approved))

    assert result.exit_code == 1
    assert '"error": "invalid_client_metadata"' in result.stdout


def test_a_registered_portal_goes_on_by_itself(idp, client):
    """`registration-token` hands it over; what the operator says later prevails."""
    added(idp("add", "-", stdin=json.dumps(METADATA)))
    handed_over = added(idp("registration-token", "moved-portal"))
    handed_over["client_id"] = "moved-portal"
    asked = {"redirect_uris": [CALLBACK], "scope": "openid profile email"}

    before = manage(client, "PUT", handed_over, **asked).get_json()
    added(idp("add", "-", stdin=json.dumps(METADATA | {"scope": "openid"})))
    after = manage(client, "PUT", handed_over, **asked).get_json()

    assert before["scope"] == "openid profile"
    assert after["scope"] == "openid"


PROTECTED = {
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "ES256",
    "jwks": {"keys": [KEY.as_dict(private=False)]},
    "require_pushed_authorization_requests": True,
    "require_signed_request_object": True,
    "request_object_signing_alg": "ES256",
    "userinfo_signed_response_alg": "ES256",
    "dpop_bound_access_tokens": True,
    "require_nonce": True,
}
OFF = {
    "token_endpoint_auth_method": "none",
    "require_pushed_authorization_requests": False,
    "require_signed_request_object": False,
    "userinfo_signed_response_alg": "none",
    "dpop_bound_access_tokens": False,
    "require_nonce": False,
    "require_pkce": False,
}


@pytest.fixture
def handed_over(idp):
    """Return a portal of the operator, with protections, and its own token."""
    document = {name: METADATA[name] for name in METADATA if name != "client_secret"}
    added(idp("add", "-", stdin=json.dumps(document | PROTECTED)))
    answer = added(idp("registration-token", "moved-portal"))
    return {**answer, "client_id": "moved-portal"}


@pytest.mark.parametrize("off", [OFF, dict.fromkeys(OFF)])
def test_a_protection_of_the_operators_stays(client, handed_over, off):
    """CWE-269: neither false nor null switches it off."""
    sent = {"redirect_uris": [CALLBACK], "jwks": PROTECTED["jwks"], **off}

    stands = manage(client, "PUT", handed_over, **sent).get_json()

    assert {name: stands[name] for name in PROTECTED} == PROTECTED
    assert stands["require_pkce"] is True


def test_a_portal_of_the_operators_stays_on_its_hosts(client, handed_over):
    """CWE-639: its subjects, name and grants would serve another's host."""
    sent = {"jwks": PROTECTED["jwks"]}
    evil = "https://evil.example/callback"
    other = "https://portal.example.vn/other"

    for uris in ([evil], [CALLBACK, evil]):
        refused = manage(client, "PUT", handed_over, redirect_uris=uris, **sent)
        assert_refused(refused, "invalid_redirect_uri")
    taken = manage(client, "PUT", handed_over, redirect_uris=[other], **sent)

    assert taken.get_json()["redirect_uris"] == [other]


def test_only_a_registered_portal_gets_a_token(idp):
    """An unknown client is named."""
    result = idp("registration-token", "nobody")

    assert isinstance(result.exception, UnknownClientError)
