"""What was read of a card, before anyone has judged it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.emrtd.chip_authentication import ChipAuthenticationProof


@dataclass(frozen=True)
class Evidence:
    """The files by data group, how the chip opened, and what its keys have shown."""

    files: Mapping[int, bytes]
    com: bytes
    sod: bytes
    access: str
    chip_authentication: ChipAuthenticationProof | None
    active_authentication: tuple[bytes, bytes] | None
    round_trips: int
    apdus: int

    def to_json(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        own, signed = self.chip_authentication, self.active_authentication
        return {
            "files": {str(number): file.hex() for number, file in self.files.items()},
            "com": self.com.hex(),
            "sod": self.sod.hex(),
            "access": self.access,
            "chip_authentication": own.to_json() if own else None,
            "active_authentication": [part.hex() for part in signed or ()],
            "round_trips": self.round_trips,
            "apdus": self.apdus,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Evidence":
        """Return what `to_json` wrote down."""
        own, signed = data["chip_authentication"], data["active_authentication"]
        return cls(
            {int(key): bytes.fromhex(file) for key, file in data["files"].items()},
            bytes.fromhex(data["com"]),
            bytes.fromhex(data["sod"]),
            data["access"],
            ChipAuthenticationProof.from_json(own) if own else None,
            (bytes.fromhex(signed[0]), bytes.fromhex(signed[1])) if signed else None,
            data["round_trips"],
            data["apdus"],
        )
