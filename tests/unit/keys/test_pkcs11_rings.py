"""Rings whose keys are in a token: the same life as any, and a way in and out."""

from dataclasses import replace

import pkcs11
import pytest

from keys.errors import InvalidTokenError, KeyMaterialError, TokenError
from keys.pkcs11.opener import TokenOpener
from keys.ring import Ring
from keys.rotation import Rotator
from keys.signers import KeyRings
from tests.hsm import soft_hsm
from tests.unit.keys.memory_store import CLOCKS, LEAD, OPENER, START, after, begun

CLAIMS = {"iss": "https://id.example", "name": "Nguyễn Thị Ánh"}
RINGS = (Ring("id_token", "ES256"), Ring("id_token", "RS256"))


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    """Return a token of this module's own."""
    with soft_hsm(tmp_path_factory.mktemp("hsm")) as hsm:
        yield hsm.token()


@pytest.fixture
def opener(token):
    """Return what makes keys in the token."""
    return TokenOpener(token, OPENER, makes_there=True)


def signed(rings, ring, now):
    """Return a token of a ring."""
    return rings.sign(CLAIMS, purpose="id_token", alg=ring.alg, typ="JWT", now=now)


def verified(rings, text, now):
    """Return the claims of a token of ours."""
    return rings.verify(text, purposes=("id_token",), typ="JWT", now=now)


@pytest.mark.parametrize("ring", RINGS)
def test_a_ring_moves_into_a_token_and_out_by_rotations(token, opener, ring):
    """The former key signs until the lead is over, and verifies after it."""
    store, now = begun(), START
    texts = []
    for place in (opener, TokenOpener(token, OPENER, makes_there=False)):
        upcoming = Rotator(store, place, CLOCKS).rotate(ring, now=now).upcoming
        assert bool(upcoming.handle) == (place is opener)
        assert bool(upcoming.private_sealed) != bool(upcoming.handle)
        rings = KeyRings(store, place, CLOCKS, reread_after=0)
        texts.append(signed(rings, ring, now))
        now = upcoming.activates_at
        texts.append(signed(rings, ring, now))
    assert len({text.split(".")[0] for text in texts}) == 3, "three keys in turn"
    for text in texts[1:]:
        assert verified(rings, text, now) == CLAIMS


def test_a_killed_key_is_destroyed_in_the_token(opener):
    """Its row stays, the token has it no longer."""
    store = begun()
    rotator = Rotator(store, opener, CLOCKS)
    victim = rotator.rotate(RINGS[0], now=START).upcoming
    rings = KeyRings(store, opener, CLOCKS, reread_after=0)
    at = after(LEAD)
    text = signed(rings, RINGS[0], at)

    rotator.kill(victim.kid, now=at, reason="a test")

    with pytest.raises(InvalidTokenError):
        verified(rings, text, at)
    with pytest.raises(TokenError):
        opener.signer(victim)


def test_what_a_crash_left_in_the_token_is_erased_by_the_next_look(token, opener):
    """The row keeps its handle until nothing is left; then it is not tried again."""
    store, before = begun(), keys_in(token)
    victim = Rotator(store, opener, CLOCKS).rotate(RINGS[0], now=START).upcoming
    dying = Rotator(store, Dying(opener), CLOCKS)
    dying.kill(victim.kid, now=after(1), reason="a test")
    assert keys_in(token) == before + 1
    lost = Rotator(store, TokenOpener(None, OPENER, makes_there=False), CLOCKS)
    lost.settle(now=after(2))
    assert store.stored[victim.kid].handle == victim.handle

    Rotator(store, opener, CLOCKS).settle(now=after(3))

    assert keys_in(token) == before
    assert store.stored[victim.kid].handle is None
    assert store.stored[victim.kid].compromised_at == after(1)


class Dying:
    """An opener of a process that ends when it should erase."""

    def __init__(self, opener):
        self.signer, self.generate = opener.signer, opener.generate

    def erase(self, row):
        return False


def test_who_loses_a_race_leaves_nothing_in_the_token(token, opener):
    """Two rotate at once: the loser's new key is erased again, as is what has ended."""
    ring, store = RINGS[0], begun()
    rotator = Rotator(store, opener, CLOCKS)
    before = keys_in(token)
    first = rotator.rotate(ring, now=START).upcoming
    late = Rotator(Raced(store, rotator, ring), opener, CLOCKS)
    late.rotate(ring, now=after(LEAD))
    second = rotator.rotate(ring, now=after(LEAD)).upcoming
    assert keys_in(token) == before + 2

    rotator.rotate(RINGS[1], now=after(9 * LEAD))

    assert opener.signer(second)
    with pytest.raises(TokenError):
        opener.signer(first)


class Raced:
    """A store in which another wins just before one gets the lock."""

    def __init__(self, store, other, ring):
        self.rows, self._store, self._other, self._ring = store.rows, store, other, ring

    def locked(self):
        self._other.rotate(self._ring, now=after(LEAD))
        return self._store.locked()


def keys_in(token):
    """Return how many private keys the token holds."""
    wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY}
    return token.run(lambda session: len(list(session.get_objects(wanted))))


def test_a_row_cannot_lend_a_key_to_another_ring(opener):
    """Nor name another public part for it: who writes rows gains nothing."""
    made = opener.generate(Ring("access_token", "ES256"), now=START)
    lent = replace(made, ring=RINGS[0])

    with pytest.raises(KeyMaterialError, match=r"made for access_token\.ES256"):
        opener.signer(lent)

    store, other = begun(), opener.generate(RINGS[0], now=START)
    row = replace(made, ring=Ring("access_token", "ES256"), kid=other.kid,
                  public_jwk=other.public_jwk, published_at=START,
                  activates_at=after(LEAD))  # fmt: skip
    store.stored[row.kid] = row
    with pytest.raises(KeyMaterialError, match="foreign public part"):
        KeyRings(store, opener, CLOCKS)


def test_a_token_that_nobody_named_is_told(opener):
    """Rows that need it are refused when the settings name none."""
    made = opener.generate(RINGS[0], now=START)

    with pytest.raises(TokenError, match=r"pkcs11\.module"):
        TokenOpener(None, OPENER, makes_there=False).signer(made)
