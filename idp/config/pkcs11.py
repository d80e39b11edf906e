"""The settings of a hardware security module."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pkcs11Config:
    """The token that holds keys, where `keys.signers` or `keys.kek_source` say so."""

    module: Path | None = None
    token: str = ""
    pin_file: Path | None = None
