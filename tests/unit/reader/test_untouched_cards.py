"""Cards of every kind, as they were issued: all are read and believed."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from clients.reader.virtual import issuer
from clients.reader.virtual.card import Access, Card, Holder, Keys
from clients.reader.virtual.chip import VirtualChip
from clients.reader.virtual.profiles import DEMO, Profile
from clients.reader.virtual.session import Behaviour
from idp.emrtd import points
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Cipher
from tests.cards.curve_substitution import explicit_spki, reissue
from tests.cards.people import AN, DAO, NOW, QUICK, authority, issue
from tests.cards.reading import believe, follow, plan, read
from tests.cards.workshop import der, workshop

CARD_A = Path(__file__).parent / "card-a.json"

KINDS = {
    **{f"demo {at}": profile for at, profile in enumerate(DEMO)},
    **{f"CA {cipher.name}": replace(QUICK, agreement=cipher) for cipher in Cipher},
    **{f"PACE {cipher.name}": replace(QUICK, pace=cipher) for cipher in Cipher},
    "PACE on P-256": replace(QUICK, pace=Cipher.AES_128, curve="secp256r1"),
    "PACE on brainpool 384": replace(
        QUICK, pace=Cipher.AES_192, curve="brainpoolP384r1"
    ),
    "CA of no stated cipher": replace(
        QUICK, agreement=Cipher.TRIPLE_DES, names_agreement=False
    ),
    "CA alone": replace(QUICK, active=None),
    "AA alone, ECDSA": replace(QUICK, agreement=None),
    "AA alone, RSA": Profile(agreement=None, portrait=False),
    **{
        f"SOD {digest} {signer}": replace(QUICK, digest=digest, signer=signer)
        for digest in ("sha224", "sha256", "sha384", "sha512")
        for signer in ("ecdsa", "rsa", "rsa-pss")
    },
    "LDS 0": replace(QUICK, lds_version=0),
    "with a portrait": replace(QUICK, portrait=True),
}


@pytest.fixture(scope="module")
def by():
    return authority()


@pytest.mark.parametrize("kind", KINDS)
def test_card_of_every_kind_is_believed(by, kind):
    """A card that nobody touched is read and believed, whatever its algorithms."""
    card = issue(by, KINDS[kind])
    evidence = read(VirtualChip(card), card.access)
    verdict = believe(evidence, (der(by.certificate),), now=NOW)
    assert verdict.holder.number == AN.number
    has_pace = KINDS[kind].pace is not None
    assert evidence.access == ("pace-mrz" if has_pace else "bac")
    assert evidence.round_trips <= (9 if has_pace else 6)
    proofs = {check.name for check in verdict.checks} - {"passive_authentication"}
    assert proofs == {
        name
        for name, is_there in (
            ("chip_authentication", KINDS[kind].agreement),
            ("active_authentication", KINDS[kind].active),
        )
        if is_there
    }


@pytest.mark.parametrize("kind", ["demo 1", "demo 2", "PACE TRIPLE_DES"])
def test_card_opens_by_its_printed_number(by, kind):
    """The CAN opens a card that offers PACE."""
    card = issue(by, KINDS[kind])
    evidence = read(VirtualChip(card), card.access, by_can=True)
    assert evidence.access == "pace-can"
    believe(evidence, (der(by.certificate),), now=NOW)


@pytest.mark.parametrize("kind", ["demo 0", "demo 1"])
def test_portrait_is_read_in_two_turns_more(by, kind):
    """DG2 costs two round trips, and its digest is checked like the others'."""
    card = issue(by, KINDS[kind])
    chip = VirtualChip(card)
    without = read(chip, card.access)
    chip.reset()
    evidence = read(chip, card.access, portrait=True)
    believe(evidence, (der(by.certificate),), now=NOW)
    assert evidence.files[2] == card.files["2"]
    assert 2 not in without.files
    assert evidence.round_trips <= without.round_trips + 2


def test_card_for_life_is_believed(by):
    """A card without an expiry date, of a citizen born in some month, is good."""
    card = issue(by, person=DAO)
    evidence = read(VirtualChip(card), card.access)
    holder = believe(evidence, (der(by.certificate),), now=NOW).holder
    assert (holder.name, holder.birth_date) == ("Đặng Thị Đào", "1950")
    assert holder.expires_on is None


@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha384", "sha512"])
def test_rsa_chip_may_sign_with_any_trailer(by, digest):
    """ISO/IEC 9796-2 names the hash in the signature's last bytes."""
    card = issue(by, Profile(agreement=None, portrait=False))
    chip = VirtualChip(card, Behaviour(rsa_digest=digest))
    believe(read(chip, card.access), (der(by.certificate),), now=NOW)


def test_weak_digest_is_believed_only_where_the_operator_says_so(by):
    """SHA-1 is a policy: here it is allowed, among the altered cards it is not."""
    card = issue(by, replace(QUICK, digest="sha1"))
    evidence = read(VirtualChip(card), card.access)
    believe(evidence, (der(by.certificate),), now=NOW, allow_sha1=True)


def test_small_chip_without_extended_length_is_believed(by):
    """An ECDSA signature fits into a short answer."""
    card = issue(by, KINDS["demo 1"])
    chip = VirtualChip(card, Behaviour(has_extended_length=False))
    believe(read(chip, card.access), (der(by.certificate),), now=NOW)


def test_batches_of_one_command_read_the_same(by):
    """A reader that takes one command at a time gets there too, more slowly."""
    card = issue(by, KINDS["demo 1"])
    one = replace(plan(card.access), max_batch=1)
    evidence = follow(VirtualChip(card), one)
    believe(evidence, (der(by.certificate),), now=NOW)
    assert evidence.round_trips == evidence.apdus


def test_certificates_may_spell_their_curve_out(by):
    """Explicit parameters are good when each of them is the known curve's."""

    def sign(content):
        return by.key.sign(content, ec.ECDSA(issuer.HASH))

    def spelled(certificate):
        key = certificate.public_key()
        return reissue(
            certificate, sign, spki=explicit_spki(key.curve, points.public_point(key))
        )

    signer = issuer.create_signer(by, "ecdsa", now=NOW)
    certificate = x509.load_der_x509_certificate(spelled(signer.certificate))
    shop = workshop(by=by, signer=replace(signer, certificate=certificate))
    card = shop.card()
    evidence = read(VirtualChip(card), card.access)
    believe(evidence, (spelled(by.certificate),), now=NOW)


@pytest.mark.parametrize(
    "wrong", [{"document_number": "099012346"}, {"birth_date": "990102"}]
)
def test_wrong_zone_opens_nothing(by, wrong):
    """Another number or birth date does not open the card, by BAC or by PACE."""
    for profile in (QUICK, replace(QUICK, pace=Cipher.AES_128)):
        card = issue(by, profile)
        with pytest.raises(EmrtdError) as refused:
            read(VirtualChip(card), replace(card.access, **wrong))
        assert refused.value.reason == "access_denied"


@pytest.mark.parametrize("by_can", [False, True])
def test_card_of_another_program_is_believed(by_can):
    """A card that other code issued is read, opened by its zone or its CAN."""
    stored = json.loads(CARD_A.read_text("utf-8"))
    card = _card_of(stored)
    evidence = read(VirtualChip(card), card.access, by_can=by_can, portrait=True)
    verdict = believe(
        evidence,
        (bytes.fromhex(stored["csca"]),),
        now=datetime(2026, 11, 22, tzinfo=UTC),
    )
    assert verdict.holder.name == "Nguyễn Văn An"
    assert verdict.holder.number == "001099012345"


def _card_of(stored) -> Card:
    groups = {number: bytes.fromhex(text) for number, text in stored["dg"].items()}
    named = ("com", "sod", "card_access")
    zone = stored["mrz_information"]
    keys = Keys(aa=_pem(stored["aa_key_pkcs8"]), ca=_pem(stored["ca_key_pkcs8"]))
    return Card(
        access=Access(zone[:9], zone[10:16], zone[17:23], stored["can"]),
        files=groups | {name: bytes.fromhex(stored[name]) for name in named},
        keys=keys,
        holder=Holder("001099012345", "Nguyễn Văn An"),
    )


def _pem(encoded: str) -> str:
    key = load_der_private_key(bytes.fromhex(encoded), password=None)
    form = PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
