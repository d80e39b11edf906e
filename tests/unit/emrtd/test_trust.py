"""The trust store: who may issue what, for which country, until when."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from idp.emrtd.certificates import parse_certificate, parse_revocation_list
from idp.emrtd.errors import EmrtdError
from idp.emrtd.trust import Policy, TrustStore
from tests.unit.emrtd import issuing
from tests.unit.emrtd.issuing import (
    DAY,
    NOW,
    YEAR,
    crl,
    csca,
    ec_key,
    link,
    resign,
    signer,
)

VIETNAM = Policy("VNM")
DOCUMENT_TYPES = x509.ObjectIdentifier("2.23.136.1.1.6.2")


def store(*items, lists=(), vouched=()):
    certificates = [parse_certificate(item.der) for item in items]
    revocations = [parse_revocation_list(encoded) for encoded in lists]
    believed = [parse_certificate(item.der) for item in vouched]
    return TrustStore((*certificates, *revocations), vouched=believed)


def issuer_of(trust, issued, at=NOW, policy=VIETNAM):
    found = trust.issuer_of(parse_certificate(issued.der), at=at, policy=policy)
    return found.encoded


def reason(trust, issued, **changes):
    with pytest.raises(EmrtdError) as refused:
        issuer_of(trust, issued, **changes)
    return refused.value.reason


def test_a_signer_of_the_country_is_believed():
    """In two or three letters."""
    state = csca()
    for country in ("VN", "VNM", "vnm"):
        found = issuer_of(store(state), signer(state), policy=Policy(country))
        assert found == state.der


def test_another_countrys_authority_is_not_enough():
    """However many are trusted: the card's issuer alone may sign it."""
    ours, theirs = csca(), csca(country="FR")
    trust = store(ours, theirs)

    assert reason(trust, signer(theirs, country="FR")) == "wrong_country"
    assert reason(trust, signer(theirs, country="VN")) == "wrong_country"
    assert issuer_of(trust, signer(theirs, country="FR"), policy=Policy("FRA"))


def test_a_signer_that_claims_our_authoritys_name_is_refused():
    """A look-alike authority: the same name, another key."""
    ours, lookalike = csca(), csca()

    assert reason(store(ours), signer(lookalike)) == "untrusted_issuer"


def test_a_foreign_key_under_our_name_is_refused():
    """France's key signs as Vietnam's issuer; France is trusted for French cards."""
    theirs = csca(country="FR")
    forged = issuing.certify(
        issuing.name("DS"),
        ec_key(),
        issuer=issuing.name("CSCA"),
        issuer_key=theirs.key,
        usage=("digital_signature",),
    )

    assert reason(store(csca(), theirs), forged) == "untrusted_issuer"


def test_a_lookalike_curve_is_refused():
    """CVE-2020-0601: an authority whose curve has another generator is unreadable."""
    state = csca()
    numbers = state.key.public_key().public_numbers()
    forged = issuing.with_explicit_curve(state, state.key, x=numbers.x, y=numbers.y)
    with pytest.raises(EmrtdError) as refused:
        parse_certificate(forged.der)

    assert refused.value.reason == "unknown_curve"


def test_authorities_of_one_name_are_all_tried():
    """After a change of keys several have one name, with key identifiers or without."""
    states = [csca(), csca(), csca(key_ids=False)]
    trust = store(*states)
    for state in states:
        for key_ids in (True, False):
            assert issuer_of(trust, signer(state, key_ids=key_ids)) == state.der


def test_a_signers_signer_is_refused():
    """A document signer's certificate issues nothing, even if it was imported."""
    state = csca()
    first = signer(state)
    second = signer(first)

    assert reason(store(state), second) == "untrusted_issuer"
    assert reason(store(state, first), second) == "untrusted_issuer"
    bold = signer(state, is_authority=True, usage=("key_cert_sign",))
    assert reason(store(state), signer(bold)) == "untrusted_issuer"


def test_an_authority_signs_no_card_itself():
    """Nor does a certificate for other uses, or one whose key may not sign."""
    state = csca()
    trust = store(state)
    wrong = [
        state,
        signer(state, is_authority=True),
        signer(state, usage=("key_cert_sign",)),
        signer(state, purposes=["2.23.136.1.1.3"]),
    ]

    assert [reason(trust, issued) for issued in wrong] == ["untrusted_issuer"] * 4
    assert issuer_of(trust, signer(state, usage=()))


def test_a_document_type_list_may_be_critical_and_nothing_unknown():
    """Extensions of ICAO Doc 9303-12 are known; another critical one is refused."""
    state = csca()
    types = x509.UnrecognizedExtension(DOCUMENT_TYPES, bytes.fromhex("30050201003100"))
    assert issuer_of(store(state), signer(state, extra=[(types, True)]))
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")
    assert issuer_of(store(state), signer(state, extra=[(unknown, False)]))
    with pytest.raises(EmrtdError):
        parse_certificate(signer(state, extra=[(unknown, True)]).der)


@pytest.mark.parametrize(
    "changes",
    [
        {"is_authority": False},
        {"usage": ("digital_signature",)},
        {"is_authority": None, "usage": ()},
    ],
)
def test_a_certificate_that_may_not_issue_is_no_authority(changes):
    """Even self-signed: it has to say what it is."""
    state = csca(**changes)

    assert store(state).authorities(VIETNAM) == ()
    assert reason(store(state), signer(state)) == "untrusted_issuer"


def test_early_authorities_say_by_their_usage_what_they_are():
    """Some of the first ones have no basicConstraints."""
    state = csca(is_authority=None)

    assert issuer_of(store(state), signer(state)) == state.der


def test_a_wrong_self_signature_is_no_anchor():
    """The certificate was changed after it was signed."""
    state = csca()
    forged = resign(state, ec_key())

    assert store(forged).authorities(VIETNAM) == ()


def test_a_link_certificate_leads_to_the_next_key():
    """The successor's own certificate need not be there; a chain of links neither."""
    first, second, third = csca(), csca("CSCA 2"), csca("CSCA 3")
    one, two = link(first, second), link(second, third, "CSCA 3")
    trust = store(two, one, first)

    assert issuer_of(trust, signer(second)) == one.der
    assert issuer_of(trust, signer(third)) == two.der
    assert reason(store(two, first), signer(third)) == "untrusted_issuer"


def test_a_forged_link_leads_nowhere():
    """It names the authority and its key, and was signed by another one."""
    first, second = csca(), csca("CSCA 2")
    forged = resign(link(first, second), ec_key())

    assert reason(store(first, forged), signer(second)) == "untrusted_issuer"
    assert issuer_of(store(first, vouched=[forged]), signer(second)) == forged.der


def test_a_link_under_the_same_name():
    """Austria's authorities keep their name when the key changes."""
    first, second = csca(), csca()
    same = link(first, second, "CSCA")

    assert issuer_of(store(first, same), signer(second)) == same.der
    assert reason(store(same), signer(second)) == "untrusted_issuer"


def test_a_link_ends_with_its_predecessor():
    """And by SHA-1 only where the policy takes SHA-1."""
    first = csca(until=NOW + DAY)
    second = csca("CSCA 2")
    one = link(first, second)
    assert reason(store(first, one), signer(second), at=NOW + 2 * DAY) == "csca_expired"
    weak = resign(one, first.key, hash_name="sha1")
    assert reason(store(first, weak), signer(second)) == "untrusted_issuer"
    assert issuer_of(
        store(first, weak), signer(second), policy=Policy("VNM", allow_sha1=True)
    )


def test_a_revoked_signer_is_refused():
    """By its serial number, in a list that the authority signed."""
    state = csca()
    good, bad = signer(state), signer(state)
    trust = store(state, lists=[crl(state, [bad.certificate.serial_number])])

    assert reason(trust, bad) == "ds_revoked"
    assert issuer_of(trust, good)


def test_a_revoked_authority_is_refused():
    """It revokes itself, as ICAO Doc 9303-12 §5 wants."""
    state = csca()
    trust = store(state, lists=[crl(state, [state.certificate.serial_number])])

    assert reason(trust, signer(state)) == "csca_revoked"


def test_the_newest_list_counts():
    """Whatever order they came in."""
    state = csca()
    issued = signer(state)
    old = crl(state, [issued.certificate.serial_number], since=NOW - 9 * DAY)
    new = crl(state, [])
    for lists in ([old, new], [new, old]):
        assert issuer_of(store(state, lists=lists), issued)


def test_an_outdated_list_stops_cards():
    """An operator who imported a list means it to be kept; a card revoked stays so."""
    state = csca()
    issued = signer(state)
    empty = crl(state, until=NOW)
    full = crl(state, [issued.certificate.serial_number], until=NOW)

    assert issuer_of(store(state, lists=[empty]), issued, at=NOW)
    assert reason(store(state, lists=[empty]), issued, at=NOW + DAY) == "crl_expired"
    assert reason(store(state, lists=[full]), issued, at=NOW + DAY) == "ds_revoked"
    future = crl(state, since=NOW + DAY)
    assert reason(store(state, lists=[future]), issued) == "crl_expired"


def test_a_list_that_nobody_trusted_signed_is_no_list():
    """By another key, or by one that may not sign lists."""
    state = csca()
    issued = signer(state)
    forged = crl(state, [issued.certificate.serial_number], key=ec_key())
    assert issuer_of(store(state, lists=[forged]), issued)
    silent = csca(usage=("key_cert_sign",))
    issued = signer(silent)
    unfit = crl(silent, [issued.certificate.serial_number])
    assert issuer_of(store(silent, lists=[unfit]), issued)


def test_the_successors_list_counts_for_earlier_signers():
    """After a change of keys one list, by the new key, is for all certificates."""
    first, second = csca(), csca()
    issued = signer(first)
    later = crl(second, [issued.certificate.serial_number])

    assert reason(store(first, second, lists=[later]), issued) == "ds_revoked"


@pytest.mark.parametrize(
    "extension",
    [
        x509.DeltaCRLIndicator(1),
        x509.IssuingDistributionPoint(
            full_name=None,
            relative_name=None,
            only_contains_user_certs=False,
            only_contains_ca_certs=False,
            only_some_reasons=None,
            indirect_crl=True,
            only_contains_attribute_certs=False,
        ),
    ],
)
def test_partial_lists_are_refused(extension):
    """A delta or an indirect list is not the whole truth."""
    encoded = crl(csca(), extra=[(extension, True)])
    with pytest.raises(EmrtdError):
        parse_revocation_list(encoded)


def test_a_name_of_two_countries_is_refused():
    """Which one would be the issuer's is anybody's guess."""
    twice = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
        ]
    )
    key = ec_key()
    made = issuing.certify(twice, key, issuer=twice, issuer_key=key)
    with pytest.raises(EmrtdError):
        parse_certificate(made.der)


def test_certificates_are_bounded():
    """Sizes, trailing bytes, two signature algorithms."""
    made = csca().der
    for wrong in (made + b"\0", bytes(20_000), made[:-1], b""):
        with pytest.raises(EmrtdError):
            parse_certificate(wrong)
    two = made.replace(
        bytes.fromhex("2a8648ce3d040302"), bytes.fromhex("2a8648ce3d040303"), 1
    )
    with pytest.raises(EmrtdError):
        parse_certificate(two)


def test_validity_has_two_ends():
    """The authority's and the signer's, each with its own reason."""
    state = csca(until=NOW + YEAR)
    issued = signer(state, until=NOW + DAY)

    assert issuer_of(store(state), issued, at=NOW + DAY)
    assert reason(store(state), issued, at=NOW + 2 * DAY) == "ds_expired"
    assert reason(store(state), issued, at=NOW + 2 * YEAR) == "csca_expired"
