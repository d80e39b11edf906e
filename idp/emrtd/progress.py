"""How far a reading is: all that is kept between two turns, as JSON can hold it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from idp.emrtd.apdu import (
    SHORT_MAX,
    Command,
    Response,
    parse_command,
    parse_response,
)
from idp.emrtd.errors import EmrtdError
from idp.emrtd.kdf import Can, Cipher, SessionKeys
from idp.emrtd.mrz import MrzKey
from idp.emrtd.secure_messaging import (
    Channel,
    open_response,
    protect_command,
    readable,
)

AccessKey = MrzKey | Can
MAX_APDUS = 200


@dataclass(frozen=True, repr=False)
class Plan:
    """What to read, with which keys to the card in which order, through what reader."""

    access: tuple[AccessKey, ...]
    read_portrait: bool = False
    extended_length: bool = False
    max_batch: int = 64

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        keys = [asdict(key) for key in self.access]
        return {**asdict(self), "access": keys}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        """Return what `to_json` wrote down."""
        keys: list[AccessKey] = [
            Can(**key) if "digits" in key else MrzKey(**key) for key in data["access"]
        ]
        return cls(**{**data, "access": tuple(keys)})


@dataclass(repr=False)
class Progress:
    """One reading: its stage, what waits to be sent, and what was learnt so far."""

    plan: Plan
    has_extended_length: bool
    stage: str = ""
    channel: Channel | None = None
    queue: list[Command] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)  # the instructions in flight
    answers: list[Response] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    round_trips: int = 0
    apdus: int = 0

    def enter(self, stage: str, commands: Sequence[Command]) -> None:
        """Begin a stage: it ends when each of its commands is answered."""
        self.stage, self.queue, self.answers = stage, list(commands), []
        if self.apdus + len(commands) > MAX_APDUS:
            raise EmrtdError("limit", f"more than {MAX_APDUS} commands")

    def send(self) -> tuple[bytes, ...]:
        """Return the next batch; the counter runs ahead of the answers (§9.8.2)."""
        count = max(1, self.plan.max_batch)
        batch, self.queue = self.queue[:count], self.queue[count:]
        self.sent = [command.ins for command in batch]
        self.round_trips += 1
        self.apdus += len(batch)
        if self.channel is None:
            return tuple(command.encode() for command in batch)
        keys, counter = self.channel.keys, self.channel.counter
        return tuple(
            protect_command(keys, counter + 1 + 2 * index, command)
            for index, command in enumerate(batch)
        )

    def receive(self, responses: Sequence[bytes]) -> None:
        """Take the answers to the batch that was sent: one to each, in order."""
        if len(responses) != len(self.sent):
            raise EmrtdError("malformed", "not one answer to each command")
        if self.channel is None:
            self.answers += [parse_response(response) for response in responses]
            return
        keys, counter = self.channel.keys, self.channel.counter
        for index, (ins, response) in enumerate(zip(self.sent, responses, strict=True)):
            place = counter + 2 + 2 * index
            self.answers.append(open_response(keys, place, response, ins=ins))
        self.channel = replace(self.channel, counter=counter + 2 * len(responses))

    def room(self) -> int:
        """Return how much data one short answer may carry."""
        return readable(self.channel.keys.cipher) if self.channel else SHORT_MAX

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold; it holds secrets, so whoever keeps it seals it."""
        return {
            "plan": self.plan.to_json(),
            "has_extended_length": self.has_extended_length,
            "stage": self.stage,
            "channel": self.channel and _write_channel(self.channel),
            "queue": [command.encode().hex() for command in self.queue],
            "sent": self.sent,
            "answers": [answer.encode().hex() for answer in self.answers],
            "files": {name: data.hex() for name, data in self.files.items()},
            "notes": self.notes,
            "round_trips": self.round_trips,
            "apdus": self.apdus,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Progress":
        """Return what `to_json` wrote down."""
        return cls(
            plan=Plan.from_json(data["plan"]),
            has_extended_length=data["has_extended_length"],
            stage=data["stage"],
            channel=data["channel"] and _read_channel(data["channel"]),
            queue=[parse_command(bytes.fromhex(item)) for item in data["queue"]],
            sent=data["sent"],
            answers=[parse_response(bytes.fromhex(item)) for item in data["answers"]],
            files={name: bytes.fromhex(item) for name, item in data["files"].items()},
            notes=data["notes"],
            round_trips=data["round_trips"],
            apdus=data["apdus"],
        )


def write_keys(keys: SessionKeys) -> list[Any]:
    """Write session keys down."""
    return [keys.cipher.value, keys.encryption.hex(), keys.mac.hex()]


def read_keys(written: Sequence[Any]) -> SessionKeys:
    """Read session keys back."""
    cipher, encryption, mac = written
    return SessionKeys(Cipher(cipher), bytes.fromhex(encryption), bytes.fromhex(mac))


def _write_channel(channel: Channel) -> list[Any]:
    return [write_keys(channel.keys), channel.counter]


def _read_channel(written: Sequence[Any]) -> Channel:
    return Channel(read_keys(written[0]), written[1])
