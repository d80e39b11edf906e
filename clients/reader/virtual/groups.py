"""The files of a card: ICAO Doc 9303-10 §4, and DG13 as the Vietnamese card has it."""

import hashlib
from datetime import date

from clients.reader.virtual import der, machine_zone, portrait
from clients.reader.virtual.person import Person
from idp.emrtd import lds
from idp.emrtd.tlv import encode

_SEX = {"M": "Nam", "F": "Nữ"}
_NO_EXPIRY = "Không thời hạn"


def common(numbers: tuple[int, ...]) -> bytes:
    """Return EF.COM: LDS 1.7, Unicode 4.0, and the tags of the data groups."""
    tags = bytes(lds.DATA_GROUPS[number].tag for number in numbers)
    versions = encode(0x5F01, b"0107") + encode(0x5F36, b"040000")
    return encode(0x60, versions + encode(0x5C, tags))


def data_group_1(person: Person) -> bytes:
    """Return the machine-readable zone."""
    family, *others = person.names()
    lines = machine_zone.zone(
        person.number,
        names=(family, " ".join(others)),
        born=machine_zone.birth(person.birth_date),
        sex=person.sex,
        until=machine_zone.expiry(person.expires_on),
    )
    return encode(0x61, encode(0x5F1F, lines.encode("ascii")))


def data_group_2(image: bytes) -> bytes:
    """Return the portrait: one ISO/IEC 19794-5 record in its CBEFF wrapping."""
    size = portrait.WIDTH.to_bytes(2, "big") + portrait.HEIGHT.to_bytes(2, "big")
    # Full frontal, JPEG or JPEG 2000; nothing stated of points, pose and device.
    form = b"\x00" if image.startswith(b"\xff\xd8") else b"\x01"
    picture = b"\x01" + form + size + b"\x01\x00" + bytes(2) + bytes(2) + image
    face = (len(picture) + 20).to_bytes(4, "big") + bytes(16) + picture
    length = (len(face) + 14).to_bytes(4, "big")
    record = b"FAC\x00010\x00" + length + b"\x00\x01" + face
    header = encode(
        0xA1,
        encode(0x80, b"\x01\x01")
        + encode(0x81, b"\x02")
        + encode(0x87, b"\x01\x01")
        + encode(0x88, b"\x00\x08"),
    )
    template = encode(0x7F60, header + encode(0x5F2E, record))
    return encode(0x75, encode(0x7F61, encode(0x02, b"\x01") + template))


def data_group_13(person: Person) -> bytes:
    """Return the Vietnamese details: numbered values inside a header of their own."""
    values = {
        1: person.number,
        2: person.name,
        3: "/".join(reversed(person.birth_date.split("-"))),
        4: _SEX.get(person.sex, ""),
        5: person.nationality,
        6: "Kinh",
        7: "Không",
        8: person.place_of_origin,
        9: person.residence,
        10: "Không có",
        11: _written(person.issued_on),
        12: _written(person.expires_on) if person.expires_on else _NO_EXPIRY,
    }
    code = hashlib.sha256(person.number.encode()).hexdigest()[:16].upper()
    fields = [
        der.sequence(der.integer(at), der.utf8(text)) for at, text in values.items()
    ]
    parents = (der.sequence(der.utf8("")), der.sequence(der.utf8("")))
    fields.append(der.sequence(der.integer(13), *parents))
    fields.append(der.sequence(der.integer(14), der.utf8("")))
    fields.append(der.sequence(der.integer(15), der.utf8("")))
    fields.append(der.sequence(der.integer(16), der.printable(code)))
    header = der.sequence(der.printable("SANDBOX"), der.integer(1))
    return encode(0x6D, der.sequence(header, der.sequence(*fields)))


def _written(day: date) -> str:
    return day.strftime("%d/%m/%Y")
