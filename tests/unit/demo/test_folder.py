"""The state folder is recognised, held, and emptied only when it is the demo's."""

import stat

import pytest

from idp.demo.folder import MARKER, held_folder
from idp.errors import ConfigError


def test_a_new_folder_is_its_owners_alone(tmp_path):
    """Nobody else may look into the state."""
    folder = tmp_path / "deep" / "state"

    with held_folder(folder, reset=False):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / MARKER).is_file()


def test_reset_empties_a_demo_folder(tmp_path):
    """Files, folders and links go; what a link points at stays."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    folder = tmp_path / "state"
    with held_folder(folder, reset=False):
        (folder / "file").touch()
        (folder / "portals").mkdir()
        (folder / "portals" / "file").touch()
        (folder / "link").symlink_to(outside)

    with held_folder(folder, reset=True):
        assert [entry.name for entry in folder.iterdir()] == [MARKER]

    assert (outside / "precious").exists()


@pytest.mark.parametrize("reset", [False, True])
def test_a_foreign_folder_is_refused(tmp_path, reset):
    """Whatever is asked, what is not ours stays as it is."""
    (tmp_path / "precious").touch()

    with pytest.raises(ConfigError, match="not a demo's"):
        held_folder(tmp_path, reset=reset).__enter__()

    assert (tmp_path / "precious").exists()


def test_a_file_is_refused(tmp_path):
    """STATE= must name a folder."""
    (tmp_path / "state").touch()

    with pytest.raises(ConfigError, match="not a folder"):
        held_folder(tmp_path / "state", reset=False).__enter__()


def test_a_second_demo_is_refused(tmp_path):
    """One demo at a time on a folder, and RESET=1 does not get around it."""
    folder = tmp_path / "state"

    with held_folder(folder, reset=False):
        (folder / "file").touch()
        with pytest.raises(ConfigError, match="another demo"):
            held_folder(folder, reset=True).__enter__()
        assert (folder / "file").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """The message says which folder and why."""
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match=r"cannot use .*/file/state"):
        held_folder(tmp_path / "file" / "state", reset=False).__enter__()
