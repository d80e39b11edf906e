"""PKCE is S256, exact, and never downgraded."""

import pytest
from authlib.oauth2.rfc6749 import InvalidGrantError
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from idp.oidc.pkce import check_verifier, matches

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_rfc_example_matches():
    """RFC 7636 appendix B."""
    assert matches(VERIFIER, CHALLENGE)


def test_the_whole_alphabet_is_taken():
    """Verifiers may hold dots and tildes (RFC 7636 §4.1)."""
    verifier = "." * 42 + "~"

    assert matches(verifier, create_s256_code_challenge(verifier))


@pytest.mark.parametrize(
    "verifier",
    [
        VERIFIER[:-1],
        VERIFIER[:-1] + "l",
        VERIFIER + "\n",
        "a" * 42,
        "a" * 129,
        "é" * 43,
    ],
)
def test_other_verifiers_do_not_match(verifier):
    """Wrong, short, long and ill-spelt verifiers fail alike."""
    assert not matches(verifier, create_s256_code_challenge(VERIFIER))


def test_a_short_verifier_fails_even_if_its_hash_fits():
    """42 characters are too few, whatever the challenge was."""
    import base64
    import hashlib

    digest = hashlib.sha256(b"a" * 42).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    assert not matches("a" * 42, challenge)


@pytest.mark.parametrize("verifier", [None, "a" * 43])
def test_a_challenge_that_was_sent_is_enforced(verifier):
    """A missing and a wrong verifier have the same answer."""
    with pytest.raises(InvalidGrantError):
        check_verifier(verifier, expected_challenge=CHALLENGE)


def test_a_verifier_without_a_challenge_is_refused():
    """Someone removed the challenge on its way (RFC 9700 §4.8.2)."""
    with pytest.raises(InvalidGrantError):
        check_verifier(VERIFIER, expected_challenge=None)


def test_neither_is_policy():
    """A client that may go without PKCE sends neither."""
    check_verifier(None, expected_challenge=None)
