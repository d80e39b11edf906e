"""The repository holds code, never key material."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
_PRIVATE = re.compile(
    # The parts are apart so that this file does not find itself.
    rb"-----BEGIN [A-Z ]*" + rb"PRIVATE KEY-----|"
    rb"\"(?:d|dp|dq|qi)\"\s*:\s*\"[A-Za-z0-9_-]{40,}\""
)
_MATERIAL = {".pem", ".key", ".p12", ".pfx", ".jks", ".der"}


def test_no_private_key_lies_in_the_tree():
    """No tracked or new file is a key file, or holds a PEM or JWK private key."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    files = [ROOT / name for name in listing.decode().split("\0") if name]
    assert len(files) > 50

    found = [
        path
        for path in files
        if path.suffix in _MATERIAL
        or (path.is_file() and _PRIVATE.search(path.read_bytes()))
    ]

    assert found == []
