"""What a chip remembers from one command to the next, until power or trust is lost."""

from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric import ec

from clients.reader.virtual.card import Card
from idp.emrtd.apdu import SHORT_MAX
from idp.emrtd.kdf import Cipher
from idp.emrtd.pace import Protocol
from idp.emrtd.points import Point
from idp.emrtd.secure_messaging import Channel

# Around an answer's data: the status and its MAC, and the cryptogram's own head.
_STATUS_AND_MAC = 4 + 10
_SHORT_HEAD, _LONG_HEAD = 4, 6


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How chips differ beyond their files."""

    has_extended_length: bool = True
    rsa_digest: str = "sha256"  # of an RSA chip's Active Authentication


@dataclass(slots=True)
class PaceRun:
    """A PACE under way: what is agreed so far (ICAO Doc 9303-11 §4.4.4)."""

    way: Protocol
    access_key: bytes
    nonce: bytes = b""
    generator: Point | None = None
    private: ec.EllipticCurvePrivateKey | None = None
    own: Point | None = None
    theirs: Point | None = None


@dataclass(slots=True)
class Session:
    """The chip's state; `next_channel` takes over once the answer has gone out."""

    card: Card
    behaviour: Behaviour
    is_application: bool = False
    is_allowed: bool = False
    file: str | None = None
    challenge: bytes | None = None
    channel: Channel | None = None
    next_channel: Channel | None = None
    pace: PaceRun | None = None
    agreement: Cipher | None = None
    outer_expected: int = 0

    def close(self) -> None:
        """Forget what was proven, if secure messaging ends by this (§9.8.9)."""
        if self.channel is not None:
            self.is_allowed = False
            self.channel = self.next_channel = None
            self.file = self.agreement = None

    def count(self) -> Channel:
        """Move the send sequence counter on, and return the channel as it is now."""
        if self.channel is None:
            raise RuntimeError("no secure messaging to count in")
        self.channel = replace(self.channel, counter=self.channel.counter + 1)
        return self.channel

    def room(self) -> int:
        """Return how many bytes of data the answer to this command may carry."""
        if self.channel is None:
            return self.outer_expected
        head = _SHORT_HEAD if self.outer_expected <= SHORT_MAX else _LONG_HEAD
        block = self.channel.keys.cipher.block
        inside = self.outer_expected - head - _STATUS_AND_MAC
        return max(inside // block * block - 1, 0)
