"""Events of keys that are made beforehand, and of the key-encryption key's custody."""

from dataclasses import dataclass

from idp.audit.event import ServiceEvent


@dataclass(frozen=True, slots=True)
class KeyGenerated(ServiceEvent):
    """A signing key was made beforehand; it signs nothing until it is published.

    `record` is the SHA-256 of the ceremony's record, empty without a ceremony.
    """

    kid: str
    ring: str
    record: str


@dataclass(frozen=True, slots=True)
class KeyImported(ServiceEvent):
    """A signing key that was made elsewhere was taken in; it signs nothing yet."""

    kid: str
    ring: str


@dataclass(frozen=True, slots=True)
class KekKept(ServiceEvent):
    """The key-encryption key was put into its file in this custody, at a ceremony."""

    custody: str
    fingerprint: str
    record: str
