"""The key-encryption key in its file: private, and wrapped as the settings say."""

import base64
import json
import stat

import pkcs11
import pytest

from keys.errors import KeyMaterialError, TokenError
from keys.kek import (
    PassphraseCustody,
    PlainCustody,
    TokenCustody,
    create_kek,
    fingerprint,
    read_kek,
    rewrap_kek,
)
from keys.pkcs11.uri import KeyUri
from tests.hsm import soft_hsm
from tests.log_scan import KEK_PASSPHRASE as PASSPHRASE

CHEAP = {"memory_kib": 64, "iterations": 1, "parallelism": 1}


@pytest.fixture(scope="module")
def hsm(tmp_path_factory):
    """Return SoftHSM with a token of this module's own."""
    with soft_hsm(tmp_path_factory.mktemp("hsm")) as hsm:
        yield hsm


@pytest.fixture(params=["file", "passphrase", "pkcs11"])
def custody(request):
    """Return each way in which the file may hold the key."""
    if request.param == "pkcs11":
        return TokenCustody(request.getfixturevalue("hsm").token())
    return by_passphrase() if request.param == "passphrase" else PlainCustody()


def by_passphrase(passphrase=PASSPHRASE):
    """Return the custody of one who types this passphrase."""
    return PassphraseCustody(lambda _: passphrase, CHEAP)


def test_a_created_key_is_private_and_reads_back(tmp_path, custody):
    """A new file has mode 0600, in a folder made for it, and gives 32 bytes."""
    path = tmp_path / "secrets" / "kek"

    kek = create_kek(path, custody)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(kek) == 32
    assert read_kek(path, custody) == kek


def test_only_the_plain_file_shows_the_key(tmp_path, custody):
    """Neither as it is nor in base64."""
    kek = create_kek(tmp_path / "kek", custody)
    content = (tmp_path / "kek").read_bytes()

    is_shown = kek in content or base64.b64encode(kek) in content
    assert is_shown == isinstance(custody, PlainCustody)


def test_an_existing_file_is_never_replaced(tmp_path, custody):
    """A second creation is refused and leaves the first key."""
    kek = create_kek(tmp_path / "kek", custody)

    with pytest.raises(KeyMaterialError, match="cannot create"):
        create_kek(tmp_path / "kek", custody)
    assert read_kek(tmp_path / "kek", custody) == kek


def test_the_same_key_is_wrapped_anew(tmp_path, custody):
    """What is sealed under it stays readable; the former way in is none any more."""
    path = tmp_path / "kek"
    kek = create_kek(path)

    rewrap_kek(path, kek, custody)

    assert read_kek(path, custody) == kek
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["kek"]
    if not isinstance(custody, PlainCustody):
        with pytest.raises(KeyMaterialError, match=f"{path}: it must hold 32 random"):
            read_kek(path)


def test_a_wrong_passphrase_is_told(tmp_path):
    """And a changed file, which opens no better."""
    path = tmp_path / "kek"
    create_kek(path, by_passphrase())

    with pytest.raises(KeyMaterialError, match="the passphrase is wrong"):
        read_kek(path, by_passphrase("không phải câu này đâu"))

    members = json.loads(path.read_text())
    for change in ({"iterations": 4}, {"memory_kib": 1}, {"salt": "AAAA"}):
        path.write_text(json.dumps({**members, **change}))
        with pytest.raises(KeyMaterialError):
            read_kek(path, by_passphrase())


def test_a_short_passphrase_is_refused(tmp_path):
    """Nothing is written then."""
    with pytest.raises(KeyMaterialError, match="at least 15"):
        create_kek(tmp_path / "kek", by_passphrase("mười bốn ký tự"))
    assert not (tmp_path / "kek").exists()


def test_it_opens_in_its_token_alone(tmp_path, hsm):
    """Without the key there, or changed on the way, the file is worth nothing."""
    path, custody = tmp_path / "kek", TokenCustody(hsm.token())
    create_kek(path, custody)
    members = json.loads(path.read_text())
    sealed = bytearray(base64.b64decode(members["sealed"]))
    sealed[-1] ^= 1
    changed = {**members, "sealed": base64.b64encode(sealed).decode()}
    path.write_text(json.dumps(changed))
    with pytest.raises(KeyMaterialError):
        read_kek(path, custody)
    path.write_text(json.dumps(members))

    key_id = KeyUri.read(members["key"]).id

    def destroy(session):
        (key,) = list(session.get_objects({pkcs11.Attribute.ID: key_id}))
        assert key[pkcs11.Attribute.NEVER_EXTRACTABLE]
        with pytest.raises(pkcs11.AttributeSensitive):
            key[pkcs11.Attribute.VALUE]
        key.destroy()

    hsm.token().run(destroy)
    with pytest.raises(KeyMaterialError, match="0 secret keys"):
        read_kek(path, custody)


def test_a_fingerprint_tells_keys_apart_and_nothing_of_them(tmp_path):
    """It is the same for the same key however that is wrapped."""
    first, second = create_kek(tmp_path / "a"), create_kek(tmp_path / "b")

    assert fingerprint(first) == fingerprint(bytes(first)) != fingerprint(second)
    assert len(fingerprint(first)) == 32
    assert bytes.fromhex(fingerprint(first)) not in first


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_open_to_others_is_refused(tmp_path, mode):
    """Any right of group or others is refused, with the command that mends it."""
    path = tmp_path / "kek"
    create_kek(path)
    path.chmod(mode)

    with pytest.raises(KeyMaterialError, match=f"chmod 600 {path}"):
        read_kek(path)


def test_a_missing_file_names_the_remedy(tmp_path):
    """The message says which file and which command makes it."""
    with pytest.raises(KeyMaterialError, match=r"kek.*idp keys init --create-kek"):
        read_kek(tmp_path / "kek")


def test_a_folder_is_refused(tmp_path):
    """Only a file will do."""
    folder = tmp_path / "kek"
    folder.mkdir(mode=0o700)

    with pytest.raises(KeyMaterialError, match="Is a directory"):
        read_kek(folder)


@pytest.mark.parametrize(
    "text",
    [b"", b"not base64!", base64.b64encode(b"short"), b"\xff" * 44, b"A" * 2000],
)
def test_other_contents_are_refused(tmp_path, text):
    """Empty, foreign, short and long files are refused without showing them."""
    path = tmp_path / "kek"
    path.touch(mode=0o600)
    path.write_bytes(text)

    with pytest.raises(KeyMaterialError, match="must hold 32 random bytes"):
        read_kek(path)
    with pytest.raises(KeyMaterialError, match="kek_source = 'passphrase'"):
        read_kek(path, by_passphrase())


def test_a_lost_token_is_told(tmp_path, hsm):
    """The file names the token that it needs."""
    path = tmp_path / "kek"
    create_kek(path, TokenCustody(hsm.token()))
    members = json.loads(path.read_text())
    other = str(KeyUri("another", b"x", "secret-key"))
    path.write_text(json.dumps({**members, "key": other}))

    with pytest.raises(KeyMaterialError, match="wrapped in token another"):
        read_kek(path, TokenCustody(hsm.token()))
    assert issubclass(TokenError, KeyMaterialError)
