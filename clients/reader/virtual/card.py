"""A virtual card as it is kept: what it lets in, its files and its private keys."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

# ICAO Doc 9303-10 §3.11: the files that are no data group go by their names.
CARD_ACCESS, COM, SOD = "card_access", "com", "sod"


@dataclass(frozen=True, slots=True)
class Access:
    """What is printed on the card and opens it: the zone's three values and the CAN."""

    document_number: str
    birth_date: str
    expiry_date: str
    can: str


@dataclass(frozen=True, slots=True)
class Keys:
    """The card's private keys in PEM, for Active and for Chip Authentication."""

    aa: str | None
    ca: str | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose card it is, for people who choose between sandbox cards."""

    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything a virtual chip is made of."""

    access: Access
    files: Mapping[str, bytes]
    keys: Keys
    holder: Holder


def read_card(path: Path) -> Card:
    """Return the card of a card file."""
    stored: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return Card(
        access=Access(**stored["access"]),
        files={name: bytes.fromhex(text) for name, text in stored["files"].items()},
        keys=Keys(**stored["keys"]),
        holder=Holder(**stored["holder"]),
    )


def write_card(card: Card, path: Path) -> None:
    """Keep a card as a file that only its owner may read: it holds the chip's keys."""
    stored = {
        "access": asdict(card.access),
        "files": {name: content.hex() for name, content in card.files.items()},
        "keys": asdict(card.keys),
        "holder": asdict(card.holder),
    }
    path.touch(mode=0o600)
    text = json.dumps(stored, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", "utf-8")


def load_key(pem: str) -> PrivateKey:
    """Return a private key of a card, ready to be used."""
    # The check of an RSA key would take longer than a card takes to be read.
    key = load_pem_private_key(
        pem.encode("ascii"), password=None, unsafe_skip_rsa_key_validation=True
    )
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError("a card's keys are RSA or of an elliptic curve")
    return key
