"""The key-encryption key comes from a private file only."""

import base64
import stat

import pytest

from keys.envelope import create_kek, envelope, read_kek
from keys.errors import KeyMaterialError, SealError


def test_a_created_key_is_private_and_reads_back(tmp_path):
    """A new file has mode 0600, in a folder made for it, and holds 32 bytes."""
    path = tmp_path / "secrets" / "kek"

    kek = create_kek(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(kek) == 32
    assert read_kek(path) == kek


def test_an_existing_file_is_never_replaced(tmp_path):
    """A second creation is refused and leaves the first key."""
    kek = create_kek(tmp_path / "kek")

    with pytest.raises(KeyMaterialError, match="cannot create"):
        create_kek(tmp_path / "kek")
    assert read_kek(tmp_path / "kek") == kek


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


def test_purposes_do_not_open_each_other():
    """What is sealed for one purpose does not open for another."""
    kek = b"k" * 32
    sealed = envelope(kek, "one").seal(b"x", context="c")

    assert envelope(kek, "one").open(sealed, context="c") == b"x"
    with pytest.raises(SealError):
        envelope(kek, "two").open(sealed, context="c")
