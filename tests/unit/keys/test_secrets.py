"""The server's secrets: made once, sealed, one for each purpose."""

import pytest

from keys.errors import KeyMaterialError
from keys.secrets import NAMES, ServerSecrets, create_secrets
from keys.versions import PURPOSES
from tests.unit.keys.memory_store import KEK, START, MemoryRingStore


def test_every_secret_is_made_once():
    """A second creation makes nothing and changes nothing."""
    store = MemoryRingStore()

    assert create_secrets(store, KEK, now=START) == list(NAMES)
    before = store.secrets()
    assert create_secrets(store, KEK, now=START) == []

    assert store.secrets() == before


def test_secrets_differ_and_are_sealed():
    """Each has 32 bytes of its own, none stands in the store or in the repr."""
    store = MemoryRingStore()
    create_secrets(store, KEK, now=START)

    secrets = ServerSecrets.load(store, KEK)

    values = {secrets.key(name) for name in NAMES if name not in PURPOSES}
    assert len(values) == len(NAMES) - len(PURPOSES)
    assert {len(value) for value in values} == {32}
    assert not any(
        value in sealed for value in values for sealed in store.sealed.values()
    )
    assert repr(secrets) == "ServerSecrets()"


def test_missing_secrets_are_named():
    """The message names them and the command that makes them."""
    store = MemoryRingStore()
    create_secrets(store, KEK, now=START)
    del store.sealed["sid"]

    with pytest.raises(KeyMaterialError, match="sid: run `idp keys init`"):
        ServerSecrets.load(store, KEK)


def test_another_kek_is_named():
    """A foreign key-encryption key is told apart from missing secrets."""
    store = MemoryRingStore()
    create_secrets(store, KEK, now=START)

    with pytest.raises(KeyMaterialError, match="another key-encryption key"):
        ServerSecrets.load(store, b"x" * 32)


def test_a_secret_does_not_open_under_another_name():
    """Swapping two rows is found."""
    store = MemoryRingStore()
    create_secrets(store, KEK, now=START)
    store.sealed["sid"], store.sealed["otp"] = store.sealed["otp"], store.sealed["sid"]

    with pytest.raises(KeyMaterialError):
        ServerSecrets.load(store, KEK)
