"""The files of an invented citizen's card, and card A as it was issued."""

import json
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.emrtd.mrz import check_digit
from tests.unit.emrtd.issuing import tlv

NUMBER = "999199000001"
FIELDS = {
    1: NUMBER,
    2: "Nguyễn Thị Thử",
    3: "05/03/1999",
    4: "Nữ",
    5: "Việt Nam",
    11: "01/02/2024",
    12: "05/03/2039",
}
CA_KEY, CA_INFO = "0.4.0.127.0.7.2.2.1.2", "0.4.0.127.0.7.2.2.3.2.2"


@cache
def card_a():
    """Return a whole fictional card that another program made."""
    text = Path(__file__).with_name("card_a.json").read_text(encoding="utf-8")
    card = json.loads(text)
    groups = {int(number): bytes.fromhex(file) for number, file in card["dg"].items()}
    keys = ("csca", "sod", "com", "card_access")
    return SimpleNamespace(
        files=groups, **{key: bytes.fromhex(card[key]) for key in keys}
    )


def zone(
    number=NUMBER, birth="990305", expiry="390305", sex="F", state="VNM", names=None
):
    """Return the machine-readable zone of a Vietnamese card (TD1)."""
    document = number[-9:]
    first = f"ID{state:<3}{document}{check_digit(document)}{number}".ljust(30, "<")
    dates = birth + check_digit(birth) + sex + expiry + check_digit(expiry)
    second = f"{dates}VNM".ljust(29, "<").replace(" ", "<")
    first = first.replace(" ", "<")
    composite = first[5:] + second[:7] + second[8:15] + second[18:29]
    third = (names or "NGUYEN<<THI<THU").ljust(30, "<")
    return first + second + check_digit(composite) + third


def dg1(text=None):
    return tlv(0x61, tlv(0x5F1F, (text or zone()).encode()))


def dg13(fields=None, *, around=lambda content: tlv(0x30, content), tag=0x0C):
    """Return DG13; `around` puts what it likes around the fields."""
    encoded = b"".join(
        field(number, tlv(tag, text.encode()))
        for number, text in (FIELDS if fields is None else fields).items()
    )
    return tlv(0x6D, around(encoded))


def field(number, content):
    return tlv(0x30, tlv(0x02, bytes([number])) + content)


def dg14(*infos):
    return tlv(0x6E, tlv(0x31, b"".join(infos)))


def chip_key(key, key_id=None):
    """Return the SecurityInfo of a key of Chip Authentication."""
    spki = key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return info(
        CA_KEY, spki + (tlv(0x02, bytes([key_id])) if key_id is not None else b"")
    )


def info(oid, content):
    from idp.emrtd.tlv import encode_oid

    return tlv(0x30, tlv(0x06, encode_oid(oid)) + content)


def dg15(key):
    spki = key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    return tlv(0x6F, spki)


def com(numbers):
    tags = {1: 0x61, 2: 0x75, 13: 0x6D, 14: 0x6E, 15: 0x6F}
    listed = bytes(tags[number] for number in numbers)
    return tlv(0x60, tlv(0x5F01, b"0107") + tlv(0x5F36, b"040000") + tlv(0x5C, listed))
