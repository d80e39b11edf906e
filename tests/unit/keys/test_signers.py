"""Our own tokens: signed fast by the active key, verified strictly, never trusted."""

import base64
import json
import logging
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

from keys import jws, signers
from keys.algorithms import SoftwareSigner, generate, public_jwk
from keys.errors import InvalidTokenError, KeyMaterialError
from keys.ring import RINGS, Clock, Ring
from keys.rotation import Rotator
from keys.signers import KeyRings
from keys.signing_keys import SoftwareOpener
from tests.unit.keys.memory_store import (
    CLOCKS,
    OPENER,
    START,
    MemoryRingStore,
    after,
    begun,
    rotator_of,
)

ACCESS = Ring("access_token", "ES256")
CLAIMS = {"iss": "https://id.example", "sub": "s", "name": "Nguyễn Thị Ánh", "exp": 1}


def rings_of(store, **options):
    """Return fresh rings that read the store again at every use."""
    options = {"reread_after": 0, **options}
    return KeyRings(store, OPENER, CLOCKS, **options)


def sign(rings, claims=CLAIMS, *, ring=ACCESS, typ="JWT", now=START):
    """Return the claims as a token of a ring."""
    return rings.sign(claims, purpose=ring.purpose, alg=ring.alg, typ=typ, now=now)


def verify(rings, token, *, purposes=("access_token",), typ="JWT", now=START):
    """Return the claims of an access token."""
    return rings.verify(token, purposes=purposes, typ=typ, now=now)


def signer_of(rings):
    """Return the active key of access tokens."""
    return rings._snapshot.rings[ACCESS][0].kid


def kill(store, *, now):
    """Kill the key of access tokens that signs now."""
    rotator = rotator_of(store)
    active = rotator.rotate(ACCESS, now=now).active
    return rotator.kill(active.kid, now=now, reason="a test")


STORE = begun()
RINGS_OF_STORE = rings_of(STORE)
TOKEN = sign(RINGS_OF_STORE, typ="at+jwt")


def encode(value):
    """Return JSON (or bytes) as base64url without padding."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header, payload=CLAIMS, *, key=None):
    """Return a token with any header, signed by the ES256 key (or another)."""
    if key is None:
        kid = signer_of(RINGS_OF_STORE)
        key = RINGS_OF_STORE._snapshot.parsed[kid].signer
    message = f"{encode(header)}.{encode(payload)}"
    return f"{message}.{encode(key.sign(message.encode()))}"


def header(**changes):
    """Return the header of a good token, changed."""
    kid = signer_of(RINGS_OF_STORE)
    return {"alg": "ES256", "kid": kid, "typ": "at+jwt", **changes}


@pytest.mark.parametrize("ring", RINGS, ids=lambda ring: ring.name)
def test_signs_and_verifies(ring):
    """Claims come back, Vietnamese letters too; any library agrees by the JWK set."""
    token, purposes = sign(RINGS_OF_STORE, ring=ring), (ring.purpose,)

    assert verify(RINGS_OF_STORE, token, purposes=purposes) == CLAIMS
    assert verify(RINGS_OF_STORE, token, purposes=purposes, typ=None) == CLAIMS
    key_set = KeySet.import_key_set(RINGS_OF_STORE.jwks(START))
    if ring.purpose == "audit":  # portals have nothing to do with it
        with pytest.raises(InvalidKeyIdError):
            jwt.decode(token, key_set, algorithms=[ring.alg])
        return
    foreign = jwt.decode(token, key_set, algorithms=[ring.alg])
    assert foreign.claims == CLAIMS
    assert foreign.header["typ"] == "JWT"
    assert foreign.header["alg"] == ring.alg


@pytest.mark.parametrize("ring", RINGS, ids=lambda ring: ring.name)
def test_a_key_serves_one_purpose(ring):
    """What another purpose's key has signed is refused (RFC 8725 §2.8)."""
    others = tuple({other.purpose for other in RINGS} - {ring.purpose})

    with pytest.raises(InvalidTokenError, match="purpose"):
        verify(RINGS_OF_STORE, sign(RINGS_OF_STORE, ring=ring), purposes=others)


def test_only_ring_algorithms_sign():
    """No `none`, no HMAC, and none that the purpose does not have."""
    assert RINGS_OF_STORE.algorithms == ("ES256", "RS256")
    for alg in ("none", "HS256", "RS256"):
        with pytest.raises(ValueError, match=alg):
            sign(RINGS_OF_STORE, ring=Ring("access_token", alg))


def test_a_helper_token_is_good():
    """The tests' own way of signing makes tokens that verify, so refusals mean much."""
    token = signed(header())

    assert verify(RINGS_OF_STORE, token, typ="at+jwt") == CLAIMS


@pytest.mark.parametrize(
    "changes",
    [
        {"crit": ["exp"]},
        {"b64": False},
        {"jwk": {"kty": "EC"}},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": []},
        {"alg": 1},
        {"kid": None},
        {"typ": ["at+jwt"]},
    ],
)
def test_foreign_header_members_are_refused(changes):
    """Even under a good signature: keys and rules never come from a token."""
    with pytest.raises(InvalidTokenError, match="header"):
        verify(RINGS_OF_STORE, signed(header(**changes)), typ="at+jwt")


@pytest.mark.parametrize("member", ["alg", "kid", "typ"])
def test_missing_header_members_are_refused(member):
    """All three are in each of our tokens."""
    short = header()
    del short[member]

    with pytest.raises(InvalidTokenError, match="header"):
        verify(RINGS_OF_STORE, signed(short), typ=None)


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "RS256", "ES384", ""])
def test_the_algorithm_is_the_keys(alg):
    """A token cannot choose another algorithm for a key (RFC 8725 §3.1)."""
    with pytest.raises(InvalidTokenError, match="algorithm"):
        verify(RINGS_OF_STORE, signed(header(alg=alg)), typ="at+jwt")


@pytest.mark.parametrize("typ", ["JWT", "AT+JWT", "application/at+jwt", ""])
def test_the_type_is_exact(typ):
    """An access token is never taken for another token."""
    with pytest.raises(InvalidTokenError, match="type"):
        verify(RINGS_OF_STORE, TOKEN, typ=typ)


def test_a_foreign_key_is_refused():
    """Neither a foreign kid nor a foreign signature under our kid passes."""
    other = generate("ES256")
    kid = public_jwk(other.public_key(), "ES256")["kid"]
    signer = SoftwareSigner(other)

    for token in (signed(header(kid=kid), key=signer), signed(header(), key=signer)):
        with pytest.raises(InvalidTokenError):
            verify(RINGS_OF_STORE, token, typ="at+jwt")


@given(st.data())
def test_a_changed_character_is_refused(data):
    """No character of a token may change, the spare bits of base64url included."""
    position = data.draw(st.integers(0, len(TOKEN) - 1))
    character = data.draw(
        st.sampled_from("ABab01-_=+/. \n") | st.characters(codec="utf-8")
    )
    changed = TOKEN[:position] + character + TOKEN[position + 1 :]

    if changed != TOKEN:
        with pytest.raises(InvalidTokenError):
            verify(RINGS_OF_STORE, changed, typ="at+jwt")


@given(st.text(max_size=80) | st.from_regex(r"[A-Za-z0-9_-]*\.[\w-]*\.[\w-]*"))
def test_noise_is_refused(text):
    """Whatever text comes ends in the one error."""
    with pytest.raises(InvalidTokenError):
        verify(RINGS_OF_STORE, text, typ=None)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "..",
        "a.b",
        "a.b.c.d",
        TOKEN + "=",
        TOKEN + "\n",
        " " + TOKEN,
        "\ud800.a.b",
        f"{encode(b'[' * 9000)}.e30.e30",
        f"{encode([1])}.e30.e30",
        f"{encode(b'{')}.e30.e30",
        encode(bytes([255, 254])) + ".e30.e30",
        TOKEN.replace(".", ".\ud800", 1),
        "A" * 20_000,
    ],
)
def test_broken_tokens_are_refused(token):
    """Wrong parts, white space, depth, encodings, size."""
    with pytest.raises(InvalidTokenError):
        verify(RINGS_OF_STORE, token, typ=None)


@pytest.mark.parametrize("payload", [b"[]", b"no JSON", b'"text"'])
def test_claims_are_a_json_object(payload):
    """Even under our own signature."""
    with pytest.raises(InvalidTokenError, match="JSON"):
        verify(RINGS_OF_STORE, signed(header(), payload), typ="at+jwt")


def test_numbers_that_json_lacks_are_not_signed():
    """NaN would make a token that nobody can read."""
    with pytest.raises(ValueError, match="JSON"):
        sign(RINGS_OF_STORE, {"n": float("nan")}, now=START)


def test_jwks_has_unique_public_keys():
    """RFC 7517 §5: distinct kids, public members, `use` and `alg`; bytes agree."""
    store = begun()
    rotator_of(store).rotate(Ring("jarm", "RS256"), now=START)
    rings = rings_of(store)

    keys = rings.jwks(START)["keys"]

    ours = [ring.alg for ring in RINGS if ring.is_public]
    assert sorted(key["alg"] for key in keys) == sorted([*ours, "RS256"])
    assert len({key["kid"] for key in keys}) == len(keys)
    public = {"kty", "kid", "use", "alg", "crv", "x", "y", "n", "e"}
    assert not {name for key in keys for name in key} - public
    assert json.loads(rings.jwks_bytes(START)) == {"keys": keys}


def test_jwks_bytes_are_made_once():
    """The same object until the keys change by the clock."""
    store = begun()
    rotator_of(store).rotate(ACCESS, now=START)
    rings = rings_of(store)

    first = rings.jwks_bytes(START)

    assert rings.jwks_bytes(after(899)) is first
    assert rings.jwks_bytes(after(1800)) != first


def test_a_token_verifies_until_its_key_is_gone():
    """Signed in the last moment before retirement; refused when the key is gone."""
    store = begun()
    rotator_of(store).rotate(ACCESS, now=START)
    rings = rings_of(store)
    token = sign(rings, CLAIMS, now=after(899))

    assert verify(rings, token, now=after(1799)) == CLAIMS
    with pytest.raises(InvalidTokenError, match="not a key of ours"):
        verify(rings, token, now=after(1800))


def test_a_destroyed_key_is_refused_by_a_slow_clock_too():
    """Once destroyed in the store, no worker verifies with it."""
    store = begun()
    rotator = rotator_of(store)
    rotator.rotate(ACCESS, now=START)
    rings = rings_of(store)
    token = sign(rings, CLAIMS, now=START)
    rotator.settle(now=after(1800))

    with pytest.raises(InvalidTokenError, match="not a key of ours"):
        verify(rings, token, now=after(1700))


def test_the_next_key_signs_by_the_clock_alone():
    """Nothing is read or run at the change."""
    store = begun()
    upcoming = rotator_of(store).rotate(ACCESS, now=START).upcoming
    rings = rings_of(store, reread_after=3600)
    reads = store.reads

    before = jws.read(sign(rings, {}, now=after(899)))
    later = jws.read(sign(rings, {}, now=after(900)))

    assert before.kid != upcoming.kid
    assert later.kid == upcoming.kid
    assert store.reads == reads


def test_rows_are_read_at_most_every_few_seconds():
    """Within the pause nothing is read; after it, once."""
    store = begun()
    rings = rings_of(store, reread_after=3600)
    for _ in range(5):
        sign(rings, {}, now=START)
    assert store.reads == 1  # at the start

    rings._read_at -= 3600
    for _ in range(5):
        sign(rings, {}, now=START)
    assert store.reads == 2


def test_an_unknown_kid_is_looked_up_after_a_pause(monkeypatch):
    """Another worker's emergency key verifies at once; made-up kids cost nothing."""
    store = begun()
    stale = rings_of(store, reread_after=3600)
    kill(store, now=after(1))
    token = sign(rings_of(store), now=after(2))

    monkeypatch.setattr(signers, "_UNKNOWN_KID_PAUSE", 3600)
    with pytest.raises(InvalidTokenError):
        verify(stale, token, now=after(2))
    monkeypatch.setattr(signers, "_UNKNOWN_KID_PAUSE", 0)
    assert verify(stale, token, now=after(2)) == CLAIMS


def test_an_unreachable_store_keeps_the_last_keys(caplog):
    """Citizens still sign in, the next key takes over, the log says what is wrong."""
    store = begun()
    upcoming = rotator_of(store).rotate(ACCESS, now=START).upcoming
    rings = rings_of(store)
    store.is_reachable = False

    with caplog.at_level(logging.ERROR, logger="keys.signers"):
        token = sign(rings, CLAIMS, now=after(900))

    assert jws.read(token).kid == upcoming.kid
    assert verify(rings, token, now=after(900)) == CLAIMS
    assert "the last keys stay" in caplog.text


def test_a_planted_key_is_never_published(caplog):
    """A row whose public part is not its own, or not sealed by us, is an error."""
    store = begun()
    rings = rings_of(store)
    good = rings.jwks(START)
    (es256,) = (row for row in store.rows() if row.ring == ACCESS)
    planted = public_jwk(generate("ES256").public_key(), "ES256")

    for row in (
        replace(es256, kid=planted["kid"], public_jwk=planted),
        replace(es256, kid="another", private_sealed=b"x" * 80),
    ):
        store.stored = {**begun().stored, row.kid: row}
        with pytest.raises(KeyMaterialError, match=row.kid):
            rings_of(store)
        assert rings.jwks(START) == good
    moved = replace(es256, ring=Ring("event", "ES256"))
    store.stored = {**begun().stored, es256.kid: moved}
    with pytest.raises(KeyMaterialError, match=es256.kid):
        rings_of(store)
    assert rings.jwks(START) == good
    store.stored = {es256.kid: replace(es256, public_jwk=planted)}
    with pytest.raises(KeyMaterialError, match="foreign public part"):
        rings_of(store)
    assert "could not be read again" in caplog.text


def test_a_row_that_does_not_open_hides_no_kill(caplog):
    """A planted row stops no reading: the killed key is out, and the fault is told."""
    store = begun()
    rings = rings_of(store)
    stolen, before = signer_of(rings), sign(rings)
    (row,) = (row for row in store.rows() if row.kid == stolen)
    store.stored["planted"] = replace(
        row, kid="planted", private_sealed=b"x" * 80, activates_at=after(-9)
    )
    killed = kill(store, now=after(2))

    token = sign(rings, now=after(3))

    assert jws.read(token).kid == killed.active.kid
    assert verify(rings, token, now=after(3)) == CLAIMS
    with pytest.raises(InvalidTokenError, match="not a key of ours"):
        verify(rings, before, now=after(3))
    kids = {key["kid"] for key in rings.jwks(after(3))["keys"]}
    assert killed.active.kid in kids
    assert not kids & {stolen, "planted"}
    assert rings.unopened(after(3)) == ("planted",)
    assert caplog.text.count("could not be read again") == 1, "told once, not always"
    del store.stored["planted"]
    assert rings.unopened(after(3)) == ()


def test_a_successor_that_does_not_open_leaves_its_predecessor(monkeypatch):
    """Hardware fails for the next key: the old one signs until it opens again."""
    store = begun()
    rings = rings_of(store)
    active = signer_of(rings)
    upcoming = rotator_of(store).rotate(ACCESS, now=START).upcoming
    opener = SoftwareOpener(bytes(32))  # another key-encryption key
    monkeypatch.setattr(rings, "_opener", opener)

    assert jws.read(sign(rings, now=after(901))).kid == active
    assert rings.unopened(after(901)) == (upcoming.kid,)
    monkeypatch.setattr(rings, "_opener", OPENER)
    assert jws.read(sign(rings, now=after(902))).kid == upcoming.kid
    assert rings.unopened(after(902)) == ()


def test_a_start_without_keys_names_the_remedy():
    """An empty store, or one ring alone, is refused at the start."""
    store = begun()
    (one,) = (row for row in store.rows() if row.ring == RINGS[-1])
    store.stored = {one.kid: one}

    for empty in (MemoryRingStore(), store):
        with pytest.raises(KeyMaterialError, match=r"ES256.*idp keys init"):
            rings_of(empty)


def test_a_clock_before_the_first_key_is_named():
    """A machine whose clock is far behind gets an error that says so."""
    with pytest.raises(KeyMaterialError, match="at this time"):
        sign(RINGS_OF_STORE, {}, now=after(-60))


def test_threads_sign_while_the_rings_turn():
    """Rotations and reloads under eight threads: every token verifies."""
    store = begun()
    long = {purpose: Clock(1, 1000) for purpose in CLOCKS}
    rings = KeyRings(store, OPENER, long, reread_after=0)
    rotator = Rotator(store, OPENER, long)
    failures, stop, moments = [], threading.Event(), [START]

    def work():
        while not stop.is_set():
            now = moments[-1]
            try:
                verify(rings, sign(rings, now=now), now=now)
                rings.jwks_bytes(now)
            except Exception as error:  # noqa: BLE001 - reported by the assertion
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(10):
        rotator.rotate(ACCESS, now=moments[-1])
        moments.append(after(number + 1))
    stop.set()
    for thread in threads:
        thread.join()

    assert failures == []
