"""The forgery of CVE-2020-0601 that the altered cards use is a real one."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from idp.emrtd import points
from idp.emrtd.curves import load_public_key
from idp.emrtd.errors import EmrtdError
from idp.emrtd.named_curves import domain
from idp.emrtd.points import Point
from idp.emrtd.trust import TrustStore
from idp.emrtd.trust_items import load_items
from tests.cards.curve_substitution import explicit_spki, forger, reissue, times
from tests.cards.people import NOW, authority
from tests.cards.workshop import der

CURVE = ec.BrainpoolP384R1()


@pytest.fixture(scope="module")
def true():
    return ec.generate_private_key(CURVE).public_key()


def test_forged_signature_holds_under_the_chosen_generator(true):
    """Whoever compares the public key alone is deceived: the arithmetic is right."""
    attacker = forger(true)
    order = domain(CURVE).n
    r, s = decode_dss_signature(attacker.sign(b"a document signer"))
    digest = int.from_bytes(hashlib.sha384(b"a document signer").digest(), "big")
    inverse = pow(s, -1, order)
    sum_of_both = points.add(
        CURVE,
        times(CURVE, digest * inverse % order, attacker.generator),
        times(CURVE, r * inverse % order, points.public_point(true)),
    )
    assert sum_of_both.x % order == r


def test_false_generator_is_no_known_curve(true):
    """The same key with the true generator is good, with the chosen one unknown."""
    assert load_public_key(explicit_spki(CURVE, points.public_point(true))) == true
    with pytest.raises(EmrtdError) as refused:
        load_public_key(forger(true).spki())
    assert refused.value.reason == "unknown_curve"


def test_negative_generator_is_no_known_curve(true):
    """A generator that differs in its sign alone is another one, too."""
    numbers = domain(CURVE)
    mirrored = Point(numbers.x, numbers.p - numbers.y)
    with pytest.raises(EmrtdError):
        load_public_key(explicit_spki(CURVE, points.public_point(true), mirrored))


def test_look_alike_is_not_imported():
    """An operator who is handed the false certificate is told why it is no use."""
    true = authority()
    attacker = forger(true.key.public_key())
    false = reissue(true.certificate, attacker.sign, spki=attacker.spki())
    loaded = load_items(false, known=TrustStore([]), now=NOW)
    assert loaded.certificates == loaded.vouched == []
    (problem,) = loaded.problems
    assert problem.reason.startswith("unknown_curve")
    assert load_items(der(true.certificate), known=TrustStore([]), now=NOW).certificates
