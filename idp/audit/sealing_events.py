"""Events of the keys that seal and index columns, of backups and of restoring."""

from dataclasses import dataclass

from idp.audit.event import ServiceEvent


@dataclass(frozen=True, slots=True)
class SealingKeyPublished(ServiceEvent):
    """A new version of a sealing key was made; it is not in use yet."""

    purpose: str
    version: int


@dataclass(frozen=True, slots=True)
class SealingKeyActivated(ServiceEvent):
    """A version of a sealing key came into use."""

    purpose: str
    version: int


@dataclass(frozen=True, slots=True)
class SealingKeyDestroyed(ServiceEvent):
    """A version of a sealing key was destroyed: nothing was sealed under it."""

    purpose: str
    version: int


@dataclass(frozen=True, slots=True)
class ResealBegan(ServiceEvent):
    """Columns began to be sealed anew, under these versions."""

    seal: int
    index: int
    rows: int


@dataclass(frozen=True, slots=True)
class ResealEnded(ServiceEvent):
    """Every column is sealed under these versions; so many rows were written."""

    seal: int
    index: int
    rows: int


@dataclass(frozen=True, slots=True)
class KekReplaced(ServiceEvent):
    """The server's secrets and private keys were sealed under another KEK."""

    rows: int


@dataclass(frozen=True, slots=True)
class BackupMade(ServiceEvent):
    """An archive of the whole database was written; `digest` is of the file."""

    digest: str
    rows: int


@dataclass(frozen=True, slots=True)
class DatabaseRestored(ServiceEvent):
    """This database was restored from the archive of another moment."""

    made_at: str
    rows: int
