"""The key of an archive: made of the sealing key in use, which goes with the archive.

The archive's label holds the number of that version and its key as its row does, sealed
under the key-encryption key, with that one's fingerprint. So whoever has the
key-encryption key needs nothing else to open an archive, also when the version was
destroyed since, and whoever has another one is told which it takes.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keys.envelope import Kek, envelope
from keys.errors import KeyMaterialError, SealError
from keys.kek import fingerprint
from keys.sealing import derive_key
from keys.versions import Version, active_number, version_name

_PURPOSE = "backup archives"
_MOST_VERSIONS = 1 << 16
_FINGERPRINT = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Label:
    """Under which version of the sealing key an archive is, and who opens that."""

    version: int
    sealed: bytes
    kek: str

    def write(self) -> bytes:
        """Return the label as it stands in the archive."""
        key = base64.b64encode(self.sealed).decode()
        told = {"seal": self.version, "key": key, "kek": self.kek}
        return json.dumps(told).encode()


def of_archive(versions: Iterable[Version], kek: bytes) -> tuple[Label, bytes]:
    """Return the label of an archive that is made now, and its key."""
    known = list(versions)
    number = active_number(known, "seal")
    for version in known:
        if version.purpose == "seal" and version.number == number:
            for one in _each(kek):
                key = _opened(number, version.sealed, one)
                if key is not None:
                    return Label(number, version.sealed, fingerprint(one)), key
    raise KeyMaterialError("no sealing key opens under the key-encryption key")


def read_label(label: bytes) -> Label:
    """Return what an archive's label says; raises `KeyMaterialError`."""
    try:
        told = json.loads(label)
        number, key, kek = told["seal"], told["key"], told["kek"]
        found = Label(int(number), base64.b64decode(key, validate=True), str(kek))
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        found = Label(0, b"", "")
    is_sound = 0 < found.version < _MOST_VERSIONS and _FINGERPRINT.fullmatch(found.kek)
    if not is_sound or found.write() != label:
        raise KeyMaterialError("the archive's label was altered")
    return found


def open_label(label: Label, kek: bytes) -> bytes:
    """Return the archive's key; raises `KeyMaterialError`, which names the KEK."""
    for one in _each(kek):
        key = _opened(label.version, label.sealed, one)
        if key is not None:
            return key
    ours = [fingerprint(one) for one in _each(kek)]
    if label.kek in ours:
        raise KeyMaterialError("the archive's label was altered")
    raise KeyMaterialError(
        f"the archive opens with the key-encryption key of fingerprint {label.kek}, "
        f"not with {' or '.join(ours)}: name its file as keys.kek_file"
    )


def _each(kek: bytes) -> Iterator[bytes]:
    yield bytes(kek)
    yield from kek.former if isinstance(kek, Kek) else ()


def _opened(number: int, sealed: bytes, kek: bytes) -> bytes | None:
    try:
        secret = envelope(kek, "server secrets").open(
            sealed, context=version_name("seal", number)
        )
    except SealError:
        return None
    return derive_key(secret, _PURPOSE)
