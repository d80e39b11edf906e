"""What the demo is installed from is what it needs, and no compiler is among it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def locked(name: str) -> set[str]:
    """Return the packages of a lock file."""
    text = (ROOT / name).read_text()
    return {
        found.lower()
        for found in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)
    }


def test_pyscard_is_an_extra():
    """It is built by a C compiler against PC/SC: the demo must start without either."""
    assert "pyscard" not in locked("requirements.lock")


def test_tests_read_real_readers():
    """With it, and with everything that the demo has."""
    tested = locked("requirements-test.lock")

    assert "pyscard" in tested
    assert locked("requirements.lock") <= tested


def test_another_package_of_that_name_is_nowhere():
    """PyPI's `smartcard` is somebody else's, and takes pyscard's import name."""
    assert "smartcard" not in locked("requirements-test.lock")
