"""Keys in a token (SoftHSM): they sign like any other, and never leave."""

import os
import shutil
import threading
import traceback

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from keys.algorithms import is_signature
from keys.errors import KeyMaterialError, TokenError
from keys.pkcs11 import token as door
from keys.pkcs11.signing import TokenSigner, destroy_in, generate_in
from keys.pkcs11.token import Token
from keys.pkcs11.uri import KeyUri
from tests.hsm import LABEL, soft_hsm

MESSAGE = "một thông điệp".encode()
FOR = {"alg": "ES256", "label": "id_token.ES256"}


@pytest.fixture(scope="module")
def hsm(tmp_path_factory):
    """Return SoftHSM with a token of this module's own."""
    with soft_hsm(tmp_path_factory.mktemp("hsm")) as hsm:
        yield hsm


@pytest.fixture(scope="module")
def key(hsm):
    """Return the handle of an ES256 key in the token."""
    return generate_in(hsm.token(), FOR["alg"], FOR["label"])[0]


@pytest.mark.parametrize(
    ("alg", "kind"),
    [("ES256", ec.EllipticCurvePublicKey), ("RS256", rsa.RSAPublicKey)],
)
def test_a_key_in_a_token_signs(hsm, alg, kind):
    """By its handle alone, in the form of JWS, for the public key that it came with."""
    handle, public_key = generate_in(hsm.token(), alg, "ring")
    signer = TokenSigner(hsm.token(), handle, alg=alg, label="ring")

    assert isinstance(public_key, kind)
    assert signer.public_key == public_key
    assert is_signature(public_key, signer.sign(MESSAGE), MESSAGE)
    assert not is_signature(public_key, signer.sign(MESSAGE), b"another")
    assert len(signer.sign(MESSAGE)) == (64 if alg == "ES256" else 256)


def test_the_private_part_cannot_be_read(hsm, key):
    """Not by the PIN's owner either: the token refuses."""

    def read(session):
        found = list(session.get_objects({pkcs11.Attribute.ID: KeyUri.read(key).id}))
        private = next(k for k in found if k.object_class.name == "PRIVATE_KEY")
        with pytest.raises(pkcs11.AttributeSensitive):
            private[pkcs11.Attribute.VALUE]
        wrapping = session.generate_key(pkcs11.KeyType.AES, 256)
        with pytest.raises(pkcs11.PKCS11Error):
            wrapping.wrap_key(private)

    hsm.token().run(read)


def test_a_key_serves_no_other_ring(hsm, key):
    """Writing its handle into another ring's row does not lend it."""
    with pytest.raises(KeyMaterialError, match=r"made for id_token.*audit\.ES256"):
        TokenSigner(hsm.token(), key, alg="ES256", label="audit.ES256")


def test_a_key_that_can_leave_is_refused(hsm):
    """One that somebody else put into the token, say."""
    flags = {pkcs11.Attribute.SENSITIVE: False, pkcs11.Attribute.EXTRACTABLE: True}

    def make(session):
        curve = pkcs11.util.ec.encode_named_curve_parameters("secp256r1")
        session.create_domain_parameters(
            pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: curve}, local=True
        ).generate_keypair(id=b"x", label="ring", store=True, private_template=flags)

    hsm.token().run(make)
    handle = str(KeyUri(LABEL, b"x", "private"))
    with pytest.raises(KeyMaterialError, match="taken out"):
        TokenSigner(hsm.token(), handle, alg="ES256", label="ring")


def test_a_destroyed_key_is_gone(hsm):
    """Both halves; destroying it again is no error."""
    handle, _ = generate_in(hsm.token(), "ES256", "ring")
    signer = TokenSigner(hsm.token(), handle, alg="ES256", label="ring")

    destroy_in(hsm.token(), handle)
    destroy_in(hsm.token(), handle)

    with pytest.raises(TokenError):
        signer.sign(MESSAGE)


@pytest.mark.parametrize("threads", [1, 8])
def test_threads_share_the_token(hsm, key, threads):
    """One lock keeps their calls apart; without it the module crashes the process."""
    signer, wrong = TokenSigner(hsm.token(), key, **FOR), []

    def sign():
        signatures = [signer.sign(MESSAGE) for _ in range(200)]
        wrong.extend(
            signature
            for signature in signatures
            if not is_signature(signer.public_key, signature, MESSAGE)
        )

    workers = [threading.Thread(target=sign) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert not wrong


def test_a_child_opens_a_session_of_its_own(hsm, key):
    """While a thread of the parent holds the lock; parent and child go on signing."""
    signer = TokenSigner(hsm.token(), key, **FOR)
    with door._process.lock:
        pid = os.fork()
        if pid == 0:
            _exit_with(lambda: _signs_anew(signer))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert is_signature(signer.public_key, signer.sign(MESSAGE), MESSAGE)


def _signs_anew(signer):
    assert not door._process.sessions, "the parent's session is not ours"
    assert is_signature(signer.public_key, signer.sign(MESSAGE), MESSAGE)
    assert door._process.sessions


def _exit_with(check):
    """End a forked child without the test run's own ending."""
    code = 1
    try:
        check()
        code = 0
    except BaseException:  # noqa: BLE001 - the parent reads it and the exit code
        traceback.print_exc()
    finally:
        os._exit(code)


def test_a_token_that_goes_and_comes_back(hsm, key, monkeypatch):
    """Signing fails with a message, rests for a moment, and goes on by itself."""
    signer, away = TokenSigner(hsm.token(), key, **FOR), hsm.tokens.with_name("away")
    shutil.move(hsm.tokens, away)
    with pytest.raises(TokenError, match=f"token {LABEL}"):
        signer.sign(MESSAGE)
    with pytest.raises(TokenError, match="a moment ago"):
        signer.sign(MESSAGE)

    shutil.rmtree(hsm.tokens, ignore_errors=True)
    shutil.move(away, hsm.tokens)
    monkeypatch.setattr(door, "_PAUSE", 0)

    assert is_signature(signer.public_key, signer.sign(MESSAGE), MESSAGE)


def test_what_is_wrong_is_told(hsm, tmp_path):
    """The module, the token, the PIN's file and the PIN, each by its name."""
    with pytest.raises(TokenError, match=r"nowhere\.so"):
        Token(tmp_path / "nowhere.so", LABEL, hsm.pin_file).run(list)
    with pytest.raises(TokenError, match="No token matching"):
        _fresh(Token(hsm.module, "another", hsm.pin_file)).run(list)
    with pytest.raises(KeyMaterialError, match="cannot read the token's PIN"):
        _fresh(Token(hsm.module, LABEL, tmp_path / "pin")).run(list)


def test_a_wrong_pin_is_tried_once(hsm, tmp_path):
    """A few tries and a token locks itself; another PIN in the file is tried again."""
    pin = tmp_path / "pin"
    pin.touch(mode=0o600)
    pin.write_text("11111111")
    token = _fresh(Token(hsm.module, LABEL, pin))
    for _ in range(9):
        with pytest.raises(TokenError, match="refuses the PIN"):
            token.run(lambda session: session)

    pin.write_text(hsm.pin_file.read_text())

    assert token.run(lambda session: session)


def _fresh(token):
    """Return the token with the session of those before it ended."""
    Token(token._module, LABEL, token._pin_file).close()
    return token


@pytest.mark.parametrize(
    "text",
    ["", "pkcs11:", "file:/x", "pkcs11:token=a;id=;type=private",
     "pkcs11:token=a;id=%01;type=private;pin-value=1", "pkcs11:token=a;id=%01"],
)  # fmt: skip
def test_other_handles_are_refused(text):
    """A handle is read back exactly, and nothing else is."""
    uri = KeyUri("định danh; =", bytes(range(256)), "private")

    assert KeyUri.read(str(uri)) == uri
    assert str(uri).isascii()
    with pytest.raises(KeyMaterialError):
        KeyUri.read(text)
