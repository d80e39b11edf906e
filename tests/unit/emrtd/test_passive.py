"""Passive authentication: EF.SOD as states write it, and everything that is not it."""

from functools import cache

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.asymmetric import ec

from idp.emrtd import passive
from idp.emrtd.certificates import parse_certificate
from idp.emrtd.errors import EmrtdError
from idp.emrtd.passive import parse_security_object
from idp.emrtd.trust import Policy, TrustStore
from tests.unit.emrtd import issuing, signed_files
from tests.unit.emrtd.issuing import DAY, NOW, YEAR, csca, ec_key, resign, signer, tlv
from tests.unit.emrtd.personal_files import card_a, dg1, dg13
from tests.unit.emrtd.signed_files import Sod, attribute

FILES = {1: dg1(), 13: dg13()}
VIETNAM = Policy("VNM")
OLD = Policy("VNM", allow_sha1=True)


@cache
def authority():
    return csca()


@cache
def document_signer():
    return signer(authority())


def store(*certificates):
    return TrustStore(parse_certificate(item.der) for item in certificates)


def verify(sod, files=None, trust=None, policy=VIETNAM, now=NOW):
    return passive.verify(
        sod,
        FILES if files is None else files,
        trust or store(authority()),
        now=now,
        policy=policy,
    )


def reason(sod, files=None, **changes):
    with pytest.raises(EmrtdError) as refused:
        verify(sod, files, **changes)
    return refused.value.reason


def sod(**changes):
    return Sod(FILES, document_signer(), **changes).build()


def test_card_a_is_believed():
    """A card of another program: brainpoolP384r1 under brainpoolP512r1."""
    card = card_a()
    trust = TrustStore([parse_certificate(card.csca)])
    later = parse_certificate(card.csca).not_before + 30 * DAY
    found = verify(card.sod, card.files, trust, now=later)

    assert set(found.hashes) == {1, 2, 13, 14, 15}
    assert found.document_signer.subject.text.startswith("Common Name: DS TEST 1")


@pytest.mark.parametrize("hash_name", ["sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("version", [0, 1])
def test_every_hash_and_both_versions(hash_name, version):
    """LDS 1.7 has version 0, LDS 1.8 version 1 with its own version inside."""
    found = verify(sod(hash_name=hash_name, version=version))

    assert found.hash_algorithm == hash_name
    assert found.lds_version == ("0108" if version else None)


@pytest.mark.parametrize(
    "curve",
    [
        ec.SECP192R1(),
        ec.SECP224R1(),
        ec.SECP384R1(),
        ec.SECP521R1(),
        ec.BrainpoolP256R1(),
        ec.BrainpoolP512R1(),
    ],
    ids=lambda curve: curve.name,
)
def test_every_curve(curve):
    """ECDSA by signers on the curves of the last twenty years."""
    issued = signer(authority(), key=ec_key(curve))

    assert verify(Sod(FILES, issued).build()).issuer.encoded == authority().der


@pytest.mark.parametrize("pss", [False, True])
@pytest.mark.parametrize("hash_name", ["sha256", "sha512"])
def test_rsa(rsa_key, pss, hash_name):
    """PKCS #1 and PSS, by the signer and by the authority."""
    state = csca(key=rsa_key(3072), pss=pss)
    issued = signer(state, key=rsa_key(2048), pss=pss)
    made = Sod(FILES, issued, hash_name=hash_name, pss=pss).build()

    assert verify(made, trust=store(state)).document_signer.encoded == issued.der


def test_a_short_rsa_key_proves_nothing(rsa_key):
    """1024 bits are within reach of an attacker."""
    issued = signer(authority(), key=rsa_key(1024))

    assert reason(Sod(FILES, issued).build()) == "sod_signature"


def test_sha1_is_the_policys_choice():
    """In the hashes, in the signer's signature and in its certificate's."""
    old_certificate = resign(signer(authority()), authority().key, hash_name="sha1")
    made = [
        sod(hash_name="sha1"),
        sod(signature_hash="sha1"),
        Sod(FILES, old_certificate).build(),
    ]

    for each in made:
        assert reason(each) == "weak_algorithm"
        assert verify(each, policy=OLD)


def test_an_authoritys_own_signature_may_be_sha1():
    """Nothing rests on it: the certificate is trusted because it was imported."""
    state = csca()
    state = resign(state, state.key, hash_name="sha1")

    assert verify(Sod(FILES, signer(state)).build(), trust=store(state))


def test_curves_written_in_full():
    """By the authority and by the signer, as several states write them."""
    state = csca(key=ec_key(ec.BrainpoolP384R1()))
    state = issuing.with_explicit_curve(state, state.key)
    issued = issuing.with_explicit_curve(signer(csca_like(state)), state.key)

    assert verify(Sod(FILES, issued).build(), trust=store(state))


def csca_like(state):
    """Return a certificate of the same name and key that the library can read."""
    return csca(key=state.key)


def test_a_changed_file_is_refused():
    """One bit of one data group."""
    changed = dict(FILES)
    changed[13] = changed[13][:-1] + bytes([changed[13][-1] ^ 1])

    assert reason(sod(), changed) == "dg_changed"


def test_a_file_that_the_state_did_not_list_is_refused():
    """A data group put beside the signed ones."""
    assert reason(sod(), FILES | {14: b"\x6e\x00"}) == "dg_unlisted"


def test_a_data_group_twice_is_refused():
    """Two hashes for one number, in either order."""
    good, other = bytes(32), b"\1" * 32
    for hashes in ([(1, good), (1, other)], [(1, other), (1, other)]):
        assert reason(sod(hashes=hashes)) == "dg_duplicate"


def test_a_hash_of_another_size_or_number_is_refused():
    """A digest cut short; data group 17."""
    assert reason(sod(hashes=[(1, bytes(31))])) == "malformed"
    assert reason(sod(hashes=[(17, bytes(32))])) == "malformed"
    assert reason(sod(hashes=[])) == "malformed"


def test_the_signature_is_checked():
    """Changed content, a changed digest attribute, another key."""
    content = Sod(FILES, document_signer()).security_object()
    made = sod()
    # the content appears once; its digest is a signed attribute
    assert reason(made.replace(content, content[:-1] + b"\0")) == "sod_signature"
    other = Sod(FILES, issuing.Issued(document_signer().der, ec_key())).build()
    assert reason(other) == "sod_signature"
    wrong = [attribute("message_digest", bytes(32))]
    made = sod(leave_out=(), extra_attributes=wrong)
    assert reason(made) == "malformed"


@pytest.mark.parametrize("missing", ["content_type", "message_digest"])
def test_signed_attributes_are_mandatory(missing):
    """RFC 5652 §5.3: without one of them the signature covers something else."""
    assert reason(sod(leave_out=(missing,))) == "sod_signature"


def test_the_content_type_is_signed_too():
    """What was signed as something else is no security object."""
    assert reason(sod(signed_type="1.2.840.113549.1.7.1")) == "sod_signature"
    assert reason(sod(content_type="1.2.840.113549.1.7.1")) == "malformed"
    assert reason(sod(content_type=signed_files.MASTER_LIST)) == "malformed"


def test_chinas_passports_call_it_data():
    """Only theirs: the type says nothing of a card's files."""
    state = csca(country="CN")
    made = Sod(FILES, signer(state, country="CN"), content_type="1.2.840.113549.1.7.1")

    assert verify(made.build(), trust=store(state), policy=Policy("CHN"))


def test_a_signer_may_be_named_by_its_key():
    """Instead of issuer and serial number."""
    assert verify(sod(by_key_id=True))


def test_names_are_compared_as_names():
    """Another string type, another order, other capitals: as one state has them."""
    native = document_signer().asn1.issuer.native
    turned = dict(reversed([(key, value.upper()) for key, value in native.items()]))
    issuer = asn1_x509.Name.build(turned, use_printable=False)
    assert issuer.dump() != document_signer().asn1.issuer.dump()

    assert verify(sod(sid_issuer=issuer))


def test_a_signer_whose_certificate_is_missing_is_refused():
    """Another serial number; no certificate at all."""
    other = signer(authority())

    assert reason(sod(certificates=[other.der])) == "sod_signature"
    assert reason(sod(certificates=[])) == "malformed"
    assert verify(sod(certificates=[other.der, document_signer().der]))


def test_one_good_signer_of_several_is_enough():
    """A second one by a key that nobody knows changes nothing."""
    good = Sod(FILES, document_signer())
    content = good.security_object()
    stranger = Sod(FILES, signer(csca()))
    for first, second in ((good, stranger), (stranger, good)):
        made = first.build_with(second, content)
        assert verify(made).document_signer.encoded == document_signer().der


def test_sods_are_bounded_and_framed():
    """Trailing bytes, another tag, no CMS, garbage."""
    made = sod()
    assert reason(made + b"\0") == "malformed"
    assert reason(b"\x61" + made[1:]) == "malformed"
    assert reason(tlv(0x77, b"\x30\x00")) == "malformed"
    assert reason(tlv(0x77, made)) == "malformed"
    assert reason(tlv(0x77, bytes(65_536))) == "limit"


@pytest.mark.parametrize("content", ["3000", "3009020102300206003000"])
def test_a_broken_security_object_is_refused(content):
    """Too few members, an empty algorithm."""
    assert reason(sod(content=bytes.fromhex(content))) == "malformed"


def test_versions_and_hashes_of_the_future_are_refused():
    """Version 2, and SHA-3, which no card has yet."""
    content = Sod(FILES, document_signer()).security_object()
    sha256, sha3 = (bytes.fromhex(f"60864801650304020{last}") for last in "18")
    with pytest.raises(EmrtdError):
        parse_security_object(content.replace(b"\x02\x01\x00", b"\x02\x01\x02", 1))
    with pytest.raises(EmrtdError) as refused:
        parse_security_object(content.replace(sha256, sha3))
    assert refused.value.reason == "weak_algorithm"


def test_validity_is_judged_now():
    """The signer's and the authority's, at both ends."""
    short = signer(authority(), since=NOW - DAY, until=NOW + DAY)
    made = Sod(FILES, short).build()
    assert verify(made)
    assert reason(made, now=NOW + 2 * DAY) == "ds_expired"
    assert reason(made, now=NOW - 2 * DAY) == "ds_expired"
    assert reason(sod(), now=NOW + 11 * YEAR) == "csca_expired"


def test_an_archive_is_judged_at_its_signing():
    """By the signing time, or from the signer's first day."""
    old = signer(authority(), since=NOW - 300 * DAY, until=NOW - 200 * DAY)
    archive = Policy("VNM", judged_at="signing")
    inside, outside = NOW - 250 * DAY, NOW - 100 * DAY

    assert verify(Sod(FILES, old).build(), policy=archive)
    assert verify(Sod(FILES, old, signed_at=inside).build(), policy=archive)
    late = Sod(FILES, old, signed_at=outside).build()
    assert reason(late, policy=archive) == "ds_expired"
