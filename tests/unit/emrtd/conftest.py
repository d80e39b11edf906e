"""What the tests of the travel document share."""

from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa


@pytest.fixture(scope="session")
def rsa_key():
    """Return a function that makes an RSA key of some length, once per length."""
    return cache(lambda bits: rsa.generate_private_key(65537, bits))
