"""What operators import: certificates, revocation lists and whole master lists."""

from base64 import encodebytes

import pytest

from idp.emrtd.certificates import parse_certificate
from idp.emrtd.trust import Policy, TrustStore
from idp.emrtd.trust_items import load_items
from tests.unit.emrtd import issuing
from tests.unit.emrtd.issuing import (
    DAY,
    NOW,
    crl,
    csca,
    ec_key,
    link,
    list_signer,
    resign,
    signer,
)
from tests.unit.emrtd.signed_files import Sod, master_list

EMPTY = TrustStore(())


def load(data, known=EMPTY, **options):
    return load_items(data, known=known, now=NOW, **options)


def store(*items):
    return TrustStore(parse_certificate(item.der) for item in items)


def why(loaded):
    (problem,) = loaded.problems
    return problem.reason


def pem(der, kind="CERTIFICATE"):
    return (
        f"-----BEGIN {kind}-----\n".encode()
        + encodebytes(der)
        + (f"-----END {kind}-----\n".encode())
    )


def test_a_certificate_in_der_and_in_pem():
    """A PEM file may hold several, with words around them, and a revocation list."""
    one, two = csca(), csca("CSCA 2")
    bundle = b"Issued to us\n" + pem(one.der) + pem(two.der) + pem(crl(one), "X509 CRL")
    loaded = load(bundle)

    assert [item.encoded for item in load(one.der).certificates] == [one.der]
    assert [item.encoded for item in loaded.certificates] == [one.der, two.der]
    assert len(loaded.lists) == 1
    assert loaded.problems == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "neither DER nor PEM"),
        (b"hello", "neither DER nor PEM"),
        (b"0", "malformed"),
        (pem(b"hello"), "malformed"),
        (b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----", "PEM"),
        (b"\x30\x00", "certificate"),
    ],
)
def test_what_is_no_certificate_is_reported(data, reason):
    """With a reason, and nothing is taken."""
    loaded = load(data)

    assert reason in why(loaded)
    assert not loaded.certificates


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (lambda: signer(csca()), "it may issue nothing"),
        (lambda: csca(country=None), "no country"),
        (lambda: resign(csca(), ec_key()), "its own signature is wrong"),
        (lambda: csca(key=issuing.rsa_private(1024)), "too short"),
    ],
)
def test_what_cannot_be_used_is_named(made, reason):
    """A signer, no country, a wrong signature, a weak key."""
    loaded = load(made().der)

    assert reason in why(loaded)
    assert "CSCA" in loaded.problems[0].subject or "DS" in loaded.problems[0].subject
    assert not loaded.certificates
    assert not loaded.vouched


def test_an_unknown_curve_is_named():
    """The certificate cannot be read whole, its subject can."""
    state = csca()
    loaded = load(issuing.with_explicit_curve(state, state.key, h=3).der)

    assert "unknown_curve" in why(loaded)
    assert "CSCA" in loaded.problems[0].subject


def test_an_expired_certificate_is_remarked_on():
    """It is taken, and believed for no card of today."""
    loaded = load(csca(until=NOW - DAY).der)

    assert len(loaded.certificates) == 1
    assert loaded.remarks == ["1 expired: no card is believed through them"]


def test_a_link_certificate_follows_its_predecessor():
    """Trusted before, or in the same file; else it is the operator who vouches."""
    first, second = csca(), csca("CSCA 2")
    one = link(first, second)

    assert load(one.der, store(first)).problems == []
    assert len(load(pem(one.der) + pem(first.der)).certificates) == 2
    assert [item.encoded for item in load(one.der).vouched] == [one.der]


def test_revocation_lists_need_their_authority():
    """One that a trusted CSCA signed and that is of today."""
    state = csca()
    known = store(state)

    assert len(load(crl(state), known).lists) == 1
    assert "no CSCA here" in why(load(crl(csca()), known))
    old = crl(state, since=NOW - 9 * DAY, until=NOW - DAY)
    assert "outdated since 2026-05-31" in why(load(old, known))
    broken = crl(state)[:-4]
    assert "malformed" in why(load(broken, known))


def test_a_master_list_is_read_whole():
    """Its links are believed on the list's word; progress counts every certificate."""
    states = [csca(country=country) for country in ("VN", "FR", "AT")]
    successor = link(csca("Lost"), csca("CSCA 2"))
    steps = []
    listed = [state.der for state in states] + [successor.der, signer(states[0]).der]
    made = master_list(list_signer(states[0]), listed)
    loaded = load(made, progress=lambda *step: steps.append(step))

    assert {item.encoded for item in loaded.certificates} == {s.der for s in states}
    assert [item.encoded for item in loaded.vouched] == [successor.der]
    assert why(loaded) == "by its own extensions it may issue nothing"
    assert steps == [(done, 5) for done in range(1, 6)]


def test_a_master_lists_signer_is_followed_as_far_as_it_goes():
    """To what was trusted, to the list itself, or to nothing."""
    ours, theirs = csca(), csca(country="FR")
    by_ours = list_signer(ours)
    far = [
        load(master_list(by_ours, [theirs.der]), store(ours)),
        load(master_list(by_ours, [theirs.der, ours.der])),
        load(master_list(by_ours, [theirs.der])),
        load(master_list(list_signer(ours, until=NOW - DAY), [theirs.der])),
    ]

    endings = ["trusted before", "in the list itself", "not at hand", "2026-05-31"]
    for loaded, ending in zip(far, endings, strict=True):
        assert ending in loaded.remarks[0]
        assert loaded.problems == []


def test_a_master_list_with_a_wrong_signature_is_refused_whole():
    """Changed content, a signer of another purpose, a list of something else."""
    state = csca()
    made = master_list(list_signer(state), [state.der])
    changed = bytearray(made)
    changed[made.index(state.der) + len(state.der) - 1] ^= 1
    assert "other content is signed" in why(load(bytes(changed)))
    cards = master_list(list_signer(state, purposes=["2.23.136.1.1.9"]), [state.der])
    assert "may not sign master lists" in why(load(cards))
    assert "no master list" in why(load(Sod({1: b"x"}, signer(state)).signed_data()))


def test_lists_of_a_real_size_are_taken():
    """Six hundred certificates, as the largest published ones have."""
    keys = [ec_key() for _ in range(4)]
    states = [
        csca(
            f"CSCA {number}", key=keys[number % 4], country="VN" if number % 2 else "FR"
        )
        for number in range(600)
    ]
    loaded = load(master_list(list_signer(states[0]), [state.der for state in states]))

    assert len(loaded.certificates) == 600
    trust = TrustStore(loaded.certificates)
    assert len(trust.authorities(Policy("VNM"))) == 300
