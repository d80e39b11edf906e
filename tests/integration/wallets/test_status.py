"""Credentials of the residence: issued, shown, verified by the SDK, taken back."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from joserfc.jwk import KeySet

from clients.sdk import credentials as sdk
from clients.sdk.credentials import CredentialError, Expected
from idp import clock
from idp.accounts import identifiers, lifecycle
from idp.credentials import issuing, residence_credential
from idp.credentials.issuing import Holder
from idp.locks import registry_events
from idp.rights import restriction
from tests.integration.token_side import ISSUER, account_of, consent_to, register
from tests.services import BACKENDS
from tests.wallet import Wallet, opened, payload

SERVICE = "https://bank.example"
RESIDENCE = {
    "permanent": {"text": "Số 12, phố Hoa Sen", "commune_code": "00004"},
    "present": {"text": "Số 3, ngõ Lúa"},
    "as_of": "2026-06-30T01:00:00Z",
}
VALUES = {
    "name": "Trần Văn Thử",
    "birthdate": "1985",
    "personal_number": "999085000123",
    "residence": RESIDENCE,
}
ASKED = Expected(
    issuer=ISSUER, vct=residence_credential.TYPE, audience=SERVICE, nonce="n-1"
)


@pytest.fixture
def wallet():
    """Return a wallet with a fresh key."""
    return Wallet()


def issue(provider, wallet, *, account_id=None, now=None, count=1):
    account_id = account_id or account_of(provider)
    grant = consent_to(provider, register(provider), account_id)
    return issuing.issue(
        provider,
        Holder(account_id, grant.id, "wallet", VALUES),
        [wallet.public] * count,
        still=lambda _session: True,
        now=now or clock.now(),
    )


def show(wallet, credential, *names):
    return wallet.present(credential, show=names, audience=SERVICE, nonce="n-1")


def verify(provider, presentation, *, now=None, expected=ASKED):
    now = now or clock.now()

    def fetch(uri):
        number = int(uri.partition("?list=")[2])
        return issuing.status_token(provider, number, now=now)

    return sdk.verify(
        presentation,
        expected=expected,
        keys=KeySet.import_key_set(provider.rings.jwks(now)),
        fetch_status=fetch,
        now=now,
    )


def test_the_holder_chooses_what_is_shown(provider, wallet):
    """One stay without the others, the name without the number (RFC 9901)."""
    (credential,) = issue(provider, wallet)

    claims = verify(provider, show(wallet, credential, "name", "permanent"))

    assert claims["name"] == "Trần Văn Thử"
    assert claims["residence"] == {"permanent": RESIDENCE["permanent"]}
    assert not {"birthdate", "personal_number", "_sd", "_sd_alg"} & set(claims)


def test_everything_can_be_shown(provider, wallet):
    """What was put in comes out."""
    (credential,) = issue(provider, wallet)
    names = {*VALUES, *RESIDENCE}

    claims = verify(provider, show(wallet, credential, *names))

    assert {name: claims[name] for name in VALUES} == VALUES


def test_nothing_of_the_person_is_in_the_signed_part(provider, wallet):
    """Digests only, as many for whoever has less; times are whole hours."""
    (credential,) = issue(provider, wallet)
    signed = payload(credential)

    text = json.dumps(signed, ensure_ascii=False)
    assert not any(value in text for value in ("Thử", "1985", "Hoa Sen", "9990"))
    assert (len(signed["_sd"]), len(signed["residence"]["_sd"])) == (4, 4)
    assert signed["_sd"] == sorted(signed["_sd"])
    assert signed["iat"] % 3600 == signed["exp"] % 3600 == 0
    assert opened(credential.split(".")[0])["typ"] == "dc+sd-jwt"
    assert signed["cnf"]["jwk"] == wallet.public


def test_two_credentials_of_one_person_share_nothing(provider, wallet):
    """Neither a digest nor a place in the status list (RFC 9901 §10.1)."""
    first, second = (payload(one) for one in issue(provider, wallet, count=2))

    assert not set(first["_sd"]) & set(second["_sd"])
    assert first["status"] != second["status"]


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({"audience": "https://other.example"}, "another service"),
        ({"nonce": "n-2"}, "question"),
        ({"sd_hash": "x"}, "content"),
        ({"iat": 1_700_000_000}, "not of now"),
        ({"iat": None}, "time"),
        ({"header": {"typ": "JWT"}}, "type"),
        ({"header": {"typ": None}}, "type"),
    ],
)
def test_a_key_binding_for_something_else_is_refused(
    provider, wallet, changes, because
):
    """RFC 9901 §7.3, check by check."""
    (credential,) = issue(provider, wallet)
    right = {"audience": SERVICE, "nonce": "n-1"}

    with pytest.raises(CredentialError, match=because):
        verify(provider, credential + wallet.binding(credential, **right | changes))


def test_a_stolen_credential_shows_nothing(provider, wallet):
    """Without the holder's key, or by another, it is refused."""
    (credential,) = issue(provider, wallet)

    with pytest.raises(CredentialError, match="without the proof"):
        verify(provider, credential)
    with pytest.raises(CredentialError, match="not signed by a key"):
        verify(provider, show(Wallet(), credential, "name"))


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda parts: [parts[0][:-9] + "A" * 9, *parts[1:]], "not signed"),
        (lambda parts: [parts[0], parts[1], *parts[1:]], "twice"),
        (lambda parts: [parts[0], "WyJzIiwibmFtZSIsIngiXQ", *parts[1:]], "no digest"),
        (lambda parts: ["", *parts[1:]], "not an SD-JWT"),
        (lambda parts: [parts[0], "", *parts[1:]], "not an SD-JWT"),
        (lambda parts: [*parts[:-1], "é"], "sound size"),
        (lambda parts: [parts[0] + "A" * 70_000, *parts[1:]], "sound size"),
    ],
)
def test_a_changed_presentation_is_refused(provider, wallet, change, because):
    """What the issuer did not sign, or a disclosure that it does not know (§7.1)."""
    (credential,) = issue(provider, wallet)
    shown = "~".join([*change(credential.split("~")[:-1]), ""])
    binding = wallet.binding(shown, audience=SERVICE, nonce="n-1")

    with pytest.raises(CredentialError, match=because):
        verify(provider, shown + binding)


@pytest.mark.parametrize(
    "expected",
    [
        replace(ASKED, issuer="https://other.example"),
        replace(ASKED, vct="urn:other:type"),
    ],
)
def test_another_issuer_or_type_is_refused(provider, wallet, expected):
    """A service takes what it asked for."""
    (credential,) = issue(provider, wallet)

    with pytest.raises(CredentialError, match="another issuer or type"):
        verify(provider, show(wallet, credential), expected=expected)


def test_an_expired_credential_is_refused(provider, wallet):
    """Whatever the status list says (Token Status List §8.3)."""
    (credential,) = issue(provider, wallet)
    later = clock.now() + timedelta(days=8)

    with pytest.raises(CredentialError, match="expired"):
        verify(provider, show(wallet, credential), now=later)


def test_a_status_list_of_elsewhere_is_not_fetched(provider, wallet):
    """An address in a credential leads a service nowhere but to its issuer."""
    (credential,) = issue(provider, wallet)
    elsewhere = replace(ASKED, issuer=ISSUER)

    with pytest.raises(CredentialError, match="something else"):
        sdk.verify(
            show(wallet, credential),
            expected=elsewhere,
            keys=KeySet.import_key_set(provider.rings.jwks(clock.now())),
            fetch_status=lambda _uri: other_list(provider),
            now=clock.now(),
        )


def other_list(provider):
    """Return a sound list under another address."""
    now = clock.now()
    claims = {
        "sub": f"{ISSUER}/credentials/status?list=9",
        "iat": clock.timestamp(now),
        "status_list": {"bits": 2, "lst": "eNoDAAAAAAE"},
    }
    return provider.rings.sign(
        claims, purpose="credential", alg="ES256", typ="statuslist+jwt", now=now
    )


def refused_status(provider, wallet, credential):
    with pytest.raises(CredentialError, match="taken back or is suspended"):
        verify(provider, show(wallet, credential, "name"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_restriction_suspends_and_its_end_restores(provider, wallet):
    """Nothing has to be told: the list reads the account as it is (Law 91/2025)."""
    account_id, now = account_of(provider), clock.now()
    (credential,) = issue(provider, wallet, account_id=account_id)

    with provider.database.transaction() as session:
        restriction.restrict(provider, session, account_id, now=now)
    refused_status(provider, wallet, credential)
    with provider.database.transaction() as session:
        restriction.allow(provider, session, account_id, now=now)

    assert verify(provider, show(wallet, credential, "name"))


@pytest.mark.parametrize("end", ["close", "move"])
def test_what_ends_a_credential(provider, wallet, end):
    """The account's end, another home; more is in test_ending."""
    account_id, now = account_of(provider), clock.now()
    (credential,) = issue(provider, wallet, account_id=account_id)

    if end == "close":
        with provider.database.transaction() as session:
            lifecycle.close_account(session, provider.audit, account_id, now=now)
    else:
        assert move(provider, account_id) == ("applied", "known")

    refused_status(provider, wallet, credential)


def move(provider, account_id):
    """Apply twice what the registry tells of another residence."""
    with provider.database.read() as connection:
        number = identifiers.current_number(connection, provider.sealer, account_id)
    line = {"id": "r-1", "kind": "residence_changed", "number": number}
    event = registry_events.parse(line, sandbox=True, now=clock.now())
    return tuple(
        registry_events.apply(provider, event, now=clock.now()) for _ in range(2)
    )


@pytest.mark.parametrize("backend", BACKENDS)
def test_places_are_never_given_twice(provider, wallet):
    """A full list is followed by the next, and half of each stays free."""
    small = replace(provider.config.credentials, list_size=4)
    provider = replace(provider, config=replace(provider.config, credentials=small))

    places = [
        payload(one)["status"]["status_list"]
        for _ in range(5)
        for one in issue(provider, wallet)
    ]

    lists = [place["uri"].partition("list=")[2] for place in places]
    assert lists == ["0", "0", "1", "1", "2"]
    assert len({(place["uri"], place["idx"]) for place in places}) == 5
    assert issuing.status_token(provider, 3, now=clock.now()) is None
