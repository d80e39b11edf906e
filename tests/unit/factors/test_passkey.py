"""Passkeys: enrolment, first and further proof, and everything that must be refused."""

import json
import secrets
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idp.factors import passkey, passkey_options, passkey_store
from idp.factors.enrolled import list_enrolled
from idp.factors.passkey_answers import PasskeyRefusedError
from idp.factors.passkey_options import PersonName
from idp.factors.passkey_site import PasskeySite
from tests.authenticator import (
    BACKED_UP,
    EDDSA,
    ELIGIBLE,
    ES256,
    ORIGIN,
    PRESENT,
    RS256,
    VERIFIED,
    Authenticator,
    b64,
    bend,
    unb64,
)
from tests.unit.world import NOW, on_each_backend

SITE = PasskeySite(
    rp_id="localhost",
    rp_name="Định Danh",
    origins=(ORIGIN,),
    handle_key=b"h" * 32,
    challenge_ttl=300,
    is_biometric=False,
    attestation=None,
)
HERE = "transaction:browser"


class Citizen:
    """An account at a site, and what its browser does."""

    def __init__(self, world, ephemeral, account_id, site=SITE):
        self.world, self.ephemeral, self.id, self.site = (
            world, ephemeral, account_id, site,
        )  # fmt: skip

    def known(self):
        with self.world.database.read() as connection:
            return passkey_store.list_for(connection, self.id)

    def enrol_options(self, binding=HERE, now=NOW):
        return passkey_options.enrolment_options(
            self.ephemeral, self.site, self.known(), account_id=self.id,
            person=PersonName("001 085", "Trần Văn Thử"), binding=binding, now=now,
        )  # fmt: skip

    def check_new(self, answer, binding=HERE, now=NOW):
        return passkey.check_enrolment(
            self.ephemeral, self.site, answer=answer, binding=binding, now=now
        )

    def add(self, new, label="Điện thoại"):
        with self.world.database.transaction() as session:
            return passkey_store.add(
                session, self.world.audit, self.id, new,
                label=label, usable_from=None, now=NOW,
            )  # fmt: skip

    def enrol(self, device, **values):
        return self.add(self.check_new(device.create(self.enrol_options())), **values)

    def first_options(self, binding=HERE, now=NOW):
        return passkey_options.sign_in_options(
            self.ephemeral, self.site, binding=binding, now=now
        )

    def further_options(self, binding=HERE, now=NOW):
        return passkey_options.further_options(
            self.ephemeral, self.site, self.known(), binding=binding, now=now
        )

    def first(self, answer, binding=HERE, now=NOW):
        with self.world.database.read() as connection:
            found = passkey.check_first(
                connection, self.ephemeral, self.site,
                answer=answer, binding=binding, now=now,
            )  # fmt: skip
        return self.use(*found, now=now)

    def further(self, answer, binding=HERE, now=NOW):
        with self.world.database.read() as connection:
            found = passkey.check_further(
                connection, self.ephemeral, self.site, account_id=self.id,
                answer=answer, binding=binding, now=now,
            )  # fmt: skip
        return self.use(*found, now=now)

    def use(self, known, seen, now=NOW):
        with self.world.database.transaction() as session:
            return passkey.use(
                session, self.world.audit, self.site, known, seen, now=now
            )


@pytest.fixture
def citizen(world, ephemeral, account):
    return Citizen(world, ephemeral, account.id)


@pytest.fixture
def device(citizen):
    """Return a device whose passkey is enrolled."""
    made = Authenticator()
    citizen.enrol(made)
    return made


def refused(function, *arguments, **values):
    """Return the reason of the refusal."""
    with pytest.raises(PasskeyRefusedError) as caught:
        function(*arguments, **values)
    assert caught.value.code == "DD-PASSKEY-001"
    assert caught.value.description == ""
    return caught.value.reason


@on_each_backend
@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
@pytest.mark.parametrize("form", ["none", "packed"])
def test_each_algorithm_enrols_and_signs_in(citizen, algorithm, form):
    """A passkey of each algorithm proves its account, its user and its device."""
    device = Authenticator(algorithm=algorithm, format=form)
    credential_id = citizen.enrol(device)

    proven = citizen.first(device.get(citizen.first_options()))

    assert proven.account_id == citizen.id
    assert proven.factor.method == "passkey"
    assert (proven.factor.credential_id, proven.factor.at) == (credential_id, NOW)
    assert proven.factor.flags == ("uv", "hw")
    events = citizen.world.events(citizen.id)
    assert events[:2] == ["CredentialUsed", "CredentialEnrolled"]


def test_options_ask_for_what_the_site_wants(citizen, device):
    """Enrolment leaves out what is there; a first proof names nothing, needs a user."""
    enrol, first, further = (
        json.loads(options)
        for options in (
            citizen.enrol_options(),
            citizen.first_options(),
            citizen.further_options(),
        )
    )
    assert enrol["authenticatorSelection"]["residentKey"] == "preferred"
    assert enrol["authenticatorSelection"]["userVerification"] == "preferred"
    assert [item["id"] for item in enrol["excludeCredentials"]] == [b64(device.id)]
    assert {item["alg"] for item in enrol["pubKeyCredParams"]} == {ES256, EDDSA, RS256}
    assert enrol["attestation"] == "none"
    assert str(citizen.id) not in json.dumps(enrol)
    assert first["allowCredentials"] == []
    assert first["userVerification"] == "required"
    assert [item["id"] for item in further["allowCredentials"]] == [b64(device.id)]
    assert further["allowCredentials"][0]["transports"] == ["hybrid", "internal"]
    assert further["userVerification"] == "preferred"


def test_several_passkeys_with_names(citizen, device):
    """An account may have several; each is named and renamed, by its owner alone."""
    second = citizen.enrol(Authenticator(), label="Khóa dự phòng")
    assert len(citizen.known()) == 2
    with citizen.world.database.transaction() as session:
        assert passkey_store.rename(session, citizen.id, second, "Mới")
        assert not passkey_store.rename(session, citizen.id, uuid4(), "Mới")
        assert not passkey_store.rename(session, uuid4(), second, "Mới")
    with citizen.world.database.read() as connection:
        labels = {item.label for item in list_enrolled(connection, citizen.id)}
    assert labels == {"Điện thoại", "Mới"}


def test_one_passkey_is_one_accounts(citizen, device):
    """The same id is not enrolled twice, whosever it is."""
    twin = Authenticator(id=device.id)
    new = citizen.check_new(twin.create(citizen.enrol_options()))
    assert citizen.add(new) is None


@on_each_backend
def test_a_challenge_is_used_once(citizen, device):
    """An answer that was taken is refused when it comes again."""
    answer = device.get(citizen.first_options())
    assert citizen.first(answer)
    assert refused(citizen.first, answer) == "challenge"


def test_a_wrong_answer_uses_its_challenge_up(citizen, device):
    """A challenge does not survive a failure."""
    options = citizen.first_options()
    wrong = device.get(options, key=ec.generate_private_key(ec.SECP256R1()))
    assert refused(citizen.first, wrong) == "not_genuine"
    assert refused(citizen.first, device.get(options)) == "challenge"


@pytest.mark.parametrize("ceremony", ["enrol", "first", "further"])
def test_a_challenge_is_of_one_binding_and_of_its_time(citizen, device, ceremony):
    """Another transaction, another browser or a late answer is refused."""
    ask = getattr(citizen, f"{ceremony}_options")
    check = citizen.check_new if ceremony == "enrol" else getattr(citizen, ceremony)
    answer = Authenticator().create if ceremony == "enrol" else device.get

    assert refused(check, answer(ask()), binding="another") == "challenge"
    late = NOW + timedelta(seconds=SITE.challenge_ttl)
    assert refused(check, answer(ask()), now=late) == "challenge"


def test_a_challenge_is_of_one_ceremony(citizen, device):
    """What was asked as a further proof is no first one, and the other way round."""
    further = device.get(citizen.further_options())
    assert refused(citizen.first, further) == "challenge"
    first = device.get(citizen.first_options())
    assert refused(citizen.further, first) == "challenge"
    invented = json.dumps({"challenge": b64(secrets.token_bytes(32))})
    assert refused(citizen.first, device.get(invented)) == "challenge"


BENT_CLIENT_DATA = [
    ({"origin": "http://localhost:8001"}, "not_genuine"),
    ({"origin": "https://localhost:8000"}, "not_genuine"),
    ({"type": "webauthn.other"}, "not_genuine"),
    ({"crossOrigin": True}, "cross_origin"),
    ({"crossOrigin": "false"}, "cross_origin"),
    ({"topOrigin": "https://evil.example"}, "cross_origin"),
    ({"origin": None}, "not_genuine"),
    ({"challenge": 7}, "malformed"),
]


@pytest.mark.parametrize(("bent", "reason"), BENT_CLIENT_DATA)
def test_bent_client_data_is_refused(citizen, device, bent, reason):
    """Wrong origin, type, or a frame: in sign-in and in enrolment."""
    assert refused(citizen.first, device.get(citizen.first_options(), **bent)) == reason
    created = Authenticator().create(citizen.enrol_options(), **bent)
    assert refused(citizen.check_new, created) == reason


@pytest.mark.parametrize(
    "change",
    [
        {"rp_id": "evil.example"},
        {"flags": VERIFIED},  # nobody present
        {"flags": PRESENT | VERIFIED | BACKED_UP},  # backed up, yet not eligible
    ],
)
def test_bent_authenticator_data_is_refused(citizen, device, change):
    """Another RP ID's hash, absence, or impossible flags."""
    bent = replace(device, **change)
    assert refused(citizen.first, bent.get(citizen.first_options())) == "not_genuine"
    other = replace(Authenticator(), **change)
    created = other.create(citizen.enrol_options())
    assert refused(citizen.check_new, created) == "not_genuine"


def test_a_first_proof_needs_a_verified_user(citizen, device):
    """Presence alone signs nobody in; as a further proof it is possession."""
    present = replace(device, flags=PRESENT)
    assert refused(citizen.first, present.get(citizen.first_options())) == "not_genuine"
    proven = citizen.further(present.get(citizen.further_options()))
    assert proven.factor.flags == ("hw",)


def test_a_key_without_user_verification_never_signs_in_alone(citizen):
    """Whoever finds a security key could give it a PIN: that proves nobody."""
    device = Authenticator(flags=PRESENT)
    citizen.enrol(device)
    assert [item.kind for item in citizen.known()] == ["security_key"]

    with_pin = replace(device, flags=PRESENT | VERIFIED)
    answer = with_pin.get(citizen.first_options())
    assert refused(citizen.first, answer) == "user_never_verified"
    proven = citizen.further(with_pin.get(citizen.further_options()))
    assert proven.factor.flags == ("hw",)


def test_the_setting_lets_verification_count_as_biometric(world, ephemeral, account):
    """Only where the operator says so, and only with a verified user."""
    site = replace(SITE, is_biometric=True)
    citizen = Citizen(world, ephemeral, account.id, site)
    device = Authenticator(flags=PRESENT | VERIFIED | ELIGIBLE)
    citizen.enrol(device)
    proven = citizen.first(device.get(citizen.first_options()))
    assert proven.factor.flags == ("uv", "bio")
    present = replace(device, flags=PRESENT | ELIGIBLE)
    proven = citizen.further(present.get(citizen.further_options()))
    assert proven.factor.flags == ()


def test_id_and_raw_id_are_one(citizen, device):
    """An answer that names two ids is refused."""
    other = b64(secrets.token_bytes(32))
    answer = bend(device.get(citizen.first_options()), id=other)
    assert refused(citizen.first, answer) == "not_genuine"
    created = bend(Authenticator().create(citizen.enrol_options()), id=other)
    assert refused(citizen.check_new, created) == "not_genuine"
    both = bend(Authenticator().create(citizen.enrol_options()), id=other, rawId=other)
    assert refused(citizen.check_new, both) == "not_genuine"


def test_a_tampered_signature_is_refused(citizen, device):
    """One bit off, or signed data that was changed."""
    answer = json.loads(device.get(citizen.first_options()))
    signature = bytearray(unb64(answer["response"]["signature"]))
    signature[-1] ^= 1
    bent = bend(json.dumps(answer), signature=b64(bytes(signature)))
    assert refused(citizen.first, bent) == "not_genuine"


def test_unknown_and_foreign_passkeys_answer_alike(
    world, ephemeral, new_account, citizen, device
):
    """A stranger's key, a stolen id and another's handle: one error to the outside."""
    stranger = Authenticator(handle=SITE.user_handle(citizen.id))
    answer = stranger.get(citizen.first_options())
    assert refused(citizen.first, answer) == "not_genuine"

    other = Citizen(world, ephemeral, new_account().id)
    others = Authenticator()
    other.enrol(others)
    swapped = replace(others, handle=SITE.user_handle(citizen.id))
    answer = swapped.get(citizen.first_options())
    assert refused(citizen.first, answer) == "user_handle"
    nameless = replace(others, handle=None)
    answer = nameless.get(citizen.first_options())
    assert refused(citizen.first, answer) == "user_handle"

    answer = others.get(citizen.further_options())
    assert refused(citizen.further, answer) == "other_account"
    answer = replace(device, handle=b"x").get(citizen.further_options())
    assert refused(citizen.further, answer) == "user_handle"
    answer = stranger.get(citizen.further_options())
    assert refused(citizen.further, answer) == "unknown"


@on_each_backend
def test_a_counter_that_goes_back_holds_the_passkey(citizen, device):
    """Neither of two copies proves anything from then on; the owner sees it."""
    device.count = 9
    assert citizen.first(device.get(citizen.first_options()))
    copy = replace(device, count=4)

    assert citizen.first(copy.get(citizen.first_options())) is None

    assert citizen.world.events(citizen.id)[0] == "PasskeySuspended"
    (held,) = citizen.known()
    assert held.usable_from == passkey_store.SUSPENDED
    assert refused(citizen.first, device.get(citizen.first_options())) == "held"
    assert json.loads(citizen.further_options())["allowCredentials"] == []


def test_an_authenticator_without_a_counter_stays_at_zero(citizen):
    """Synced passkeys answer 0 each time; a counter that falls to 0 went back."""
    device = Authenticator(count=0)
    citizen.enrol(device)
    assert citizen.first(device.get(citizen.first_options()))
    assert citizen.first(device.get(citizen.first_options()))

    counting = Authenticator(count=5)
    citizen.enrol(counting)
    counting.count = 0
    assert citizen.first(counting.get(citizen.first_options())) is None


def test_backup_state_is_kept_and_eligibility_never_changes(citizen):
    """A passkey that is backed up later stays the same; one that turns eligible, no."""
    device = Authenticator(flags=PRESENT | VERIFIED | ELIGIBLE)
    citizen.enrol(device)
    saved = replace(device, flags=PRESENT | VERIFIED | ELIGIBLE | BACKED_UP)
    proven = citizen.first(saved.get(citizen.first_options()))
    assert proven.factor.flags == ("uv",)
    assert _backed_up(citizen) == [True]

    bound = replace(saved, flags=PRESENT | VERIFIED)
    answer = bound.get(citizen.first_options())
    assert refused(citizen.first, answer) == "backup_eligibility_changed"


def _backed_up(citizen):
    import sqlalchemy as sa

    from idp.factors.models import Passkey

    with citizen.world.database.read() as connection:
        return list(connection.execute(sa.select(Passkey.is_backed_up)).scalars())


def test_keys_that_fit_by_name_alone_are_refused(citizen):
    """ES256 on another curve, a short RSA key, an algorithm that is not listed."""
    odd = Authenticator(key=ec.generate_private_key(ec.SECP384R1()))
    short = Authenticator(key=rsa.generate_private_key(65537, 1024))
    for device in (odd, short):
        created = device.create(citizen.enrol_options())
        assert refused(citizen.check_new, created) == "not_genuine"


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "7", '"x"', "{}", '{"response": 7}', "[" * 9000,
        '{"rawId": "!", "response": {"clientDataJSON": "e30"}}',
        '{"rawId": "", "response": {"clientDataJSON": "eyJjaGFsbGVuZ2UiOiIifQ"}}',
        "x" * 40_000,
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(citizen, text):
    """Anything else than a credential's JSON is one refusal, never an error."""
    for check in (citizen.first, citizen.further, citizen.check_new):
        assert refused(check, text) == "malformed"


def test_any_broken_part_is_refused(citizen, device):
    """Each member cut, emptied or of another type is a refusal, never an error."""
    for bad in (None, 7, "", "AA", "é", [], {}):
        for name in ("id", "rawId", "type", "authenticatorData", "signature"):
            bent = bend(device.get(citizen.first_options()), **{name: bad})
            refused(citizen.first, bent)
        for name in ("id", "rawId", "type", "attestationObject"):
            bent = bend(Authenticator().create(citizen.enrol_options()), **{name: bad})
            refused(citizen.check_new, bent)


def test_two_uses_at_once_count_once(citizen, device):
    """Of two answers with the same counter the second is a copy's."""
    twin = replace(device)
    first, second = (item.get(citizen.first_options()) for item in (device, twin))
    assert citizen.first(first)
    assert citizen.first(second) is None
