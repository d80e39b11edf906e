"""Registering, replacing, finding and removing relying parties."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from joserfc import jwk

from idp.audit.models import AuditEvent
from idp.relying_parties.errors import InvalidMetadataError, UnknownClientError
from idp.relying_parties.models import ClientSecret
from idp.relying_parties.record import unsafe_in_production
from idp.relying_parties.registry import RelyingParties
from tests.unit.relying_parties.parties import CALLBACK, EC_KEY, purpose
from tests.unit.world import NOW, on_each_backend

SECRET = "moved-from-another-provider-0123456789"
NEW_SECRET = "the-next-secret-of-the-portal-0123456789"
LATER = NOW + timedelta(hours=1)
AFTER_OVERLAP = NOW + timedelta(hours=25)
NEW_KEY = jwk.ECKey.generate_key("P-256", {"kid": "ec-2"}).as_dict(private=False)


def kids(party):
    return [key.get("kid") for key in party.jwks.keys] if party.jwks else []


@on_each_backend
def test_a_response_tells_what_was_registered(registered):
    """RFC 7591 §3.2.1: identifier, secret once, times, and all metadata."""
    response = registered.add(scope="openid profile", require_pkce=False)

    assert len(response["client_secret"]) >= 43
    assert response["client_id_issued_at"] == int(NOW.timestamp())
    assert response["client_secret_expires_at"] == 0
    assert response["redirect_uris"] == [CALLBACK]
    assert response["scope"] == "openid profile"
    assert response["require_pkce"] is False
    assert response["sector"] == "portal.example.vn"
    assert registered.parties.check_secret(
        response["client_id"], response["client_secret"]
    )


@on_each_backend
def test_an_explicit_identifier_and_secret_are_kept(registered):
    """For moving from another provider; only a digest is stored."""
    response = registered.add(client_id="cổng".encode().hex(), client_secret=SECRET)

    client_id = response["client_id"]
    assert response["client_secret"] == SECRET
    assert registered.parties.check_secret(client_id, SECRET)
    assert not registered.parties.check_secret(client_id, SECRET + " ")
    assert not registered.parties.check_secret(client_id, "")
    assert not registered.parties.check_secret(client_id, "\udcff")
    assert not registered.parties.check_secret("somebody-else", SECRET)
    with registered.world.database.read() as connection:
        stored = connection.execute(sa.select(ClientSecret.digest)).scalar_one()
    assert SECRET.encode() not in stored


@pytest.mark.parametrize(
    "members",
    [
        {"client_secret": "x" * 31},
        {"client_secret": "x" * 513},
        {"client_secret": "mật khẩu của cổng dịch vụ công quốc gia"},
        {"client_secret": 7},
        {"client_secret": SECRET, "token_endpoint_auth_method": "none"},
        {
            "client_secret": SECRET,
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [EC_KEY]},
        },
        {"client_id": ""},
        {"client_id": "x" * 256},
        {"client_id": "a b"},
        {"client_id": "a\n"},
        {"client_id": 7},
    ],
)
def test_unsound_identifiers_and_secrets_are_refused(registered, members):
    """A secret has at least 32 visible characters and someone to use it."""
    with pytest.raises(InvalidMetadataError):
        registered.add(**members)


@pytest.mark.parametrize(
    "members",
    [
        {"token_endpoint_auth_method": "none"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [EC_KEY]}},
    ],
)
def test_clients_without_a_secret_get_none(registered, members):
    """Public clients and clients with keys prove nothing by a secret."""
    response = registered.add(**members)

    assert "client_secret" not in response
    assert not registered.parties.check_secret(response["client_id"], "")


@on_each_backend
def test_replaced_secrets_overlap(registered):
    """The earlier secret stays valid for a day, the new one from now on."""
    registered.add(client_id="portal", client_secret=SECRET)
    registered.add(client_id="portal", client_secret=NEW_SECRET)

    for moment, old_works in ((LATER, True), (AFTER_OVERLAP, False)):
        parties = registered.at(moment)
        assert parties.check_secret("portal", NEW_SECRET)
        assert parties.check_secret("portal", SECRET) is old_works


def test_a_leaked_secret_can_be_replaced_at_once(registered):
    """Without overlap the earlier secret dies with the replacement."""
    registered.add(client_id="portal", client_secret=SECRET)
    registered.add(
        client_id="portal", client_secret=NEW_SECRET, overlap=timedelta(0), now=LATER
    )

    assert not registered.at(LATER).check_secret("portal", SECRET)


def test_replacing_without_a_secret_keeps_it(registered):
    """Changing a name does not lock the portal out, and tells no secret."""
    registered.add(client_id="portal", client_secret=SECRET)
    response = registered.add(client_id="portal", client_name="Tên mới")

    assert "client_secret" not in response
    assert registered.at(AFTER_OVERLAP).check_secret("portal", SECRET)
    assert str(registered.parties.find("portal").name) == "Tên mới"


def test_going_back_to_an_earlier_secret_ends_its_running_out(registered):
    """A rollback makes the earlier secret the current one again."""
    registered.add(client_id="portal", client_secret=SECRET)
    registered.add(client_id="portal", client_secret=NEW_SECRET)
    registered.add(client_id="portal", client_secret=SECRET)

    assert registered.at(AFTER_OVERLAP).check_secret("portal", SECRET)
    assert not registered.at(AFTER_OVERLAP).check_secret("portal", NEW_SECRET)


@on_each_backend
def test_replaced_keys_overlap(registered):
    """Assertions signed with the earlier key are good for a day more."""
    method = {"token_endpoint_auth_method": "private_key_jwt"}
    registered.add(client_id="portal", jwks={"keys": [EC_KEY]}, **method)
    registered.add(client_id="portal", jwks={"keys": [NEW_KEY]}, **method)

    assert kids(registered.at(LATER).find("portal")) == ["ec-2", "ec-1"]
    assert kids(registered.at(AFTER_OVERLAP).find("portal")) == ["ec-2"]


def test_a_cached_party_loses_an_overlapping_key_in_time(registered):
    """Parsed keys are kept with the record, but not beyond their end."""
    method = {"token_endpoint_auth_method": "private_key_jwt"}
    registered.add(client_id="portal", jwks={"keys": [EC_KEY]}, **method)
    registered.add(client_id="portal", jwks={"keys": [NEW_KEY]}, **method)
    moment = [LATER]
    parties = RelyingParties(
        registered.world.database, b"c" * 32, max_age=0, now=lambda: moment[0]
    )

    first = parties.find("portal")
    assert parties.find("portal") is first
    moment[0] = AFTER_OVERLAP
    assert kids(parties.find("portal")) == ["ec-2"]


def test_a_replacement_that_omits_a_protection_keeps_it(registered):
    """An update that leaves a member out switches nothing off."""
    registered.add(
        client_id="portal",
        minimum_acr="urn:dinhdanh:acr:2.2",
        require_pushed_authorization_requests=True,
        require_nonce=True,
    )
    registered.add(client_id="portal")

    party = registered.parties.find("portal")
    assert party.minimum_acr == "urn:dinhdanh:acr:2.2"
    assert party.require_par
    assert party.require_nonce


def test_pkce_comes_back_when_it_is_not_relaxed_again(registered):
    """The relaxation is the exception and has to be said each time."""
    registered.add(client_id="portal", require_pkce=False)
    registered.add(client_id="portal")

    assert registered.parties.find("portal").require_pkce


def test_the_sector_never_changes(registered):
    """Pairwise subjects depend on it; an omitted one is the former one."""
    registered.add(client_id="portal")
    registered.add(client_id="portal", redirect_uris=["https://new.example.vn/cb"])
    assert registered.parties.find("portal").sector == "portal.example.vn"

    with pytest.raises(InvalidMetadataError, match="sector"):
        registered.add(client_id="portal", sector="elsewhere.example.vn")


@on_each_backend
def test_a_removed_client_is_gone(registered):
    """Neither found nor proven, and its successor inherits no secret or key."""
    registered.add(client_id="portal", client_secret=SECRET)
    assert registered.parties.find("portal")

    registered.remove("portal")
    assert registered.parties.find("portal") is None
    assert not registered.parties.check_secret("portal", SECRET)
    with pytest.raises(UnknownClientError):
        registered.remove("portal")

    registered.add(client_id="portal", client_secret=NEW_SECRET)
    assert not registered.parties.check_secret("portal", SECRET)
    assert registered.parties.check_secret("portal", NEW_SECRET)


def test_removal_reaches_other_processes_in_time(registered):
    """Another worker forgets within the cache's age."""
    registered.add(client_id="portal")
    elsewhere = RelyingParties(registered.world.database, b"c" * 32, max_age=0)
    assert elsewhere.find("portal")

    registered.remove("portal")

    assert elsewhere.find("portal") is None


def test_look_ups_are_answered_from_memory(registered):
    """A known client and an unknown one cost one statement each, not more."""
    registered.add(client_id="portal", client_secret=SECRET)
    parties = registered.at(NOW)
    statements = []
    sa.event.listen(
        registered.world.database._reader,
        "before_cursor_execute",
        lambda *call: statements.append(call[2]),
    )

    for _ in range(10):
        assert parties.find("portal")
        assert parties.check_secret("portal", SECRET)
        assert parties.find("nobody") is None

    assert len(statements) == 2


def test_unknown_identifiers_do_not_fill_the_memory(registered):
    """Made-up client ids are forgotten beyond a bound."""
    parties = registered.at(NOW)

    for number in range(1100):
        parties.find(f"made-up-{number}")

    assert len(parties._unknown) == 1000


@pytest.mark.parametrize("client_id", ["", "\0", "x" * 5000, "a' OR '1'='1", "\udcff"])
@on_each_backend
def test_strange_identifiers_are_unknown(registered, client_id):
    """Whatever a request sends as client_id is answered, never an error."""
    assert registered.parties.find(client_id) is None


def test_a_new_client_is_found_although_it_was_just_unknown(registered):
    """Registration in the same process clears the memory when it commits."""
    parties = RelyingParties(registered.world.database, b"c" * 32, max_age=60)
    assert parties.find("portal") is None

    with registered.world.database.transaction() as session:
        parties.add(
            session,
            registered.world.audit,
            {"client_id": "portal", "redirect_uris": [CALLBACK]},
            sandbox=True,
            now=NOW,
        )

    assert parties.find("portal")


def test_each_change_has_its_event(registered):
    """Registered, replaced, removed: in the same transaction."""
    registered.add(client_id="portal")
    registered.add(client_id="portal")
    registered.remove("portal")

    with registered.world.database.read() as connection:
        types = connection.scalars(
            sa.select(AuditEvent.type).order_by(AuditEvent.seq)
        ).all()
    assert types == ["ClientRegistered", "ClientReplaced", "ClientRemoved"]


def test_a_client_without_pkce_and_nonce_is_named_at_a_production_start(registered):
    """Registered in a sandbox, it is found by whoever starts production."""
    registered.add(client_id="safe")
    registered.add(client_id="unsafe", require_pkce=False, require_nonce=False)

    with registered.world.database.read() as connection:
        parties = registered.parties.all(connection)

    reasons = {party.client_id: unsafe_in_production(party) for party in parties}
    assert reasons["safe"] is None
    assert "require_pkce" in reasons["unsafe"]


def test_default_purposes_exist_in_a_sandbox_only(registered):
    """Leaving the sandbox, only registered purposes count (anchors K8)."""
    registered.add(
        client_id="portal",
        scope="openid profile household",
        claims_policy=[purpose("name", voluntary=True)],
    )
    production = RelyingParties(registered.world.database, b"c" * 32)

    sandboxed, real = registered.parties.find("portal"), production.find("portal")

    assert sandboxed.purpose_of("household").is_default
    assert sandboxed.purpose_of("household.members") is None
    assert set(real.purposes) == {"name", "family_name", "middle_name", "given_name"}
    assert real.purpose_of("family_name").voluntary


def test_documents_tell_no_secret(registered):
    """What `show` and `list` print has neither secrets nor digests."""
    registered.add(client_id="portal", client_secret=SECRET)

    with registered.world.database.read() as connection:
        documents = registered.parties.documents(connection)
        document = registered.parties.document(connection, "portal")
        with pytest.raises(UnknownClientError):
            registered.parties.document(connection, "nobody")

    assert documents == [document]
    assert SECRET not in str(document)
    assert "client_secret" not in document
