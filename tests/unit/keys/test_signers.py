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
from joserfc.jwk import KeySet

from keys import jws, signers
from keys.algorithms import SoftwareSigner, generate, public_jwk
from keys.errors import InvalidTokenError, KeyMaterialError
from keys.ring import RINGS
from keys.rotation import Rotator
from keys.signers import KeyRings
from tests.unit.keys.memory_store import KEK, START, MemoryRingStore, after, begun

LEAD, KEEP = 900, 900
CLAIMS = {"iss": "https://id.example", "sub": "s", "name": "Nguyễn Thị Ánh", "exp": 1}


def rings_of(store, **options):
    """Return fresh rings that read the store again at every use."""
    options = {"refresh_after": 0, **options}
    return KeyRings(store, KEK, publish_lead=LEAD, keep_retired=KEEP, **options)


def rotator_of(store):
    """Return the rotator of a store."""
    return Rotator(store, KEK, publish_lead=LEAD, keep_retired=KEEP)


STORE = begun()
RINGS_OF_STORE = rings_of(STORE)
TOKEN = RINGS_OF_STORE.sign(CLAIMS, alg="ES256", typ="at+jwt", now=START)


def encode(value):
    """Return JSON (or bytes) as base64url without padding."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header, payload=CLAIMS, *, key=None):
    """Return a token with any header, signed by the ES256 key (or another)."""
    if key is None:
        kid = RINGS_OF_STORE.jwks(START)["keys"][0]["kid"]
        key = RINGS_OF_STORE._snapshot.parsed[kid].signer
    message = f"{encode(header)}.{encode(payload)}"
    return f"{message}.{encode(key.sign(message.encode()))}"


def header(**changes):
    """Return the header of a good token, changed."""
    kid = RINGS_OF_STORE.jwks(START)["keys"][0]["kid"]
    return {"alg": "ES256", "kid": kid, "typ": "at+jwt", **changes}


@pytest.mark.parametrize("alg", RINGS)
def test_signs_and_verifies(alg):
    """Claims come back, Vietnamese letters too; any library agrees by the JWK set."""
    token = RINGS_OF_STORE.sign(CLAIMS, alg=alg, typ="JWT", now=START)

    assert RINGS_OF_STORE.verify(token, typ="JWT", now=START) == CLAIMS
    assert RINGS_OF_STORE.verify(token, typ=None, now=START, algs=(alg,)) == CLAIMS
    key_set = KeySet.import_key_set(RINGS_OF_STORE.jwks(START))
    foreign = jwt.decode(token, key_set, algorithms=[alg])
    assert foreign.claims == CLAIMS
    assert foreign.header["typ"] == "JWT"
    assert foreign.header["alg"] == alg


def test_only_ring_algorithms_sign():
    """No `none`, no HMAC."""
    assert RINGS_OF_STORE.algorithms == ("ES256", "RS256")
    for alg in ("none", "HS256"):
        with pytest.raises(ValueError, match=alg):
            RINGS_OF_STORE.sign(CLAIMS, alg=alg, typ="JWT", now=START)


def test_a_helper_token_is_good():
    """The tests' own way of signing makes tokens that verify, so refusals mean much."""
    token = signed(header())

    assert RINGS_OF_STORE.verify(token, typ="at+jwt", now=START) == CLAIMS


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
        RINGS_OF_STORE.verify(signed(header(**changes)), typ="at+jwt", now=START)


@pytest.mark.parametrize("member", ["alg", "kid", "typ"])
def test_missing_header_members_are_refused(member):
    """All three are in each of our tokens."""
    short = header()
    del short[member]

    with pytest.raises(InvalidTokenError, match="header"):
        RINGS_OF_STORE.verify(signed(short), typ=None, now=START)


@pytest.mark.parametrize("alg", ["none", "None", "HS256", "RS256", "ES384", ""])
def test_the_algorithm_is_the_keys(alg):
    """A token cannot choose another algorithm for a key (RFC 8725 §3.1)."""
    with pytest.raises(InvalidTokenError, match="algorithm"):
        RINGS_OF_STORE.verify(signed(header(alg=alg)), typ="at+jwt", now=START)


def test_the_caller_may_narrow_the_algorithms():
    """A good token of a ring that was not asked for is refused."""
    with pytest.raises(InvalidTokenError, match="algorithm"):
        RINGS_OF_STORE.verify(TOKEN, typ="at+jwt", now=START, algs=("RS256",))


@pytest.mark.parametrize("typ", ["JWT", "AT+JWT", "application/at+jwt", ""])
def test_the_type_is_exact(typ):
    """An access token is never taken for another token."""
    with pytest.raises(InvalidTokenError, match="type"):
        RINGS_OF_STORE.verify(TOKEN, typ=typ, now=START)


def test_a_foreign_key_is_refused():
    """Neither a foreign kid nor a foreign signature under our kid passes."""
    other = generate("ES256")
    kid = public_jwk(other.public_key(), "ES256")["kid"]
    signer = SoftwareSigner(other)

    for token in (signed(header(kid=kid), key=signer), signed(header(), key=signer)):
        with pytest.raises(InvalidTokenError):
            RINGS_OF_STORE.verify(token, typ="at+jwt", now=START)


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
            RINGS_OF_STORE.verify(changed, typ="at+jwt", now=START)


@given(st.text(max_size=80) | st.from_regex(r"[A-Za-z0-9_-]*\.[\w-]*\.[\w-]*"))
def test_noise_is_refused(text):
    """Whatever text comes ends in the one error."""
    with pytest.raises(InvalidTokenError):
        RINGS_OF_STORE.verify(text, typ=None, now=START)


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
        RINGS_OF_STORE.verify(token, typ=None, now=START)


@pytest.mark.parametrize("payload", [b"[]", b"no JSON", b'"text"'])
def test_claims_are_a_json_object(payload):
    """Even under our own signature."""
    with pytest.raises(InvalidTokenError, match="JSON"):
        RINGS_OF_STORE.verify(signed(header(), payload), typ="at+jwt", now=START)


def test_numbers_that_json_lacks_are_not_signed():
    """NaN would make a token that nobody can read."""
    with pytest.raises(ValueError, match="JSON"):
        RINGS_OF_STORE.sign({"n": float("nan")}, alg="ES256", typ="JWT", now=START)


def test_jwks_has_unique_public_keys():
    """RFC 7517 §5: distinct kids, public members, `use` and `alg`; bytes agree."""
    store = begun()
    rotator_of(store).rotate("RS256", now=START)
    rings = rings_of(store)

    keys = rings.jwks(START)["keys"]

    assert [key["alg"] for key in keys] == ["ES256", "RS256", "RS256"]
    assert len({key["kid"] for key in keys}) == 3
    public = {"kty", "kid", "use", "alg", "crv", "x", "y", "n", "e"}
    assert not {name for key in keys for name in key} - public
    assert json.loads(rings.jwks_bytes(START)) == {"keys": keys}


def test_jwks_bytes_are_made_once():
    """The same object until the keys change by the clock."""
    store = begun()
    rotator_of(store).rotate("ES256", now=START)
    rings = rings_of(store)

    first = rings.jwks_bytes(START)

    assert rings.jwks_bytes(after(899)) is first
    assert rings.jwks_bytes(after(1800)) != first


def test_a_token_verifies_until_its_key_is_gone():
    """Signed in the last moment before retirement; refused when the key is gone."""
    store = begun()
    rotator_of(store).rotate("ES256", now=START)
    rings = rings_of(store)
    token = rings.sign(CLAIMS, alg="ES256", typ="JWT", now=after(899))

    assert rings.verify(token, typ="JWT", now=after(1799)) == CLAIMS
    with pytest.raises(InvalidTokenError, match="not a key of ours"):
        rings.verify(token, typ="JWT", now=after(1800))


def test_a_destroyed_key_is_refused_by_a_slow_clock_too():
    """Once destroyed in the store, no worker verifies with it."""
    store = begun()
    rotator = rotator_of(store)
    rotator.rotate("ES256", now=START)
    rings = rings_of(store)
    token = rings.sign(CLAIMS, alg="ES256", typ="JWT", now=START)
    rotator.settle(now=after(1800))

    with pytest.raises(InvalidTokenError, match="not a key of ours"):
        rings.verify(token, typ="JWT", now=after(1700))


def test_the_next_key_signs_by_the_clock_alone():
    """Nothing is read or run at the change."""
    store = begun()
    upcoming = rotator_of(store).rotate("ES256", now=START).upcoming
    rings = rings_of(store, refresh_after=3600)
    reads = store.reads

    before = jws.read(rings.sign({}, alg="ES256", typ="JWT", now=after(899)))
    later = jws.read(rings.sign({}, alg="ES256", typ="JWT", now=after(900)))

    assert before.kid != upcoming.kid
    assert later.kid == upcoming.kid
    assert store.reads == reads


def test_rows_are_read_at_most_every_few_seconds():
    """Within the pause nothing is read; after it, once."""
    store = begun()
    rings = rings_of(store, refresh_after=3600)
    for _ in range(5):
        rings.sign({}, alg="ES256", typ="JWT", now=START)
    assert store.reads == 1  # at the start

    rings._read_at -= 3600
    for _ in range(5):
        rings.sign({}, alg="ES256", typ="JWT", now=START)
    assert store.reads == 2


def test_an_unknown_kid_is_looked_up_after_a_pause(monkeypatch):
    """Another worker's emergency key verifies at once; made-up kids cost nothing."""
    store = begun()
    stale = rings_of(store, refresh_after=3600)
    rotator_of(store).rotate("ES256", now=after(1), immediately=True)
    token = rings_of(store).sign(CLAIMS, alg="ES256", typ="JWT", now=after(1))

    monkeypatch.setattr(signers, "_UNKNOWN_KID_PAUSE", 3600)
    with pytest.raises(InvalidTokenError):
        stale.verify(token, typ="JWT", now=after(1))
    monkeypatch.setattr(signers, "_UNKNOWN_KID_PAUSE", 0)
    assert stale.verify(token, typ="JWT", now=after(1)) == CLAIMS


def test_an_unreachable_store_keeps_the_last_keys(caplog):
    """Citizens still sign in, the next key takes over, the log says what is wrong."""
    store = begun()
    upcoming = rotator_of(store).rotate("ES256", now=START).upcoming
    rings = rings_of(store)
    store.is_reachable = False

    with caplog.at_level(logging.ERROR, logger="keys.signers"):
        token = rings.sign(CLAIMS, alg="ES256", typ="JWT", now=after(900))

    assert jws.read(token).kid == upcoming.kid
    assert rings.verify(token, typ="JWT", now=after(900)) == CLAIMS
    assert "the last keys stay" in caplog.text


def test_a_planted_key_is_never_published(caplog):
    """A row whose public part is not its own, or not sealed by us, is an error."""
    store = begun()
    rings = rings_of(store)
    good = rings.jwks(START)
    (es256,) = (row for row in store.rows() if row.ring == "ES256")
    planted = public_jwk(generate("ES256").public_key(), "ES256")

    for row in (
        replace(es256, kid=planted["kid"], public_jwk=planted),
        replace(es256, kid="another", private_sealed=b"x" * 80),
    ):
        store.stored = {**begun().stored, row.kid: row}
        with pytest.raises(KeyMaterialError, match=row.kid):
            rings_of(store)
        assert rings.jwks(START) == good
    store.stored = {es256.kid: replace(es256, public_jwk=planted)}
    with pytest.raises(KeyMaterialError, match="foreign public part"):
        rings_of(store)
    assert "could not be read again" in caplog.text


def test_a_start_without_keys_names_the_remedy():
    """An empty store, or one ring alone, is refused at the start."""
    store = begun()
    (rs256,) = (row for row in store.rows() if row.ring == "RS256")
    store.stored = {rs256.kid: rs256}

    for empty in (MemoryRingStore(), store):
        with pytest.raises(KeyMaterialError, match=r"ES256.*idp keys init"):
            rings_of(empty)


def test_a_clock_before_the_first_key_is_named():
    """A machine whose clock is far behind gets an error that says so."""
    with pytest.raises(KeyMaterialError, match="at this time"):
        RINGS_OF_STORE.sign({}, alg="ES256", typ="JWT", now=after(-60))


def test_threads_sign_while_the_rings_turn():
    """Rotations and reloads under eight threads: every token verifies."""
    store = begun()
    rings, rotator = rings_of(store), rotator_of(store)
    failures, stop = [], threading.Event()

    def work():
        while not stop.is_set():
            try:
                token = rings.sign(CLAIMS, alg="ES256", typ="JWT", now=after(5))
                rings.verify(token, typ="JWT", now=after(5))
                rings.jwks_bytes(after(5))
            except Exception as error:  # noqa: BLE001 - reported by the assertion
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        rotator.rotate("ES256", now=after(5), immediately=True)
    stop.set()
    for thread in threads:
        thread.join()

    assert failures == []
